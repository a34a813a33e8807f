/*
 * Input transforms of adjoint convolutions: windows of the gradient of what a layer wrote become V. What
 * the gradient passes on its way there, a relu, a norm or the mean over 2x2 pixels, is done while it is
 * read. Beyond the border there is no gradient: zeros.
 */
#include "engine/native/k_internal.h"
#include "engine/native/wino.h"

/* Constants of one vector of columns. */
struct factors {
    vf scale, shift, gain, slope, offset;
};

INLINE vf value(const stz_read mode, const float *g, const float *t, const struct factors *f, vf low,
                vf floor)
{
    const vf gradient = ld(g);
    if (mode == STZ_READ_PLAIN)
        return gradient;
    const vf x = ld(t);
    if (mode == STZ_READ_MASK)
        return where_above(x, zero(), gradient);
    if (mode == STZ_READ_POOL)
        return where_above(x, zero(), gradient * bc(.25f));
    const vf passed = where_above(fma_(x, f->scale, f->shift), low, gradient);
    return where_above(x, floor, fma_(passed, f->gain, fma_(x, f->slope, f->offset)));
}

INLINE struct factors factors_at(const stz_conv_run *r, const stz_read mode, int column)
{
    if (mode != STZ_READ_NORM)
        return (struct factors){zero(), zero(), zero(), zero(), zero()};
    return (struct factors){ld(r->scale + column), ld(r->shift + column), ld(r->gain + column),
                            ld(r->slope + column), ld(r->offset + column)};
}

/* Where a window is read: its first pixel, and how to step. offsets: of each vector. */
struct from {
    const float *p;
    ptrdiff_t row, pixel;
    const ptrdiff_t *offset;
};

/* One tile of n x n pixels, all columns. Pooled ones begin at an even pixel: those of g are 2x2 of t. */
INLINE void tile(const stz_conv_run *r, const stz_read mode, const int n, const struct from *g,
                 const struct from *t, float *v)
{
    const stz_conv *c = r->conv;
    const ptrdiff_t point = c->v_offset[1] - c->v_offset[0];
    const int half = mode == STZ_READ_POOL;
    const vf low = bc(r->low), floor = bc(r->floor);
    for (int ch = 0; ch < c->in_channels; ch += STZ_LANES, v += STZ_LANES) {
        const float *gp = g->p + g->offset[ch / STZ_LANES];
        const float *tp = mode == STZ_READ_PLAIN ? gp : t->p + t->offset[ch / STZ_LANES];
        const struct factors f = factors_at(r, mode, ch);
        vf tmp[8][8];
        for (int j = 0; j < n; j++) {
            vf d[8];
            UNROLL(8)
            for (int i = 0; i < n; i++)
                d[i] = value(mode, gp + (i >> half) * g->row + (j >> half) * g->pixel,
                             tp + i * t->row + j * t->pixel, &f, low, floor);
            bt(n, d);
            UNROLL(8)
            for (int i = 0; i < n; i++)
                tmp[i][j] = d[i];
        }
        float *o = v;
        for (int i = 0; i < n; i++) {
            bt(n, tmp[i]);
            UNROLL(8)
            for (int j = 0; j < n; j++, o += point)
                st(o, tmp[i][j]);
        }
    }
}

#define TILE(name, mode, n)                                                                                  \
    static void name##_##n(const stz_conv_run *r, const struct from *g, const struct from *t, float *v)      \
    {                                                                                                        \
        tile(r, mode, n, g, t, v);                                                                           \
    }
TILE(plain, STZ_READ_PLAIN, 5)
TILE(plain, STZ_READ_PLAIN, 6)
TILE(plain, STZ_READ_PLAIN, 8)
#ifndef STZ_PORTABLE
#define TILES(n) TILE(mask, STZ_READ_MASK, n) TILE(pool, STZ_READ_POOL, n) TILE(norm, STZ_READ_NORM, n)
TILES(6)
TILES(8)
#endif

typedef void (*tile_fn)(const stz_conv_run *r, const struct from *g, const struct from *t, float *v);

/* NULL: not worth code of its own, windows are gathered. */
static tile_fn choose(stz_read mode, int n)
{
    static const tile_fn fns[3][4] = {{plain_5},
#ifdef STZ_PORTABLE
                                      {plain_6},
                                      {plain_8}};
#else
                                      {plain_6, mask_6, pool_6, norm_6},
                                      {plain_8, mask_8, pool_8, norm_8}};
#endif
    return fns[n == 5 ? 0 : n == 6 ? 1 : 2][mode];
}

/* A window that may lie partly outside: [pixel][columns], values as they are to be read. */
INLINE void window(const stz_conv_run *r, const stz_read mode, int y0, int x0, int rows, int cols,
                   int columns, float *out)
{
    const stz_conv *c = r->conv;
    const int half = mode == STZ_READ_POOL;
    const vf low = bc(r->low), floor = bc(r->floor);
    for (int y = y0; y < y0 + rows; y++)
        for (int x = x0; x < x0 + cols; x++) {
            const bool inside = y >= 0 && x >= 0 && y < c->in.height && x < c->in.width;
            const float *g = (const float *)r->x + (y >> half) * c->g_row + (x >> half) * c->g_pixel;
            const float *t = (const float *)r->base + y * c->t_row + x * c->t_pixel;
            for (int k = 0; k < columns / STZ_LANES; k++, out += STZ_LANES) {
                if (!inside) {
                    st(out, zero());
                    continue;
                }
                const float *own = g + c->g_offset[k];
                const struct factors f = factors_at(r, mode, k * STZ_LANES);
                st(out, value(mode, own, mode == STZ_READ_PLAIN ? own : t + c->t_offset[k], &f, low, floor));
            }
        }
}

void K(gradient_window)(const stz_conv_run *r, int y0, int x0, int rows, int cols, int columns, float *out)
{
    switch (r->conv->read) {
    case STZ_READ_PLAIN:
        window(r, STZ_READ_PLAIN, y0, x0, rows, cols, columns, out);
        break;
    case STZ_READ_MASK:
        window(r, STZ_READ_MASK, y0, x0, rows, cols, columns, out);
        break;
    case STZ_READ_POOL:
        window(r, STZ_READ_POOL, y0, x0, rows, cols, columns, out);
        break;
    case STZ_READ_NORM:
        window(r, STZ_READ_NORM, y0, x0, rows, cols, columns, out);
        break;
    }
}

void K(gradient_row)(const stz_conv_run *r, int y, int x0, int count, int columns, float *out)
{
    K(gradient_window)(r, y, x0, 1, count, columns, out);
}

void K(adjoint_tiles)(const stz_conv_run *r, int t0, int count, float *scratch)
{
    const stz_conv *c = r->conv;
    const tile_fn inner = choose(c->read, c->n), edge = choose(STZ_READ_PLAIN, c->n);
    const int half = c->read == STZ_READ_POOL, before = c->kind == STZ_CONV_SPREAD ? 1 : 2;
    float *v = scratch + c->v_at, *gathered = scratch + c->window_at;
    /* Of gathered windows vector k lies k vectors on: offsets in units of pixels would not do. */
    ptrdiff_t steps[STZ_ADJOINT_VECTORS];
    for (int k = 0; k < c->in_channels / STZ_LANES; k++)
        steps[k] = (ptrdiff_t)k * STZ_LANES;
    const struct from buffer = {gathered, (ptrdiff_t)c->n * c->in_channels, c->in_channels, steps};
    int ty = t0 / c->tiles_x, tx = t0 % c->tiles_x;
    for (int t = 0; t < count; t++) {
        const int y0 = ty * c->step - before, x0 = tx * c->step - before;
        if (inner && y0 >= 0 && x0 >= 0 && y0 + c->n <= c->in.height && x0 + c->n <= c->in.width) {
            const struct from g = {(const float *)r->x + (y0 >> half) * c->g_row + (x0 >> half) * c->g_pixel,
                                   c->g_row, c->g_pixel, c->g_offset};
            const struct from x = {(const float *)r->base + y0 * c->t_row + x0 * c->t_pixel, c->t_row,
                                   c->t_pixel, c->t_offset};
            inner(r, &g, &x, v + t * c->v_row[0]);
        } else {
            K(gradient_window)(r, y0, x0, c->n, c->n, c->in_channels, gathered);
            edge(r, &buffer, &buffer, v + t * c->v_row[0]);
        }
        if (++tx == c->tiles_x) {
            tx = 0;
            ty++;
        }
    }
}

void K(expand)(void *arg, int item, void *scratch)
{
    const stz_conv_run *r = arg;
    const stz_conv *c = r->conv;
    float *row = scratch;
    const int columns = stz_round_up(c->in_channels, STZ_LANES);
    for (int x0 = 0; x0 < c->in.width; x0 += STZ_WEIGHT_PIECE) {
        const int count = stz_min(STZ_WEIGHT_PIECE, c->in.width - x0);
        K(gradient_row)(r, item, x0, count, columns, row);
        for (int x = 0; x < count; x++)
            for (int k = 0; k < columns; k += STZ_LANES)
                st((float *)r->out + stz_channel_offset(&c->in, k) + item * c->in.row +
                       (ptrdiff_t)(x0 + x) * c->in.block,
                   ld(row + x * columns + k));
    }
}
