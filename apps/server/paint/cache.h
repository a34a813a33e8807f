/*
 * Results by the content of their pictures and all their parameters: memory, then Redis, a folder
 * and an object store, as far as they are configured.
 *
 * A tier is a table of functions, which may be called by any thread at any time. Slow ones wait for
 * a disk or the network, and are asked by threads of the I/O pool only (cache_keeper.h).
 */
#ifndef SERVER_CACHE_H
#define SERVER_CACHE_H

#include "paint/painting.h"

typedef struct cache_tier_counts {
    uint64_t bytes, entries, evictions;
    uint64_t failures; /* results that could not be kept */
    uint64_t left;     /* that should be gone and cannot be removed */
} cache_tier_counts;

typedef struct cache_tier {
    const char *name; /* label of the metrics */
    bool slow;        /* waits for a disk or the network */
    bool shared;      /* with other servers, which see what is put and forgotten */
    void *state;
    painting *(*get)(void *state, const painting_key *key); /* held for the caller, or NULL */
    void (*put)(void *state, const painting_key *key, painting *p);
    /* How many went; NULL: all of this machine's. *whole becomes false if some may be there still. */
    size_t (*forget)(void *state, const char *subject, bool *whole);
    void (*counts)(void *state, cache_tier_counts *out);
    /* Calls for each entry of the subject. */
    void (*list)(void *state, const char *subject,
                 void (*each)(void *user, const painting_key *key, uint64_t bytes), void *user);
    void (*close)(void *state);
    /* Lets go what was painted before, and what could not be removed until now; NULL: its service does that. */
    void (*sweep)(void *state, int64_t before);
} cache_tier;

#define CACHE_TIERS_MAX 4

typedef struct cache {
    cache_tier tiers[CACHE_TIERS_MAX];
    int tier_count;
} cache;

/* The painting, held for the caller, put into all tiers above the one that had it (*tier), or NULL. */
painting *cache_get(cache *c, const painting_key *key, int *tier);
/* From the tier that is fast enough to be asked under a lock. */
painting *cache_get_fast(cache *c, const painting_key *key);
bool cache_has_slow(const cache *c);
/* Into the fast tiers only, or into the others. */
void cache_put_into(cache *c, bool slow, const painting_key *key, painting *p);
/* *whole becomes false if some may be there still. */
size_t cache_forget(cache *c, const char *subject, bool *whole);
/* What is older than so many seconds goes. Waits for the disk. */
void cache_sweep(cache *c, int64_t seconds);
void cache_close(cache *c);

#endif
