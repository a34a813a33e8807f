/*
 * Searches for the smallest value of a function of a long vector whose gradient is known: L-BFGS with a strong Wolfe
 * line search (Nocedal and Wright 2006, algorithms 7.4, 3.5 and 3.6), and Adam. Both end when the function that is
 * asked says so.
 */
#ifndef STZ_SEARCH_H
#define STZ_SEARCH_H

#include "engine/native/kernel.h"

#define STZ_HISTORY_MAX 20

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

/* Vectors that a search needs besides x. */
static inline size_t stz_search_vectors(bool adam, int history) { return adam ? 3 : 6 + 2 * (size_t)history; }
static inline size_t stz_search_records(size_t length, int history)
{
    return length / STZ_CHUNK * 3 * (2 * (size_t)history + 1);
}

void stz_search_lbfgs(const stz_search *s);
/* share: how much of the search is left, 1 to 0: the rate falls with it. */
void stz_search_adam(const stz_search *s, double (*share)(void *user));

/* Of vectors of s->length. */
double stz_search_product(const stz_search *s, const float *a, const float *b);
/* out = a + factor * b */
void stz_search_add(const stz_search *s, const float *a, double factor, const float *b, float *out);
/* out = sum of factors[i] * v[i] */
void stz_search_sum(const stz_search *s, const float *const *v, const double *factors, int count, float *out);

/* A point on a line: how far along the direction, the value there, its slope, and the gradient. */
typedef struct stz_line_point {
    double t, value, slope;
    float *gradient;
} stz_line_point;

/* Looks along `direction` from `from`, whose point is *start (t 0), beginning with a step of *t. buffers: three
 * gradients that may be overwritten, none of them start's. s->x: receives points. Returns the point that is taken, whose
 * gradient is one of the buffers' or start's; false: no more was to be asked. */
bool stz_search_line(const stz_search *s, const float *from, const float *direction,
                     const stz_line_point *start, double t, float *const buffers[3], stz_line_point *taken);

#endif
