/*
 * The first 9x9 convolution, from the picture. Nine taps in a row are three segments of three, each
 * F(6,3). A segment shifts the input by three pixels, half a tile, so the three channels are
 * transformed at every half tile, and the depth of the product runs over 3 x 3 segments x 3 channels:
 * 16 multiplications for each output instead of 81. Rows of half tiles are kept in rings of three.
 */
#include "engine/native/k_internal.h"
#include "engine/native/wino.h"

/* What one item works on: tiles [ty0, ty1) x [tx0, tx0 + tiles). */
struct strip {
    const stz_conv_run *r;
    int tx0, tiles, halves; /* half-tile positions in a row */
    ptrdiff_t lanes;        /* floats of a row of them, three channels each */
    float *row, *split, *across, *v, *m;
};

/* Padded picture row y: transformed along x at every half tile, into ring place y % 8. */
static void transform_across(const struct strip *s, int y)
{
    const ptrdiff_t lanes = s->lanes, pitch = lanes + 32;
    const int before = s->r->conv->adjoint ? 8 : 4;
    K(fetch_row)(s->r, y - before, 6 * s->tx0 - before, 3 * (s->halves + 2), s->row);
    for (int t = 0; t < s->halves + 2; t++) /* pixels 3t, 3t + 1, 3t + 2 go to three rows */
        for (int j = 0; j < 3; j++)
            memcpy(s->split + j * pitch + 3 * t, s->row + 9 * t + 3 * j, 3 * sizeof(float));
    float *out = s->across + y % 8 * 8 * lanes;
    for (ptrdiff_t l = 0; l < lanes; l += STZ_LANES) {
        vf d[8];
        for (int j = 0; j < 8; j++)
            d[j] = ld(s->split + j % 3 * pitch + l + j / 3 * 3);
        bt8(d);
        for (int q = 0; q < 8; q++)
            st(out + q * lanes + l, d[q]);
    }
}

/* Half-tile row h: rows 3h .. 3h + 7 transformed along y, into ring place h % 3 of V. */
static void transform_down(const struct strip *s, int h)
{
    const ptrdiff_t lanes = s->lanes;
    for (int q = 0; q < 8; q++)
        for (ptrdiff_t l = 0; l < lanes; l += STZ_LANES) {
            vf d[8];
            for (int i = 0; i < 8; i++)
                d[i] = ld(s->across + (3 * h + i) % 8 * 8 * lanes + q * lanes + l);
            bt8(d);
            for (int i = 0; i < 8; i++)
                st(s->v + ((i * 8 + q) * 3 + h % 3) * lanes + l, d[i]);
        }
}

static void multiply(const struct strip *s, int ty, float *record)
{
    const stz_conv *c = s->r->conv;
    const float *w = s->r->weights;
    for (int block = 0; block < c->blocks; block++) {
        for (int p = 0; p < c->points; p++, w += (ptrdiff_t)27 * c->vectors * STZ_LANES) {
            const float *a[3];
            for (int i = 0; i < 3; i++)
                a[i] = s->v + (p * 3 + (2 * ty + i) % 3) * s->lanes;
            K(gemm3)(c->vectors, s->tiles, 9, a, 6, w, s->m + p * c->m_panel);
        }
        K(output_tiles)(s->r, ty * c->tiles_x + s->tx0, s->tiles, s->m, block, record);
    }
}

void K(first9)(void *arg, int item, void *scratch)
{
    const stz_conv_run *r = arg;
    const stz_conv *c = r->conv;
    float *base = scratch;
    const int ty0 = item / c->across * c->band, ty1 = stz_min(ty0 + c->band, c->tiles_y);
    const int tx0 = item % c->across * c->group, tiles = stz_min(c->group, c->tiles_x - tx0);
    const int halves = 2 * tiles + 1;
    const ptrdiff_t lanes = c->strip;
    struct strip s = {r,
                      tx0,
                      tiles,
                      halves,
                      lanes,
                      base + c->window_at,
                      base + c->aux_at,
                      NULL,
                      base + c->v_at,
                      base + c->m_at};
    s.across = s.split + 3 * (lanes + 32);
    memset(s.split, 0, sizeof(float) * 3 * (size_t)(lanes + 32)); /* lanes past the last half tile */
    for (int h = 2 * ty0; h <= 2 * ty1; h++) {
        for (int i = h == 2 * ty0 ? 0 : 5; i < 8; i++) /* the first five are left from before */
            transform_across(&s, 3 * h + i);
        transform_down(&s, h);
        const int ty = h / 2 - 1;
        if (h % 2 == 0 && ty >= ty0)
            multiply(&s, ty,
                     r->records ? r->records + ((size_t)item * (size_t)c->phases + (size_t)(ty - ty0)) *
                                                   stz_record_size(c->columns)
                                : NULL);
    }
    for (int ty = ty1; r->records && ty < ty0 + c->phases; ty++) /* rows that are not there */
        r->records[((size_t)item * (size_t)c->phases + (size_t)(ty - ty0)) * stz_record_size(c->columns)] = 0;
}
