/* Random numbers that are the same everywhere: splitmix (Steele, Lea and Flood 2014). Any seed will do. */
#ifndef STZ_RANDOM_H
#define STZ_RANDOM_H

#include <stdint.h>

static inline uint64_t stz_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* 0 to 1, below 1. */
static inline double stz_random_share(uint64_t *state) { return (double)(stz_random(state) >> 11) * 0x1p-53; }

/* 0 to count - 1. */
static inline uint32_t stz_random_below(uint64_t *state, uint32_t count)
{
    return (uint32_t)((stz_random(state) >> 32) * count >> 32);
}

#endif
