/*
 * Results by the content of their pictures and all their parameters: memory, then a folder.
 *
 * A tier is a table of functions, so that others (a server on the network, an object store) can be
 * put behind these two without a change to who uses the cache. All functions may be called by any
 * thread at any time.
 */
#ifndef SERVER_CACHE_H
#define SERVER_CACHE_H

#include "painting.h"

typedef struct cache_tier_counts {
    uint64_t bytes, entries, evictions;
} cache_tier_counts;

typedef struct cache_tier {
    const char *name; /* label of the metrics */
    void *state;
    painting *(*get)(void *state, const painting_key *key); /* held for the caller, or NULL */
    void (*put)(void *state, const painting_key *key, painting *p);
    size_t (*forget)(void *state, const char *subject); /* how many went; NULL: all */
    void (*counts)(void *state, cache_tier_counts *out);
    /* Calls for each entry of the subject. */
    void (*list)(void *state, const char *subject,
                 void (*each)(void *user, const painting_key *key, uint64_t bytes), void *user);
    void (*close)(void *state);
} cache_tier;

#define CACHE_TIERS_MAX 4

typedef struct cache {
    cache_tier tiers[CACHE_TIERS_MAX];
    int tier_count;
} cache;

/* LRU in memory. False without memory; bytes 0: a tier is not added and true is returned. */
bool cache_add_memory(cache *c, uint64_t bytes);
/* Files in a folder, which is made if it is not there; false with a message. */
bool cache_add_folder(cache *c, const char *path, uint64_t bytes, char *message, size_t size);

/* The painting, held for the caller, put into all tiers above the one that had it (*tier), or NULL. */
painting *cache_get(cache *c, const painting_key *key, int *tier);
/* From the first tier only, which is fast enough to be asked under a lock. */
painting *cache_get_fast(cache *c, const painting_key *key);
void cache_put(cache *c, const painting_key *key, painting *p);
size_t cache_forget(cache *c, const char *subject);
void cache_close(cache *c);

#endif
