/* Work on long vectors: see stz_vectors. */
#include <math.h>

#include "engine/native/k_internal.h"

INLINE double lanes_sum(vf v)
{
    float lanes[STZ_LANES];
    double sum = 0;
    st(lanes, v);
    for (int l = 0; l < STZ_LANES; l++)
        sum += (double)lanes[l];
    return sum;
}

/* A chunk of v times that of up to three others: v is read once. Sums are short, then double. */
INLINE void products(const float *v, const float *const *with, const int others, double *out)
{
    enum { SHORT = 1024 };
    for (int o = 0; o < others; o++)
        out[o] = 0;
    for (int first = 0; first < STZ_CHUNK; first += SHORT) {
        vf sum[3][2] = {{zero(), zero()}, {zero(), zero()}, {zero(), zero()}};
        for (int i = first; i < first + SHORT; i += 2 * STZ_LANES) {
            const vf a = ld(v + i), b = ld(v + i + STZ_LANES);
            UNROLL(3)
            for (int o = 0; o < others; o++) {
                sum[o][0] = fma_(a, ld(with[o] + i), sum[o][0]);
                sum[o][1] = fma_(b, ld(with[o] + i + STZ_LANES), sum[o][1]);
            }
        }
        for (int o = 0; o < others; o++)
            out[o] += lanes_sum(sum[o][0] + sum[o][1]);
    }
}

void K(inner_products)(void *arg, int item, void *scratch)
{
    const stz_vectors *j = arg;
    const ptrdiff_t at = (ptrdiff_t)item * STZ_CHUNK;
    const float *with[3] = {0};
    for (int o = 0; o < j->others; o++)
        with[o] = j->with[o] + at;
    double *record = j->records + (ptrdiff_t)item * j->others * j->count, out[3];
    for (int i = 0; i < j->count; i++) {
        const float *v = j->v[i] + at;
        if (j->others == 1)
            products(v, with, 1, out);
        else if (j->others == 2)
            products(v, with, 2, out);
        else
            products(v, with, 3, out);
        for (int o = 0; o < j->others; o++)
            record[o * j->count + i] = out[o];
    }
}

void K(sum)(void *arg, int item, void *scratch)
{
    const stz_vectors *j = arg;
    const ptrdiff_t at = (ptrdiff_t)item * STZ_CHUNK;
    enum { PART = 4 * STZ_LANES };
    for (ptrdiff_t i = at; i < at + STZ_CHUNK; i += PART) {
        vf s[4] = {zero(), zero(), zero(), zero()};
        for (int k = 0; k < j->count; k++) {
            const vf factor = bc((float)j->factors[k]);
            UNROLL(4)
            for (int l = 0; l < 4; l++)
                s[l] = fma_(factor, ld(j->v[k] + i + l * STZ_LANES), s[l]);
        }
        UNROLL(4)
        for (int l = 0; l < 4; l++)
            st(j->out + i + l * STZ_LANES, s[l]);
    }
}

void K(adam)(void *arg, int item, void *scratch)
{
    const stz_adam *a = arg;
    const ptrdiff_t at = (ptrdiff_t)item * STZ_CHUNK;
    for (ptrdiff_t i = at; i < at + STZ_CHUNK; i++) {
        const float g = a->gradient[i];
        a->mean[i] = a->first * a->mean[i] + (1 - a->first) * g;
        a->square[i] = a->second * a->square[i] + (1 - a->second) * g * g;
        a->x[i] -= a->rate * a->mean[i] / (sqrtf(a->square[i]) * a->correction + 1e-8f);
    }
}
