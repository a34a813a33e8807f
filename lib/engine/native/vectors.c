#include "engine/native/vectors.h"

#include <string.h>

void stz_search_products(const stz_search *s, const float *const *v, int count, const float *const *with,
                         int others, double *out)
{
    stz_vectors j = {.v = v, .count = count, .with = with, .others = others, .records = s->records};
    stz_team_run(s->team, s->kernels->inner_products, &j, stz_search_items(s));
    memset(out, 0, sizeof *out * (size_t)count * (size_t)others);
    for (int item = 0; item < stz_search_items(s); item++)
        for (int i = 0; i < count * others; i++)
            out[i] += s->records[(size_t)item * (size_t)(count * others) + (size_t)i];
}

double stz_search_product(const stz_search *s, const float *a, const float *b)
{
    double product;
    stz_search_products(s, &a, 1, &b, 1, &product);
    return product;
}

void stz_search_sum(const stz_search *s, const float *const *v, const double *factors, int count, float *out)
{
    stz_vectors j = {.v = v, .count = count, .factors = factors, .out = out};
    stz_team_run(s->team, s->kernels->sum, &j, stz_search_items(s));
}

void stz_search_add(const stz_search *s, const float *a, double factor, const float *b, float *out)
{
    stz_search_sum(s, (const float *const[]){a, b}, (const double[]){1, factor}, 2, out);
}
