/*
 * The last 9x9 convolution, to the picture. Nine taps in a row are three segments of three, each
 * F(3,3), so that a segment shifts the input by one whole tile and the transformed input is shared:
 * 25 multiplications for each output and channel instead of 81. Three output channels are too few to
 * fill vectors, so lanes are tiles along x. Rows of products are kept in a ring of three, each row of
 * input tiles adds to the three rows of output tiles that it reaches.
 */
#include "engine/native/k_internal.h"
#include "engine/native/wino.h"

#if STZ_REGS == 32
#define SEGMENTS 3 /* rows of segments that a micro-kernel computes at once */
#define VECTORS  3
#else
#define SEGMENTS 1
#define VECTORS  4
#endif

/* What one item works on: tiles [ty0, ty1) x [tx0, tx0 + tiles). */
struct strip {
    const stz_conv_run *r;
    int ty0, ty1, tx0, tiles, channels;
    int lanes;       /* tile positions of the input, padded to vectors */
    ptrdiff_t pitch; /* floats from one row of them to the next */
    ptrdiff_t point; /* floats from one point of V to the next */
    float *rows;     /* ring of 5: [channel][3][pitch], normalised, pixels split by x mod 3 */
    float *v, *products, *line;
};

/* A pixel at the border or beyond it. There is no gradient there, an activation is mirrored. */
INLINE vf edge_pixel(const stz_conv_run *r, const elem_t *row, bool row_inside, int x, vf scale, vf shift)
{
    const stz_layout *in = &r->conv->in;
    if (r->conv->adjoint && (!row_inside || x < 0 || x >= in->width))
        return zero();
    const elem_t *p = row + (ptrdiff_t)reflect(x, in->width) * in->block;
    return vmax(fma_(ld_elem(p), scale, shift), bc(r->low));
}

/* Padded row y, into ring place y % 5: normalised, lanes become tiles. */
static void load_row(const struct strip *s, int y)
{
    const stz_conv_run *r = s->r;
    const stz_layout *in = &r->conv->in;
    float *out = s->rows + (ptrdiff_t)(y % 5) * s->channels * 3 * s->pitch;
    const int before = r->conv->adjoint ? 8 : 4;
    const bool row_inside = y - before >= 0 && y - before < in->height;
    const elem_t *row = (const elem_t *)r->x + reflect(y - before, in->height) * in->row;
    const vf low = bc(r->low);
    for (int x = 0; x < s->lanes; x += STZ_LANES)
        for (int j = 0; j < 3; j++) {
            const int first = 3 * s->tx0 + 3 * x + j - before, last = first + 3 * (STZ_LANES - 1);
            const bool inside = first >= 0 && last < in->width && (row_inside || !r->conv->adjoint);
            for (int ch = 0; ch < s->channels; ch += STZ_LANES) {
                const vf scale = ld(r->scale + ch), shift = ld(r->shift + ch);
                const elem_t *q = row + stz_channel_offset(in, ch);
                vf t[STZ_LANES];
                if (inside) {
                    q += (ptrdiff_t)first * in->block;
                    const ptrdiff_t ahead =
                        (ptrdiff_t)3 * STZ_LANES * in->block; /* the next vector of tiles */
                    UNROLL(16)
                    for (int l = 0; l < STZ_LANES; l++) {
                        const elem_t *p = q + (ptrdiff_t)3 * l * in->block;
                        __builtin_prefetch(p + ahead, 0, 3);
                        t[l] = vmax(fma_(ld_elem(p), scale, shift), low);
                    }
                } else {
                    for (int l = 0; l < STZ_LANES; l++)
                        t[l] = edge_pixel(r, q, row_inside, first + 3 * l, scale, shift);
                }
                transpose(t);
                float *o = out + ((ptrdiff_t)ch * 3 + j) * s->pitch + x;
                if (ch + STZ_LANES <= s->channels)
                    UNROLL(16)
                for (int l = 0; l < STZ_LANES; l++)
                    st(o + (ptrdiff_t)l * 3 * s->pitch, t[l]);
                else for (int l = 0; l < s->channels - ch; l++) st(o + (ptrdiff_t)l * 3 * s->pitch, t[l]);
            }
        }
}

/* Tile row vy of the input: rows 3 vy .. 3 vy + 4 of all channels, into V. */
static void transform(const struct strip *s, int vy)
{
    const ptrdiff_t pitch = s->pitch;
    for (int ch = 0; ch < s->channels; ch++) {
        const float *q[5];
        for (int i = 0; i < 5; i++)
            q[i] = s->rows + ((ptrdiff_t)((3 * vy + i) % 5) * s->channels + ch) * 3 * pitch;
        for (int x = 0; x < s->lanes; x += STZ_LANES) {
            vf tmp[5][5];
            UNROLL(5)
            for (int i = 0; i < 5; i++) {
                const float *p = q[i] + x;
                vf d[5] = {ld(p), ld(p + pitch), ld(p + 2 * pitch), ld(p + 1), ld(p + pitch + 1)};
                bt5(d);
                UNROLL(5)
                for (int k = 0; k < 5; k++)
                    tmp[k][i] = d[k];
            }
            float *v = s->v + ch * pitch + x;
            UNROLL(5)
            for (int k = 0; k < 5; k++) {
                bt5(tmp[k]);
                UNROLL(5)
                for (int i = 0; i < 5; i++)
                    st(v + (i * 5 + k) * s->point, tmp[k][i]);
            }
        }
    }
}

/* rows x 3 outputs of some vectors of tiles, over three shifts and all channels. w: [shift][channel][9],
 * from the first row of segments on. The row whose segment is 0 is new, the others are added to. */
INLINE void micro(const int rows, const int vectors, const float *v, ptrdiff_t pitch, int channels,
                  const float *w, float *const *out, ptrdiff_t step, bool first_is_new)
{
    vf sum[SEGMENTS * 3][VECTORS];
    UNROLL(9)
    for (int o = 0; o < rows * 3; o++)
        UNROLL(4)
    for (int x = 0; x < vectors; x++)
        sum[o][x] = zero();
    for (int shift = 0; shift < 3; shift++) {
        const float *p = v + shift;
        for (int k = 0; k < channels; k++, p += pitch, w += 9) {
            vf a[VECTORS];
            UNROLL(4)
            for (int x = 0; x < vectors; x++) {
                a[x] = ld(p + x * STZ_LANES);
#if STZ_LANES == 8
                __asm__("" : "+x"(a[x])); /* gcc would fold three loads that cross lines */
#endif
            }
            UNROLL(9)
            for (int o = 0; o < rows * 3; o++) {
                const vf b = bc(w[o]);
                UNROLL(4)
                for (int x = 0; x < vectors; x++)
                    sum[o][x] = fma_(a[x], b, sum[o][x]);
            }
        }
    }
    UNROLL(9)
    for (int o = 0; o < rows * 3; o++)
        UNROLL(4)
    for (int x = 0; x < vectors; x++) {
        float *d = out[o / 3] + o % 3 * step + x * STZ_LANES;
        if (o < 3 && first_is_new)
            st(d, sum[o][x]);
        else
            st(d, sum[o][x] + ld(d));
    }
}

typedef void (*micro_fn)(const float *v, ptrdiff_t pitch, int channels, const float *w, float *const *out,
                         ptrdiff_t step, bool first_is_new);
#define MICRO(r, n)                                                                                          \
    static void micro_##r##_##n(const float *v, ptrdiff_t pitch, int channels, const float *w,               \
                                float *const *out, ptrdiff_t step, bool first_is_new)                        \
    {                                                                                                        \
        micro(r, n, v, pitch, channels, w, out, step, first_is_new);                                         \
    }
MICRO(1, 1)
MICRO(1, 2)
MICRO(1, 3)
#if SEGMENTS == 3
MICRO(2, 1)
MICRO(2, 2)
MICRO(2, 3)
MICRO(3, 1)
MICRO(3, 2)
MICRO(3, 3)
static const micro_fn micros[4][5] = {{0},
                                      {0, micro_1_1, micro_1_2, micro_1_3},
                                      {0, micro_2_1, micro_2_2, micro_2_3},
                                      {0, micro_3_1, micro_3_2, micro_3_3}};
#else
MICRO(1, 4)
static const micro_fn micros[2][5] = {{0}, {0, micro_1_1, micro_1_2, micro_1_3, micro_1_4}};
#endif

/* Adds tile row vy of the input to output tile rows vy, vy - 1, vy - 2, as far as they are the item's. */
static void multiply(const struct strip *s, int vy)
{
    const int used = (s->tiles + STZ_LANES - 1) / STZ_LANES, blocks = (used + VECTORS - 1) / VECTORS;
    const int first = vy < s->ty1 ? 0 : vy - s->ty1 + 1, last = stz_min(3, vy - s->ty0 + 1); /* segments */
    const ptrdiff_t step = s->lanes;
    for (int p = 0; p < 25; p++) {
        const float *w = s->r->weights + (ptrdiff_t)p * 3 * s->channels * 9, *v = s->v + p * s->point;
        for (int i = 0, x = 0; i < blocks; i++) {
            const int n = (used - x + blocks - i - 1) / (blocks - i);
            for (int seg = first; seg < last;) {
                const int rows = stz_min(SEGMENTS, last - seg);
                float *out[3] = {0};
                for (int k = 0; k < rows; k++)
                    out[k] = s->products + ((vy - seg - k) % 3 * 25 + p) * 3 * step + x * STZ_LANES;
                micros[rows][n](v + x * STZ_LANES, s->pitch, s->channels, w + seg * 3, out, step, seg == 0);
                seg += rows;
            }
            x += n;
        }
    }
}

/* Transforms a finished row of tiles back and writes its three rows of pixels. */
static void write_row(const struct strip *s, int ty)
{
    const stz_conv *c = s->r->conv;
    const float *m = s->products + (ptrdiff_t)(ty % 3) * 25 * 3 * s->lanes;
    const ptrdiff_t line = (ptrdiff_t)s->lanes * 9 + STZ_LANES;
    for (int x = 0; x < s->tiles; x += STZ_LANES)
        for (int o = 0; o < 3; o++) {
            vf tmp[3][5], bias = bc(s->r->bias[o]);
            for (int j = 0; j < 5; j++) {
                vf d[5];
                for (int i = 0; i < 5; i++)
                    d[i] = ld(m + ((i * 5 + j) * 3 + o) * (ptrdiff_t)s->lanes + x);
                at5_3(d);
                for (int i = 0; i < 3; i++)
                    tmp[i][j] = d[i];
            }
            for (int i = 0; i < 3; i++) {
                at5_3(tmp[i]);
                for (int j = 0; j < 3; j++) {
                    float lane[STZ_LANES], *d = s->line + i * line + (ptrdiff_t)x * 9 + j * 3 + o;
                    st(lane, tmp[i][j] + bias);
                    for (int l = 0; l < STZ_LANES; l++)
                        d[l * 9] = lane[l];
                }
            }
        }
    const int x0 = 3 * s->tx0, count = stz_min(3 * s->tiles, c->out_width - x0);
    for (int i = 0; i < 3 && 3 * ty + i < c->out_height; i++)
        K(store_row)(s->r, 3 * ty + i, x0, s->line + i * line, 3 * count);
}

void K(last9)(void *arg, int item, void *scratch)
{
    const stz_conv_run *r = arg;
    const stz_conv *c = r->conv;
    float *base = scratch;
    const int ty0 = item / c->across * c->band, tx0 = item % c->across * c->group;
    const struct strip s = {.r = r,
                            .ty0 = ty0,
                            .ty1 = stz_min(ty0 + c->band, c->tiles_y),
                            .tx0 = tx0,
                            .tiles = stz_min(c->group, c->tiles_x - tx0),
                            .channels = c->in_channels,
                            .lanes = (int)c->strip,
                            .pitch = c->strip + 16,
                            .point = c->v_offset[1],
                            .rows = base + c->window_at,
                            .v = base + c->v_at,
                            .products = base + c->m_at,
                            .line = base + c->aux_at};
    for (int vy = ty0; vy < s.ty1 + 2; vy++) {
        for (int i = vy == ty0 ? 0 : 2; i < 5; i++) /* the first two are left from before */
            load_row(&s, 3 * vy + i);
        transform(&s, vy);
        multiply(&s, vy);
        if (vy - 2 >= ty0)
            write_row(&s, vy - 2);
    }
}
