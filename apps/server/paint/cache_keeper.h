/*
 * Keeping results: fast tiers at once, slow ones later, and none of a subject whose data was erased
 * since its painting was accepted.
 */
#ifndef SERVER_CACHE_KEEPER_H
#define SERVER_CACHE_KEEPER_H

#include "base/io_pool.h"
#include "paint/cache.h"

#define KEEP_ERASED 64 /* erasures that are remembered; after more, results of subjects are not kept */

typedef struct keeper {
    cache *cache;
    io_pool *pool; /* NULL: slow tiers are filled at once */
    uint64_t waiting_max;
    atomic_uint_fast64_t waiting, dropped; /* bytes; results */
    pthread_mutex_t lock;
    uint64_t erasures;
    char erased[KEEP_ERASED][STORED_SUBJECT];
} keeper;

void keeper_init(keeper *k, cache *c, uint64_t waiting_max);
void keeper_free(keeper *k);
/* How many erasures there were; to be asked when a painting is accepted. */
uint64_t keeper_now(keeper *k);
void keep(keeper *k, const painting_key *key, painting *p, uint64_t accepted);
/* From all tiers; from here on nothing of the subject that was accepted before is kept. */
size_t keeper_forget(keeper *k, const char *subject, bool *whole);
/* The same from what this machine has, after another server erased the rest. */
size_t keeper_forget_here(keeper *k, const char *subject);

#endif
