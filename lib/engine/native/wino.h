/*
 * 1-D Winograd (Toom-Cook) transforms on vectors, each lane a channel of its own. bt: input transform,
 * at: output transform; the number is the transform's length n. The finite points stand in
 * stz_wino_points, the last one is infinity. The weight transform that belongs to them is computed
 * from the points, so only these two are written out.
 * Row a of bt holds the coefficients of the product over the other points (x - b), the last row those
 * of all finite points; at[i][a] = a^i.
 *
 * Points and sums are chosen for exactness. The points have the smallest error of those with short
 * coefficients. All rows but that of point 1 have coefficients of sum 0 and are made of differences:
 * where the input is flat they are 0 to the last bit, so a flat area stays flat and has no noise that
 * the next layers could amplify; where it is smooth, differences are exact.
 */
#ifndef STZ_WINO_H
#define STZ_WINO_H

#include "engine/native/vec.h"

static inline const double *stz_wino_points(int n)
{
    static const double five[] = {0, 1, -.5, -2}, six[] = {0, 1, -1, .5, -2},
                        eight[] = {0, 1, -1, 2, -2, .5, -.5};
    return n == 5 ? five : n == 6 ? six : eight;
}

INLINE void bt8(vf *d)
{
    const vf a = d[2] - d[4], b = d[6] - d[4], c = d[1] - d[3], e = d[5] - d[3];
    const vf t0 = d[6] - d[0] + a * bc(5.25f), t7 = d[7] - d[1] - e * bc(5.25f);
    const vf e1 = a + b - d[4] * bc(2.25f), o1 = c + e - d[3] * bc(2.25f);
    const vf e2 = b + a * bc(.25f), o2 = c * bc(.5f) + e * bc(2.f);
    const vf e3 = b + a * bc(4.f), o3 = c * bc(2.f) + e * bc(.5f);
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
    const vf a = d[4] - d[2], b = d[3] - d[1], c = d[2] - d[0], e = d[5] - d[3], h = d[3] - d[2];
    const vf t0 = a - c + b * bc(1.5f), t5 = e - b + a * bc(1.5f);
    const vf t1 = a + b + (d[2] + d[3]) * bc(1.5f), t2 = a - b + h * bc(1.5f);
    d[0] = t0;
    d[1] = t1;
    d[2] = t2;
    d[3] = a + b * bc(2.f);
    d[4] = a - b * bc(.5f);
    d[5] = t5;
}

INLINE void at6(vf *m) /* 6 -> 4 */
{
    const vf s = m[1] + m[2], d = m[1] - m[2];
    const vf y3 = d + m[3] * bc(.125f) - m[4] * bc(8.f) + m[5];
    m[0] = m[0] + s + (m[3] + m[4]);
    m[1] = d + m[3] * bc(.5f) - m[4] * bc(2.f);
    m[2] = s + m[3] * bc(.25f) + m[4] * bc(4.f);
    m[3] = y3;
}

INLINE void bt5_finite(vf *d) /* without infinity: needs d[0..3] only */
{
    const vf p = d[2] - d[1], q = d[3] - d[2];
    const vf t0 = d[3] - d[0] + p * bc(1.5f), t1 = d[1] + d[3] + d[2] * bc(2.5f);
    d[0] = t0;
    d[1] = t1;
    d[2] = q + p * bc(2.f);
    d[3] = q + p * bc(.5f);
}

INLINE void bt5(vf *d)
{
    const vf t4 = d[4] - d[1] + (d[3] - d[2]) * bc(1.5f);
    bt5_finite(d);
    d[4] = t4;
}

INLINE void at5_3(vf *m) /* 5 -> 3 */
{
    const vf y0 = m[0] + m[1] + (m[2] + m[3]);
    const vf y1 = m[1] - m[2] * bc(.5f) - m[3] * bc(2.f);
    m[2] = m[1] + m[2] * bc(.25f) + m[3] * bc(4.f) + m[4];
    m[0] = y0;
    m[1] = y1;
}

INLINE void at5_4(vf *m) /* 5 -> 4 */
{
    const vf y3 = m[1] - m[2] * bc(.125f) - m[3] * bc(8.f) + m[4];
    m[4] = zero();
    at5_3(m);
    m[3] = y3;
}

/* The output transforms turned: gradients of outputs become those of the points, in place. */
INLINE void turned8(vf *d) /* 6 -> 8 */
{
    const vf y0 = d[0], y1 = d[1], y2 = d[2], y3 = d[3], y4 = d[4], y5 = d[5];
    const vf e1 = y0 + y2 + y4, o1 = y1 + y3 + y5;
    const vf e2 = y0 + y2 * bc(4.f) + y4 * bc(16.f), o2 = y1 * bc(2.f) + y3 * bc(8.f) + y5 * bc(32.f);
    const vf e3 = y0 + y2 * bc(.25f) + y4 * bc(.0625f), o3 = y1 * bc(.5f) + y3 * bc(.125f) + y5 * bc(.03125f);
    d[1] = e1 + o1;
    d[2] = e1 - o1;
    d[3] = e2 + o2;
    d[4] = e2 - o2;
    d[5] = e3 + o3;
    d[6] = e3 - o3;
    d[7] = y5;
}

INLINE void turned6(vf *d) /* 4 -> 6 */
{
    const vf y0 = d[0], y1 = d[1], y2 = d[2], y3 = d[3];
    const vf e = y0 + y2, o = y1 + y3;
    d[1] = e + o;
    d[2] = e - o;
    d[3] = y0 + y1 * bc(.5f) + y2 * bc(.25f) + y3 * bc(.125f);
    d[4] = y0 - y1 * bc(2.f) + y2 * bc(4.f) - y3 * bc(8.f);
    d[5] = y3;
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
