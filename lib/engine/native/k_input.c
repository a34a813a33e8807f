/* Input transforms: windows of the input, normalised and activated while they are read, become V. */
#include "engine/native/k_internal.h"
#include "engine/native/wino.h"

/* What is read: the picture, or max(x * scale + shift [+ base], low) of tensors. */
enum source { PICTURE, TENSOR, SUM };

/* A window of a tensor: where its first pixel stands, and how to step. */
struct window {
    const void *p; /* elem_t, of a picture float */
    ptrdiff_t row, plane;
    int block;
};

INLINE vf load(const enum source source, const struct window *x, const struct window *b, ptrdiff_t xo,
               ptrdiff_t bo, vf scale, vf shift, vf low)
{
    if (source == PICTURE)
        return ld((const float *)x->p + xo);
    vf v = fma_(ld_elem((const elem_t *)x->p + xo), scale, shift);
    if (source == SUM)
        v = v + ld_elem((const elem_t *)b->p + bo);
    return vmax(v, low);
}

INLINE void copy_pixel(elem_t *dst, const elem_t *src, int block)
{
    if (block % STZ_LANES)
        memcpy(dst, src, sizeof *dst * (size_t)block);
    else
        for (int i = 0; i < block; i += STZ_LANES)
            st_elem(dst + i, ld_elem(src + i));
}

/* Copies a window whose pixels lie partly outside of the picture. */
static void gather(const stz_layout *l, const elem_t *p, int y0, int x0, int rows, int cols, bool replicate,
                   elem_t *dst)
{
    const int planes = (l->channels + l->block - 1) / l->block, block = l->block;
    const int left = stz_clamp(-x0, 0, cols), right = stz_clamp(l->width - x0, left, cols);
    for (int k = 0; k < planes; k++)
        for (int y = 0; y < rows; y++) {
            const int sy = replicate ? stz_clamp(y0 + y, 0, l->height - 1) : reflect(y0 + y, l->height);
            const elem_t *row = p + k * l->plane + sy * l->row;
            for (int x = 0; x < cols; x++, dst += block) {
                if (x == left && right > left) { /* the part inside at once */
                    memcpy(dst, row + (ptrdiff_t)(x0 + x) * block,
                           sizeof *dst * (size_t)((right - left) * block));
                    dst += (ptrdiff_t)(right - left) * block;
                    x = right;
                    if (x == cols)
                        break;
                }
                const int sx = replicate ? stz_clamp(x0 + x, 0, l->width - 1) : reflect(x0 + x, l->width);
                copy_pixel(dst, row + (ptrdiff_t)sx * block, block);
            }
        }
    memset(dst, 0, sizeof *dst * STZ_LANES); /* a vector may be read past the last pixel */
}

static struct window window_at(const stz_layout *l, const elem_t *p, int y0, int x0, int size, bool replicate,
                               elem_t *buffer)
{
    if (y0 >= 0 && x0 >= 0 && y0 + size <= l->height && x0 + size <= l->width)
        return (struct window){p + y0 * l->row + (ptrdiff_t)x0 * l->block, l->row, l->plane, l->block};
    gather(l, p, y0, x0, size, size, replicate, buffer);
    return (struct window){buffer, (ptrdiff_t)size * l->block, (ptrdiff_t)size * size * l->block, l->block};
}

INLINE ptrdiff_t at_channel(const struct window *w, int c) { return c / w->block * w->plane + c % w->block; }

/* The first `rows` of a column; an index that is not constant would take d out of its registers. */
INLINE void store_column(elem_t *q, ptrdiff_t row, const vf *d, const int most, int rows)
{
    UNROLL(6)
    for (int i = 0; i < most; i++)
        if (i < rows)
            st_elem(q + i * row, d[i]);
}

/* One tile of n x n pixels, all channels. rows, cols: of `stored` that lie in the picture. */
INLINE void tile_same(const stz_conv_run *r, const enum source source, const bool store, const int n,
                      const struct window *x, const struct window *b, elem_t *stored, int rows, int cols,
                      float *v)
{
    const stz_conv *c = r->conv;
    const ptrdiff_t point = c->v_offset[1] - c->v_offset[0];
    const int own = n == 5 ? 4 : n - 2; /* pixels of the tile that no other tile writes */
    const vf low = bc(r->low);
    for (int ch = 0; ch < c->in_channels; ch += STZ_LANES, v += STZ_LANES) {
        const ptrdiff_t xc = at_channel(x, ch), bo = source == SUM ? at_channel(b, ch) : 0;
        vf tmp[8][8], scale = zero(), shift = zero();
        if (source != PICTURE) {
            scale = ld(r->scale + ch);
            shift = ld(r->shift + ch);
        }
        elem_t *s = store ? stored + stz_channel_offset(&c->stored, ch) : 0;
        for (int j = 0; j < n; j++) {
            vf d[8];
            UNROLL(8)
            for (int i = 0; i < n; i++)
                d[i] = load(source, x, b, xc + i * x->row + j * x->block,
                            source == SUM ? bo + i * b->row + j * b->block : 0, scale, shift, low);
            if (store && j > 0 && j <= cols) {
                elem_t *q = s + (ptrdiff_t)(j - 1) * c->stored.block;
                if (rows == own)
                    store_column(q, c->stored.row, d + 1, own, own);
                else
                    store_column(q, c->stored.row, d + 1, own, rows);
            }
            /* Ask for the same column of the next tile. Measured: it helps the larger steps only. */
            if (n == 5 && source == TENSOR && j >= n - own)
                for (int i = 0; i < n; i++)
                    __builtin_prefetch((const elem_t *)x->p + xc + i * x->row + (j + own) * x->block, 0, 3);
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

/* 9x9 pixels of a stride-2 tile, 4x4 outputs. The even and odd rows and columns are transformed apart;
 * the odd part vanishes at infinity. The parts stand side by side in the depth of V. */
INLINE void tile_down(const stz_conv_run *r, const enum source source, const struct window *x,
                      const struct window *b, int t, float *v)
{
    const stz_conv *c = r->conv;
    const vf low = bc(r->low);
    for (int ch = 0; ch < c->in_channels; ch += STZ_LANES) {
        const ptrdiff_t xc = at_channel(x, ch), bo = source == SUM ? at_channel(b, ch) : 0;
        vf scale = zero(), shift = zero();
        if (source != PICTURE) {
            scale = ld(r->scale + ch);
            shift = ld(r->shift + ch);
        }
        for (int part = 0; part < 4; part++) {
            const int ey = part / 2, ex = part % 2, nx = 5 - ex;
            vf tmp[5][5];
            for (int j = 0; j < nx; j++) {
                vf d[5];
                const ptrdiff_t xo = xc + (2 * j + ex) * x->block + ey * x->row;
                const ptrdiff_t b0 = source == SUM ? bo + (2 * j + ex) * b->block + ey * b->row : 0;
                UNROLL(4)
                for (int i = 0; i < 4; i++)
                    d[i] = load(source, x, b, xo + 2 * i * x->row, source == SUM ? b0 + 2 * i * b->row : 0,
                                scale, shift, low);
                if (source != PICTURE) /* the same pixels of the next tile */
                    for (int i = 0; i < 4; i++)
                        __builtin_prefetch((const elem_t *)x->p + xo + 2 * i * x->row + c->step * x->block, 0,
                                           3);
                if (!ey) {
                    d[4] = load(source, x, b, xo + 8 * x->row, source == SUM ? b0 + 8 * b->row : 0, scale,
                                shift, low);
                    bt5(d);
                    tmp[4][j] = d[4];
                } else {
                    bt5_finite(d);
                }
                UNROLL(4)
                for (int i = 0; i < 4; i++)
                    tmp[i][j] = d[i];
            }
            for (int i = 0; i < 5 - ey; i++) {
                if (!ex)
                    bt5(tmp[i]);
                else
                    bt5_finite(tmp[i]);
                for (int j = 0; j < nx; j++) {
                    const int p = i * 5 + j;
                    const int slot = ey * (j < 4 ? 2 : 1) + ex; /* among the parts present at the point */
                    st(v + c->v_offset[p] + t * c->v_row[p] + slot * stz_round_up(c->in_channels, STZ_LANES) +
                           ch,
                       tmp[i][j]);
                }
            }
        }
    }
}

INLINE void tiles(const stz_conv_run *r, const enum source source, const bool store, const int n, int t0,
                  int count, float *v, float *scratch)
{
    const stz_conv *c = r->conv;
    const bool down = n == 9, replicate = c->kind == STZ_CONV_UP;
    elem_t *buffer = (elem_t *)(scratch + c->window_at), *buffer2 = (elem_t *)(scratch + c->aux_at);
    int ty = t0 / c->tiles_x, tx = t0 % c->tiles_x;
    for (int t = 0; t < count; t++) {
        const int y0 = ty * c->step - 1, x0 = tx * c->step - 1;
        struct window x, b = {0};
        if (source == PICTURE) {
            K(fetch_window)(r, y0, x0, n, n, scratch + c->window_at);
            x = (struct window){scratch + c->window_at, n * STZ_PICTURE_PIX, 0, STZ_PICTURE_PIX};
        } else {
            x = window_at(&c->in, r->x, y0, x0, n, replicate, buffer);
            if (source == SUM)
                b = window_at(&c->base, r->base, y0, x0, n, replicate, buffer2);
        }
        if (down) {
            tile_down(r, source, &x, &b, t, v);
        } else {
            elem_t *stored = 0;
            int rows = 0, cols = 0;
            if (store) {
                stored =
                    (elem_t *)r->stored + (y0 + 1) * c->stored.row + (ptrdiff_t)(x0 + 1) * c->stored.block;
                rows = stz_min(c->step, c->stored.height - y0 - 1);
                cols = stz_min(c->step, c->stored.width - x0 - 1);
            }
            tile_same(r, source, store, n, &x, &b, stored, rows, cols, v + t * c->v_row[0]);
        }
        if (++tx == c->tiles_x) {
            tx = 0;
            ty++;
        }
    }
}

#define CASES(n)                                                                                             \
    static void tiles_##n(const stz_conv_run *r, int t0, int count, float *v, float *scratch)                \
    {                                                                                                        \
        const stz_conv *c = r->conv;                                                                         \
        if (c->from_picture)                                                                                 \
            tiles(r, PICTURE, false, n, t0, count, v, scratch);                                              \
        else if (c->add && c->store)                                                                         \
            tiles(r, SUM, true, n, t0, count, v, scratch);                                                   \
        else if (c->add)                                                                                     \
            tiles(r, SUM, false, n, t0, count, v, scratch);                                                  \
        else if (c->store)                                                                                   \
            tiles(r, TENSOR, true, n, t0, count, v, scratch);                                                \
        else                                                                                                 \
            tiles(r, TENSOR, false, n, t0, count, v, scratch);                                               \
    }
CASES(5)
CASES(6)
CASES(8)
CASES(9)

void K(input_tiles)(const stz_conv_run *r, int t0, int count, float *v, float *scratch)
{
    if (r->conv->kind == STZ_CONV_DOWN)
        tiles_9(r, t0, count, v, scratch);
    else if (r->conv->n == 8)
        tiles_8(r, t0, count, v, scratch);
    else if (r->conv->n == 6)
        tiles_6(r, t0, count, v, scratch);
    else
        tiles_5(r, t0, count, v, scratch);
}
