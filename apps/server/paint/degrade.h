/*
 * Smaller results under load, decided by how long requests really wait.
 *
 * Above the threshold the level rises by one step at a time, below half of it it falls again. The
 * clock is a parameter, so that the whole behaviour can be tested without waiting.
 */
#ifndef SERVER_DEGRADE_H
#define SERVER_DEGRADE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define DEGRADE_LEVELS 4 /* 0 is full size */

typedef struct degrade {
    pthread_mutex_t lock;
    uint64_t threshold_ns; /* 0: never */
    uint64_t wait_ns;      /* smoothed waiting time of those that were served */
    uint64_t seen_ns;      /* when that was last renewed */
    uint64_t changed_ns;
    int level;
} degrade;

void degrade_init(degrade *d, uint64_t threshold_ns);
/* A request had waited that long when its painting began. */
void degrade_sample(degrade *d, uint64_t waited_ns, uint64_t now_ns);
/* The level for a request that arrives now; oldest_ns: how long the oldest one in the queue has waited. */
int degrade_level(degrade *d, uint64_t oldest_ns, uint64_t now_ns);
/* How long those that were served last had waited, for those who are to come later; 1 at least. */
unsigned degrade_wait_s(degrade *d);
/* A side at that level: a multiple of 4, never below 256 unless it was before. */
uint32_t degrade_side(uint32_t side, int level);

#endif
