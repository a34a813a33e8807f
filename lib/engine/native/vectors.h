/* Long vectors of a search, by the team's kernels: sums in one order, whoever computes them. */
#ifndef STZ_VECTORS_H
#define STZ_VECTORS_H

#include "engine/native/kernel.h"

typedef struct stz_search {
    const stz_kernels *kernels;
    stz_team *team;
    size_t length; /* of a vector: whole chunks, zero at the end */
    /* The value at x and its gradient. False: no more. */
    bool (*ask)(void *user, const float *x, float *gradient, double *value);
    void *user;
    float *x; /* where to start */
    int history;
    float *vectors;  /* stz_search_vectors of them */
    double *records; /* stz_search_records numbers */
} stz_search;

/* Chunks of a vector. */
static inline int stz_search_items(const stz_search *s) { return (int)(s->length / STZ_CHUNK); }

/* Of vectors of s->length. */
double stz_search_product(const stz_search *s, const float *a, const float *b);
/* out = a + factor * b */
void stz_search_add(const stz_search *s, const float *a, double factor, const float *b, float *out);
/* out = sum of factors[i] * v[i] */
void stz_search_sum(const stz_search *s, const float *const *v, const double *factors, int count, float *out);

/* out[o * count + i]: with[o] times v[i]. */
void stz_search_products(const stz_search *s, const float *const *v, int count, const float *const *with,
                         int others, double *out);

#endif
