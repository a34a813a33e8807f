/* Output transforms: M becomes activations, and the sums for the statistics of an instance norm. */
#include "engine/native/k_internal.h"
#include "engine/native/wino.h"

/* Pixels of one phase: where its first output of a tile lies, and the steps, in conv pixels. */
struct phase {
    int y0, x0, step, tile_step;
    ptrdiff_t panel[STZ_POINTS]; /* M of each point */
};

/* Sums of one vector of columns: of differences from a pivot, and their squares. Equal values, as a flat
 * picture has, are rounded to the same side when each is added to a long sum, so rows and tiles have
 * sums of their own, and what adding a tile's has lost is carried on (Kahan 1965). */
struct sums {
    vf pivot, s, q, s_lost, q_lost;
};

struct part {
    vf s, q;
};

INLINE void count_in(struct part *part, vf pivot, vf y)
{
    vf d = y - pivot;
    part->s = part->s + d;
    part->q = fma_(d, d, part->q);
}

INLINE void add_part(struct part *sum, const struct part *part)
{
    sum->s = sum->s + part->s;
    sum->q = sum->q + part->q;
}

INLINE void add_exactly(vf *sum, vf *lost, vf x)
{
    const vf y = x - *lost, t = *sum + y;
    *lost = t - *sum - y;
    *sum = t;
}

/* One vector of one tile. rows, cols: first and last output that lie in the picture. */
INLINE void tile(const stz_conv *c, const bool relu, const bool full, const int n, const int m,
                 const float *mt, const struct phase *f, vf bias, elem_t *out, ptrdiff_t row, ptrdiff_t pixel,
                 const int y[2], const int x[2], bool first, struct sums *sums)
{
    vf tmp[6][8];
    for (int j = 0; j < n; j++) {
        vf d[8];
        UNROLL(8)
        for (int i = 0; i < n; i++)
            d[i] = ld(mt + f->panel[i * n + j]);
        at(n, d);
        UNROLL(6)
        for (int i = 0; i < m; i++)
            tmp[i][j] = d[i];
    }
    vf pivot = sums->pivot;
    struct part all = {zero(), zero()};
    for (int i = full ? 0 : y[0]; i < (full ? m : y[1]); i++) {
        at(n, tmp[i]);
        UNROLL(6)
        for (int j = 0; j < m; j++)
            tmp[i][j] = tmp[i][j] + bias;
        if (relu)
            UNROLL(6)
        for (int j = 0; j < m; j++)
            tmp[i][j] = vmax(tmp[i][j], zero());
        struct part line = {zero(), zero()};
        if (full) {
            if (first && i == 0)
                pivot = tmp[0][0];
            UNROLL(6)
            for (int j = 0; j < m; j++) {
                count_in(&line, pivot, tmp[i][j]);
                st_elem(out + i * row + j * pixel, tmp[i][j]);
            }
        } else {
            for (int j = x[0]; j < x[1]; j++) {
                if (first) {
                    pivot = tmp[i][j];
                    first = false;
                }
                count_in(&line, pivot, tmp[i][j]);
                st_elem(out + i * row + j * pixel, tmp[i][j]);
            }
        }
        add_part(&all, &line);
    }
    sums->pivot = pivot;
    add_exactly(&sums->s, &sums->s_lost, all.s);
    add_exactly(&sums->q, &sums->q_lost, all.q);
}

/* First and last of m outputs from `at` on in steps that lie within 0 .. size - 1. */
INLINE void range(int at, int step, int m, int size, int out[2])
{
    out[0] = at < 0 ? (-at + step - 1) / step : 0;
    out[1] = at >= size ? 0 : stz_min(m, (size - at + step - 1) / step);
}

INLINE void phase_tiles(const stz_conv_run *r, const bool relu, const int n, const int m, int t0, int count,
                        const float *mm, int block, const struct phase *f, float *record)
{
    const stz_conv *c = r->conv;
    const int vectors = c->vectors, v0 = block * vectors;
    const ptrdiff_t row = c->out_row * f->step, pixel = c->out_pixel * f->step;
    struct sums sums[3];
    for (int v = 0; v < 3; v++)
        sums[v] = (struct sums){zero(), zero(), zero(), zero(), zero()};
    long pixels = 0;
    int ty = t0 / c->tiles_x, tx = t0 % c->tiles_x;
    for (int t = 0; t < count; t++) {
        const int yb = ty * f->tile_step + f->y0, xb = tx * f->tile_step + f->x0;
        int y[2], x[2];
        range(yb, f->step, m, c->out_height, y);
        range(xb, f->step, m, c->out_width, x);
        const bool full = y[1] - y[0] == m && x[1] - x[0] == m;
        elem_t *o = (elem_t *)r->out + yb * c->out_row + xb * c->out_pixel;
        const int inside = (y[1] > y[0] ? y[1] - y[0] : 0) * (x[1] > x[0] ? x[1] - x[0] : 0);
        if (full) { /* ask for the lines of the next tile */
            const elem_t *next = o + f->tile_step * c->out_pixel + c->vector_offset[v0];
            for (int i = 0; i < m; i++)
                for (int j = 0; j < m; j++)
                    for (int l = 0; l < vectors * STZ_LANES; l += 16)
                        __builtin_prefetch(next + i * row + j * pixel + l, 1, 3);
        }
        for (int v = 0; v < vectors && inside; v++) {
            const float *mt = mm + ((ptrdiff_t)t * vectors + v) * STZ_LANES;
            elem_t *ov = o + c->vector_offset[v0 + v];
            const vf bias = ld(r->bias + (v0 + v) * STZ_LANES);
            if (full)
                tile(c, relu, true, n, m, mt, f, bias, ov, row, pixel, y, x, !pixels, &sums[v]);
            else
                tile(c, relu, false, n, m, mt, f, bias, ov, row, pixel, y, x, !pixels, &sums[v]);
        }
        pixels += inside;
        if (++tx == c->tiles_x) {
            tx = 0;
            ty++;
        }
    }
    if (!record)
        return;
    record[0] = (float)pixels;
    record += 16 + v0 * STZ_LANES;
    for (int v = 0; v < vectors; v++) {
        st(record + v * STZ_LANES, sums[v].pivot);
        st(record + c->columns + v * STZ_LANES, sums[v].s);
        st(record + 2 * c->columns + v * STZ_LANES, sums[v].q);
    }
}

#define CASES(n, m)                                                                                          \
    static void tiles_##n(const stz_conv_run *r, int t0, int count, const float *mm, int block,              \
                          const struct phase *f, float *record)                                              \
    {                                                                                                        \
        if (r->conv->relu)                                                                                   \
            phase_tiles(r, true, n, m, t0, count, mm, block, f, record);                                     \
        else                                                                                                 \
            phase_tiles(r, false, n, m, t0, count, mm, block, f, record);                                    \
    }
CASES(5, 4)
CASES(6, 4)
CASES(8, 6)

static void any_tiles(const stz_conv_run *r, int t0, int count, const float *m, int block,
                      const struct phase *f, float *record)
{
    if (r->conv->n == 8)
        tiles_8(r, t0, count, m, block, f, record);
    else if (r->conv->n == 6)
        tiles_6(r, t0, count, m, block, f, record);
    else
        tiles_5(r, t0, count, m, block, f, record);
}

void K(output_tiles)(const stz_conv_run *r, int t0, int count, const float *m, int block, float *records)
{
    const stz_conv *c = r->conv;
    if (c->kind != STZ_CONV_UP && c->kind != STZ_CONV_SPREAD) {
        struct phase f = {0, 0, 1, c->m, {0}};
        for (int p = 0; p < c->points; p++)
            f.panel[p] = c->panel0[p] * c->m_panel;
        any_tiles(r, t0, count, m, block, &f, records);
        return;
    }
    const int joined =
        c->kind == STZ_CONV_UP ? 1 : -1; /* the point where both filters of a direction agree */
    for (int phase = 0; phase < 4; phase++) {
        const int fy = phase / 2, fx = phase % 2;
        struct phase f = {-fy, -fx, 2, 8, {0}};
        for (int py = 0; py < 5; py++)
            for (int px = 0; px < 5; px++) {
                const int own_x = px == joined ? 0 : fx, own_y = py == joined ? 0 : fy;
                f.panel[py * 5 + px] =
                    (c->panel0[py * 5 + px] + own_y * (px == joined ? 1 : 2) + own_x) * c->m_panel;
            }
        any_tiles(r, t0, count, m, block, &f,
                  records ? records + (size_t)phase * stz_record_size(c->columns) : 0);
    }
}

void K(pool)(void *arg, int item, void *scratch)
{
    const stz_pool_run *p = arg;
    const int block = p->to.block, planes = (p->to.channels + block - 1) / block;
    for (int k = 0; k < planes; k++) {
        const elem_t *a = (const elem_t *)p->x + k * p->from.plane + 2 * item * p->from.row;
        const elem_t *b = a + p->from.row;
        elem_t *out = (elem_t *)p->out + k * p->to.plane + item * p->to.row;
        for (int x = 0; x < p->to.width; x++, a += 2 * block, b += 2 * block, out += block)
            for (int i = 0; i < block; i += STZ_LANES) {
                const vf above = ld_elem(a + i) + ld_elem(a + block + i);
                const vf below = ld_elem(b + i) + ld_elem(b + block + i);
                st_elem(out + i, (above + below) * bc(.25f));
            }
    }
}
