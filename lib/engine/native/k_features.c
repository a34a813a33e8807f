/* Sums over the pixels of feature maps, and the gradient that losses of those sums have by the features. */
#include "engine/native/k_internal.h"

/* The sums of f and of f g of a row, for one vector of channels. */
static void row_sums(const stz_features *p, int k, int y, int l, float *sum, float *cross)
{
    const int block = p->layout.block;
    const float *f = p->f + k * p->layout.plane + y * p->layout.row + l;
    const float *g = p->g ? p->g + k * p->g_layout.plane + y * p->g_layout.row + l : f;
    vf s = zero(), c = zero();
    for (int x = 0; x < p->width; x++) {
        const vf v = ld(f + (ptrdiff_t)x * block);
        s = s + v;
        if (p->g)
            c = fma_(v, ld(g + (ptrdiff_t)x * block), c);
    }
    st(sum, ld(sum) + s);
    st(cross, ld(cross) + c);
}

void K(feature_sums)(void *arg, int item, void *scratch)
{
    const stz_feature_sums *s = arg;
    const stz_features *p = &s->part;
    const int block = p->layout.block, channels = stz_padded_channels(&p->layout), planes = channels / block;
    const int first = item * p->band, last = stz_min(first + p->band, p->height);
    const size_t size = stz_sums_size(&p->layout);
    float *sum = s->records + (size_t)item * size, *cross = sum + channels, *second = cross + channels;
    memset(sum, 0, size * sizeof *sum);
    for (int y = first; y < last; y++)
        for (int k = 0; k < planes; k++) {
            const float *f = p->f + k * p->layout.plane + y * p->layout.row;
            for (int l = 0; l < block; l += STZ_LANES)
                row_sums(p, k, y, l, sum + k * block + l, cross + k * block + l);
            for (int other = 0; other <= k; other++)
                K(product)
            (&(stz_product){.rows = block,
                            .columns = block,
                            .depth = p->width,
                            .a = p->f + other * p->layout.plane + y * p->layout.row,
                            .b = f,
                            .am = 1,
                            .ak = block,
                            .ldb = block,
                            .ldc = channels,
                            .c = second + (ptrdiff_t)other * block * channels + k * block});
        }
}

void K(feature_gradient)(void *arg, int item, void *scratch)
{
    const stz_feature_gradient *g = arg;
    const stz_features *p = &g->part;
    const int block = p->layout.block, channels = stz_padded_channels(&p->layout), planes = channels / block;
    const int first = item * p->band, last = stz_min(first + p->band, p->height);
    for (int y = first; y < last; y++)
        for (int k = 0; k < planes; k++) {
            float *to = g->to + k * g->plane + y * g->row;
            const float *other = p->g ? p->g + k * p->g_layout.plane + y * p->g_layout.row : NULL;
            for (int l = 0; l < block; l += STZ_LANES) {
                const vf constant = ld(g->constant + k * block + l), cross = ld(g->cross + k * block + l);
                for (int x = 0; x < p->width; x++) {
                    float *t = to + (ptrdiff_t)x * block + l;
                    const vf v = ld(t) + constant;
                    st(t, other ? fma_(cross, ld(other + (ptrdiff_t)x * block + l), v) : v);
                }
            }
            for (int from = 0; from < planes; from++)
                K(product)
            (&(stz_product){.rows = p->width,
                            .columns = block,
                            .depth = block,
                            .a = p->f + from * p->layout.plane + y * p->layout.row,
                            .b = g->matrix + (ptrdiff_t)from * block * channels + k * block,
                            .am = block,
                            .ak = 1,
                            .ldb = channels,
                            .ldc = block,
                            .c = to});
        }
}
