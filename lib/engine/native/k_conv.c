/* One item of a 3x3 convolution: a group of tiles through all three steps; and the table. */
#include "engine/native/k_internal.h"

static void conv(void *arg, int item, void *scratch)
{
    const stz_conv_run *r = arg;
    const stz_conv *c = r->conv;
    const int t0 = item * c->group, count = stz_min(c->group, c->tiles_y * c->tiles_x - t0);
    float *s = scratch, *v = s + c->v_at, *m = s + c->m_at;
#ifndef STZ_HALF
    if (c->adjoint)
        K(adjoint_tiles)(r, t0, count, s);
    else
#endif
        K(input_tiles)(r, t0, count, v, s);
    const float *w = r->weights;
    float *record = r->records ? r->records + (size_t)item * c->phases * stz_record_size(c->columns) : NULL;
    for (int block = 0; block < c->blocks; block++) {
        for (int p = 0; p < c->points; p++)
            for (int f = 0; f < c->panels[p]; f++) {
                K(gemm)
                (c->vectors, count, c->depth[p], v + c->v_offset[p], c->v_row[p], w,
                 m + (c->panel0[p] + f) * c->m_panel, c->stream);
                w += (ptrdiff_t)c->depth[p] * c->vectors * STZ_LANES;
            }
        if (c->to_picture)
            K(output_picture)(r, t0, count, m, block);
        else
            K(output_tiles)(r, t0, count, m, block, record);
    }
}

/* Floating-point operations of a loop that keeps the multiply-add units busy and nothing else. */
static double peak(int rounds)
{
    enum { CHAINS = STZ_REGS == 32 ? 20 : 12 };
    vf a[CHAINS], x = bc(.999f), y = bc(1e-3f), sum = zero();
    for (int i = 0; i < CHAINS; i++)
        a[i] = bc((float)i);
    for (int r = 0; r < rounds; r++) {
        UNROLL(20)
        for (int i = 0; i < CHAINS; i++)
            a[i] = fma_(a[i], x, y);
    }
    for (int i = 0; i < CHAINS; i++)
        sum = sum + a[i];
    __asm__ volatile("" : : "m"(sum));
    return 2. * STZ_LANES * CHAINS * rounds;
}

static void linear(const float *w, const float *b, const float *x, float *y, int in, int first, int last)
{
    for (int o = first; o < last; o++) {
        const float *row = w + (ptrdiff_t)o * in;
        vf s[4] = {zero(), zero(), zero(), zero()};
        int i = 0;
        for (; i + 4 * STZ_LANES <= in; i += 4 * STZ_LANES)
            for (int k = 0; k < 4; k++)
                s[k] = fma_(ld(row + i + k * STZ_LANES), ld(x + i + k * STZ_LANES), s[k]);
        float lanes[STZ_LANES], sum = b ? b[o] : 0;
        st(lanes, (s[0] + s[1]) + (s[2] + s[3]));
        for (; i < in; i++)
            sum += row[i] * x[i];
        for (int l = 0; l < STZ_LANES; l++)
            sum += lanes[l];
        y[o] = sum;
    }
}

const stz_kernels K(kernels) = {
    .isa = STZ_ISA_ID,
    .lanes = STZ_LANES,
    .rows_max = {0, 12, STZ_REGS == 32 ? 12 : 6, STZ_REGS == 32 ? 9 : 4},
#ifdef STZ_HALF
    .half = true,
#endif
    .elem_size = sizeof(elem_t),
    .conv = conv,
    .first9 = K(first9),
    .last9 = K(last9),
#ifndef STZ_HALF
    .settle = K(settle),
    .expand = K(expand),
    .weight_gradient = K(weight_gradient),
    .tile_gradients = K(tile_gradients),
    .tile_products = K(tile_products),
    .tile_weights = K(tile_weights),
    .inner_products = K(inner_products),
    .sum = K(sum),
    .adam = K(adam),
    .feature_sums = K(feature_sums),
    .feature_gradient = K(feature_gradient),
#endif
    .pool = K(pool),
    .weights = K(weights),
    .linear = linear,
    .peak = peak,
};
