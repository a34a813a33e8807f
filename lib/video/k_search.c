/*
 * Inverse search of patches (Kroeger et al. 2016, "Fast Optical Flow using Dense Inverse Search", arXiv 1603.03590):
 * the gradients are those of the patch itself, so they are taken once, and a step is one look at the other picture.
 * Patches are compared without their means: a change of brightness is no motion.
 */
#include "video/kernels.h"

#include "video/lanes.h"

#define PIXELS (STZ_PATCH * STZ_PATCH)

typedef struct patch {
    v8 value[STZ_PATCH], dx[STZ_PATCH], dy[STZ_PATCH];
    float sum_dx, sum_dy, xx, xy, yy; /* xx, xy, yy: the inverse of the normal equations */
} patch;

/* What a look at the other picture gives. */
typedef struct look {
    float dx, dy, error; /* error: squared, without the means */
} look;

INLINE void take(patch *p, const stz_plane *l, int x, int y)
{
    const v8 half = bc8(0.5f);
    v8 sx = bc8(0), sy = sx, xx = sx, xy = sx, yy = sx;
    const float *row = l->at + y * l->row + x;
    for (int i = 0; i < STZ_PATCH; i++, row += l->row) {
        p->value[i] = ld8(row);
        p->dx[i] = (ld8(row + 1) - ld8(row - 1)) * half;
        p->dy[i] = (ld8(row + l->row) - ld8(row - l->row)) * half;
        sx += p->dx[i];
        sy += p->dy[i];
        xx += p->dx[i] * p->dx[i];
        xy += p->dx[i] * p->dy[i];
        yy += p->dy[i] * p->dy[i];
    }
    p->sum_dx = sum8(sx);
    p->sum_dy = sum8(sy);
    const float damp = 64.0f; /* without texture, noise would decide where a patch goes */
    const float a = sum8(xx) - p->sum_dx * p->sum_dx / PIXELS + damp;
    const float b = sum8(xy) - p->sum_dx * p->sum_dy / PIXELS;
    const float c = sum8(yy) - p->sum_dy * p->sum_dy / PIXELS + damp;
    const float scale = 1.0f / (a * c - b * b);
    p->xx = c * scale;
    p->xy = -b * scale;
    p->yy = a * scale;
}

/* Where a patch may be read: it and a pixel more lie within the padded plane. */
INLINE float hold(float at, int size)
{
    const float low = 1 - STZ_PLANE_PAD, high = (float)(size + STZ_PLANE_PAD - STZ_PATCH - 2);
    return at < low ? low : at > high ? high : at;
}

typedef struct sampler {
    const float *from;
    v8 w00, w01, w10, w11;
} sampler;

INLINE sampler sampler_at(const stz_plane *l, float x, float y)
{
    x = hold(x, l->width);
    y = hold(y, l->height);
    const int ix = (int)(x + STZ_PLANE_PAD) - STZ_PLANE_PAD, iy = (int)(y + STZ_PLANE_PAD) - STZ_PLANE_PAD;
    const float fx = x - (float)ix, fy = y - (float)iy;
    return (sampler){l->at + iy * l->row + ix, bc8((1 - fx) * (1 - fy)), bc8(fx * (1 - fy)),
                     bc8((1 - fx) * fy), bc8(fx * fy)};
}

INLINE v8 sample(const sampler *s, const float *row, ptrdiff_t below)
{
    return (ld8(row) * s->w00 + ld8(row + 1) * s->w01) +
           (ld8(row + below) * s->w10 + ld8(row + below + 1) * s->w11);
}

INLINE look look_at(const patch *p, const stz_plane *l, float x, float y)
{
    const sampler s = sampler_at(l, x, y);
    const float *row = s.from;
    v8 sum = bc8(0), sx = sum, sy = sum, square = sum;
    for (int i = 0; i < STZ_PATCH; i++, row += l->row) {
        const v8 d = sample(&s, row, l->row) - p->value[i];
        sum += d;
        square += d * d;
        sx += d * p->dx[i];
        sy += d * p->dy[i];
    }
    const float mean = sum8(sum) / PIXELS;
    return (look){sum8(sx) - mean * p->sum_dx, sum8(sy) - mean * p->sum_dy,
                  sum8(square) - mean * mean * PIXELS};
}

/* Begins at the best of its own place and those of the patches to the left and above, goes down from there. */
INLINE void search_patch(const stz_search *s, int column, int row)
{
    const int n = row * s->columns + column;
    const int x = (column - 1) * STZ_PATCH_STEP, y = (row - 1) * STZ_PATCH_STEP;
    const int others[2] = {column ? n - 1 : n, row ? n - s->columns : n};
    patch p;
    take(&p, &s->at, x, y);
    float u = s->u[n], v = s->v[n];
    look best = look_at(&p, &s->to, (float)x + u, (float)y + v);
    for (int i = 0; i < 2; i++) {
        const float ou = s->u[others[i]], ov = s->v[others[i]];
        if ((ou - u) * (ou - u) + (ov - v) * (ov - v) < 0.0625f)
            continue;
        const look there = look_at(&p, &s->to, (float)x + ou, (float)y + ov);
        if (there.error + 32 < best.error) { /* by more than noise does */
            best = there;
            u = ou;
            v = ov;
        }
    }
    const float from_u = u, from_v = v;
    for (int i = 0; i < s->steps; i++) {
        const float du = p.xx * best.dx + p.xy * best.dy, dv = p.xy * best.dx + p.yy * best.dy;
        const float nu = u - du, nv = v - dv;
        if ((nu - from_u) * (nu - from_u) + (nv - from_v) * (nv - from_v) > STZ_PATCH * STZ_PATCH)
            break;
        const look there = look_at(&p, &s->to, (float)x + nu, (float)y + nv);
        if (there.error >= best.error)
            break;
        best = there;
        u = nu;
        v = nv;
        if (du * du + dv * dv < 0.0004f)
            break;
    }
    s->u[n] = u;
    s->v[n] = v;
}

void K(video_search)(const stz_search *s)
{
    for (int row = 0; row < s->rows; row++)
        for (int column = 0; column < s->columns; column++)
            search_patch(s, column, row);
}

/* A pixel's flow is the mean over its patches, weighted by how well each explains this pixel. */
INLINE void add_patch(const stz_search *s, int column, int row)
{
    const int n = row * s->columns + column;
    const int x = (column - 1) * STZ_PATCH_STEP, y = (row - 1) * STZ_PATCH_STEP;
    const v8 u = bc8(s->u[n]), v = bc8(s->v[n]), one = bc8(1), most = bc8(1);
    const sampler at = sampler_at(&s->to, (float)x + s->u[n], (float)y + s->v[n]);
    const float *there = at.from, *here = s->at.at + y * s->at.row + x;
    ptrdiff_t to = y * s->dense_row + x;
    for (int i = 0; i < STZ_PATCH; i++, there += s->to.row, here += s->at.row, to += s->dense_row) {
        const v8 d = abs8(sample(&at, there, s->to.row) - ld8(here));
        const v8 w = one / max8(d, most);
        st8(s->dense_u + to, ld8(s->dense_u + to) + w * u);
        st8(s->dense_v + to, ld8(s->dense_v + to) + w * v);
        st8(s->weight + to, ld8(s->weight + to) + w);
    }
}

void K(video_dense)(const stz_search *s)
{
    for (int row = 0; row < s->rows; row++)
        for (int column = 0; column < s->columns; column++)
            add_patch(s, column, row);
    for (int y = 0; y < s->at.height; y++)
        for (int x = 0; x < s->at.width; x += 8) {
            const ptrdiff_t to = y * s->dense_row + x;
            const v8 scale = bc8(1) / max8(ld8(s->weight + to), bc8(1e-6f));
            st8(s->dense_u + to, ld8(s->dense_u + to) * scale);
            st8(s->dense_v + to, ld8(s->dense_v + to) * scale);
        }
}
