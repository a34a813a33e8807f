/*
 * Searches for the smallest value of a function of a long vector whose gradient is known: L-BFGS with a strong Wolfe
 * line search (Nocedal and Wright 2006, algorithms 7.4, 3.5 and 3.6), and Adam. Both end when the function that is
 * asked says so.
 */
#ifndef STZ_SEARCH_H
#define STZ_SEARCH_H

#include "engine/native/vectors.h"

#define STZ_HISTORY_MAX 20

/* Vectors that a search needs besides x. */
static inline size_t stz_search_vectors(bool adam, int history) { return adam ? 3 : 6 + 2 * (size_t)history; }
static inline size_t stz_search_records(size_t length, int history)
{
    return length / STZ_CHUNK * 3 * (2 * (size_t)history + 1);
}

void stz_search_lbfgs(const stz_search *s);
/* share: how much of the search is left, 1 to 0: the rate falls with it. */
void stz_search_adam(const stz_search *s, double (*share)(void *user));

#endif
