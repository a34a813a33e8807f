/*
 * 1-D Winograd (Toom-Cook) transforms on vectors, each lane a channel of its own. bt: input transform,
 * at: output transform; the number is the transform's length n. The finite points are 0 1 -1 2 -2 1/2
 * -1/2, as many as there are, the last one is infinity. The weight transform that belongs to them is
 * computed from the list of points (stz_wino_weights), so only these two are written out.
 * Row a of bt holds the coefficients of the product over the other points (x - b), the last row those
 * of all finite points; at[i][a] = a^i.
 */
#ifndef STZ_WINO_H
#define STZ_WINO_H

#include "vec.h"

INLINE void bt8(vf *d)
{
    vf t0 = d[6] - d[0] + (d[2] - d[4]) * bc(5.25f);
    vf t7 = d[7] - d[1] + (d[3] - d[5]) * bc(5.25f);
    vf e1 = d[2] + d[6] - d[4] * bc(4.25f), o1 = d[1] + d[5] - d[3] * bc(4.25f);
    vf e2 = d[6] + d[2] * bc(.25f) - d[4] * bc(1.25f);
    vf o2 = d[1] * bc(.5f) - d[3] * bc(2.5f) + d[5] * bc(2.f);
    vf e3 = d[6] + d[2] * bc(4.f) - d[4] * bc(5.f);
    vf o3 = d[1] * bc(2.f) - d[3] * bc(2.5f) + d[5] * bc(.5f);
    d[0] = t0;
    d[7] = t7;
    d[1] = e1 + o1;
    d[2] = e1 - o1;
    d[3] = e2 + o2;
    d[4] = e2 - o2;
    d[5] = e3 + o3;
    d[6] = e3 - o3;
}

INLINE void at8(vf *m) /* 8 -> 6 */
{
    vf s1 = m[1] + m[2], d1 = m[1] - m[2], s2 = m[3] + m[4], d2 = m[3] - m[4];
    vf s3 = m[5] + m[6], d3 = m[5] - m[6];
    m[0] = m[0] + s1 + s2 + s3;
    m[1] = d1 + d2 * bc(2.f) + d3 * bc(.5f);
    m[2] = s1 + s2 * bc(4.f) + s3 * bc(.25f);
    m[3] = d1 + d2 * bc(8.f) + d3 * bc(.125f);
    m[4] = s1 + s2 * bc(16.f) + s3 * bc(.0625f);
    m[5] = d1 + d2 * bc(32.f) + d3 * bc(.03125f) + m[7];
}

INLINE void bt6(vf *d)
{
    vf a = d[4] - d[2] * bc(4.f), b = d[3] - d[1] * bc(4.f);
    vf c = d[4] - d[2], e = (d[3] - d[1]) * bc(2.f);
    vf t0 = d[0] * bc(4.f) - d[2] * bc(5.f) + d[4];
    vf t5 = d[1] * bc(4.f) - d[3] * bc(5.f) + d[5];
    d[0] = t0;
    d[5] = t5;
    d[1] = a + b;
    d[2] = a - b;
    d[3] = c + e;
    d[4] = c - e;
}

INLINE void at6(vf *m) /* 6 -> 4 */
{
    vf s1 = m[1] + m[2], d1 = m[1] - m[2], s2 = m[3] + m[4], d2 = m[3] - m[4];
    m[0] = m[0] + s1 + s2;
    m[1] = d1 + d2 * bc(2.f);
    m[2] = s1 + s2 * bc(4.f);
    m[3] = d1 + d2 * bc(8.f) + m[5];
}

INLINE void bt5_finite(vf *d) /* without infinity: needs d[0..3] only */
{
    vf u = d[3] - d[1], w = d[2] * bc(2.f);
    vf t0 = d[0] * bc(2.f) - w + u;
    vf t1 = d[3] - d[2] - d[1] * bc(2.f);
    vf t2 = d[3] - d[2] * bc(3.f) + d[1] * bc(2.f);
    d[0] = t0;
    d[1] = t1;
    d[2] = t2;
    d[3] = u;
}

INLINE void bt5(vf *d)
{
    vf t4 = d[4] - d[2] + (d[1] - d[3]) * bc(2.f);
    bt5_finite(d);
    d[4] = t4;
}

INLINE void at5_4(vf *m) /* 5 -> 4 */
{
    vf s = m[1] + m[2], d = m[1] - m[2];
    vf y3 = d + m[3] * bc(8.f) + m[4];
    m[0] = m[0] + s + m[3];
    m[1] = d + m[3] * bc(2.f);
    m[2] = s + m[3] * bc(4.f);
    m[3] = y3;
}

INLINE void at5_3(vf *m) /* 5 -> 3 */
{
    vf s = m[1] + m[2], d = m[1] - m[2];
    m[0] = m[0] + s + m[3];
    m[1] = d + m[3] * bc(2.f);
    m[2] = s + m[3] * bc(4.f) + m[4];
}

INLINE void bt(const int n, vf *d)
{
    if (n == 8)
        bt8(d);
    else if (n == 6)
        bt6(d);
    else
        bt5(d);
}

INLINE void at(const int n, vf *d) /* n = 5: four outputs */
{
    if (n == 8)
        at8(d);
    else if (n == 6)
        at6(d);
    else
        at5_4(d);
}

#endif
