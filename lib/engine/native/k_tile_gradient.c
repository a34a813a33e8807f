/* Gradients of the weights of 3x3 convolutions among the points of their transform: see stz_tile_gradient. */
#include "engine/native/k_internal.h"
#include "engine/native/wino.h"

INLINE void turned(const int n, vf *d)
{
    if (n == 8)
        turned8(d);
    else
        turned6(d);
}

/* m x m gradients [pixel][columns] of one tile become n x n points. */
INLINE void transform(const stz_tile_gradient *g, const int n, const float *window, float *out)
{
    const int m = n - 2, columns = g->columns;
    for (int k = 0; k < columns; k += STZ_LANES) {
        vf tmp[8][8];
        for (int j = 0; j < m; j++) {
            vf d[8];
            UNROLL(6)
            for (int i = 0; i < m; i++)
                d[i] = ld(window + (i * m + j) * columns + k);
            turned(n, d);
            UNROLL(8)
            for (int i = 0; i < n; i++)
                tmp[i][j] = d[i];
        }
        float *o = out + k;
        for (int i = 0; i < n; i++) {
            turned(n, tmp[i]);
            UNROLL(8)
            for (int j = 0; j < n; j++, o += g->d_point)
                st(o, tmp[i][j]);
        }
    }
}

static void add_bias(const float *window, int pixels, int columns, float *bias)
{
    for (int k = 0; k < columns; k += STZ_LANES) {
        vf sum = ld(bias + k);
        for (int i = 0; i < pixels; i++)
            sum = sum + ld(window + i * columns + k);
        st(bias + k, sum);
    }
}

void K(tile_gradients)(void *arg, int item, void *scratch)
{
    const stz_tile_gradient *g = arg;
    const stz_conv *c = g->input->conv;
    const int at = item * g->group, count = stz_min(g->group, g->tiles - at), t0 = g->first + at;
    float *window = (float *)scratch + c->window_at;
    float *bias = g->bias + (ptrdiff_t)(t0 / g->group) * g->columns;
    K(input_tiles)(g->input, t0, count, g->v + at * c->v_row[0], scratch);
    memset(bias, 0, sizeof *bias * (size_t)g->columns);
    for (int t = 0; t < count; t++) {
        const int y = (t0 + t) / c->tiles_x * c->m, x = (t0 + t) % c->tiles_x * c->m;
        K(gradient_window)(g->gradient, y, x, c->m, c->m, g->columns, window);
        add_bias(window, c->m * c->m, g->columns, bias);
        float *out = g->d + (ptrdiff_t)(at + t) * g->columns;
        if (c->n == 8)
            transform(g, 8, window, out);
        else
            transform(g, 6, window, out);
    }
}

void K(tile_products)(void *arg, int item, void *scratch)
{
    const stz_tile_gradient *g = arg;
    const stz_conv *c = g->input->conv;
    float *out = g->products + (ptrdiff_t)item * c->in_channels * g->columns;
    if (g->first == 0)
        memset(out, 0, sizeof *out * (size_t)c->in_channels * (size_t)g->columns);
    K(product)
    (&(stz_product){.rows = c->in_channels,
                    .columns = g->columns,
                    .depth = g->tiles,
                    .a = g->v + c->v_offset[item],
                    .b = g->d + item * g->d_point,
                    .am = 1,
                    .ak = c->v_row[item],
                    .ldb = g->columns,
                    .ldc = g->columns,
                    .c = out});
}

/* From points to taps. */
void K(tile_weights)(void *arg, int item, void *scratch)
{
    const stz_tile_gradient *g = arg;
    const stz_conv *c = g->input->conv;
    const int n = c->n;
    const ptrdiff_t point = (ptrdiff_t)c->in_channels * g->columns;
    double m[8][3];
    K(weight_matrix)(n, 3, m);
    for (int k = 0; k < g->columns; k += STZ_LANES) {
        const float *p = g->products + (ptrdiff_t)item * g->columns + k;
        vf taps[9] = {zero(), zero(), zero(), zero(), zero(), zero(), zero(), zero(), zero()};
        for (int y = 0; y < n; y++) {
            vf row[3] = {zero(), zero(), zero()};
            for (int x = 0; x < n; x++, p += point)
                for (int i = 0; i < 3; i++)
                    row[i] = fma_(ld(p), bc((float)m[x][i]), row[i]);
            for (int i = 0; i < 9; i++)
                taps[i] = fma_(row[i % 3], bc((float)m[y][i / 3]), taps[i]);
        }
        for (int i = 0; i < 9; i++) {
            float lanes[STZ_LANES];
            st(lanes, taps[i]);
            for (int l = 0; l < STZ_LANES; l++)
                if (g->column_of[k + l] >= 0)
                    g->out[((ptrdiff_t)g->column_of[k + l] * g->in + g->channel_of[item]) * 9 + i] = lanes[l];
        }
    }
}
