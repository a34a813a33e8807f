/* Puts results where they belong. */
#include "paint/cache_keeper.h"

#include <stdlib.h>
#include <string.h>

typedef struct kept {
    keeper *keeper;
    painting_key key;
    painting *painting;
    uint64_t accepted;
} kept;

void keeper_init(keeper *k, cache *c, uint64_t waiting_max)
{
    memset(k, 0, sizeof *k);
    k->cache = c;
    k->waiting_max = waiting_max;
    pthread_mutex_init(&k->lock, NULL);
}

void keeper_free(keeper *k) { pthread_mutex_destroy(&k->lock); }

uint64_t keeper_now(keeper *k)
{
    pthread_mutex_lock(&k->lock);
    const uint64_t n = k->erasures;
    pthread_mutex_unlock(&k->lock);
    return n;
}

static bool erased_since(keeper *k, const char *subject, uint64_t accepted)
{
    if (!*subject)
        return false;
    pthread_mutex_lock(&k->lock);
    bool yes = k->erasures - accepted > KEEP_ERASED; /* not known any more */
    for (uint64_t i = accepted; !yes && i < k->erasures; i++)
        yes = !strcmp(k->erased[i % KEEP_ERASED], subject);
    pthread_mutex_unlock(&k->lock);
    return yes;
}

/* Once more after it: an erasure in between has seen the tiers without it. */
static void put(keeper *k, bool slow, const painting_key *key, painting *p, uint64_t accepted)
{
    if (erased_since(k, p->subject, accepted))
        return;
    cache_put_into(k->cache, slow, key, p);
    bool whole = true; /* what is not goes with a sweep */
    if (erased_since(k, p->subject, accepted))
        for (int i = 0; i < k->cache->tier_count; i++)
            if (k->cache->tiers[i].slow == slow)
                k->cache->tiers[i].forget(k->cache->tiers[i].state, p->subject, &whole);
}

static void put_slow(void *arg)
{
    kept *w = arg;
    put(w->keeper, true, &w->key, w->painting, w->accepted);
    atomic_fetch_sub(&w->keeper->waiting, w->painting->image.size);
    painting_release(w->painting);
    free(w);
}

void keep(keeper *k, const painting_key *key, painting *p, uint64_t accepted)
{
    put(k, false, key, p, accepted);
    if (!cache_has_slow(k->cache))
        return;
    if (!k->pool) {
        put(k, true, key, p, accepted);
        return;
    }
    const uint64_t bytes = p->image.size;
    kept *w = atomic_fetch_add(&k->waiting, bytes) + bytes <= k->waiting_max ? malloc(sizeof *w) : NULL;
    if (w) {
        *w = (kept){k, *key, painting_hold(p), accepted};
        if (io_pool_run(k->pool, IO_LATER, put_slow, w))
            return;
        painting_release(p);
        free(w);
    }
    atomic_fetch_sub(&k->waiting, bytes);
    atomic_fetch_add(&k->dropped, 1);
}

static void remember(keeper *k, const char *subject)
{
    pthread_mutex_lock(&k->lock);
    char *at = k->erased[k->erasures++ % KEEP_ERASED];
    strncpy(at, subject, STORED_SUBJECT - 1);
    pthread_mutex_unlock(&k->lock);
}

size_t keeper_forget(keeper *k, const char *subject, bool *whole)
{
    remember(k, subject);
    return cache_forget(k->cache, subject, whole);
}

size_t keeper_forget_here(keeper *k, const char *subject)
{
    size_t n = 0;
    bool whole = true;
    remember(k, subject);
    for (int i = 0; i < k->cache->tier_count; i++) {
        const cache_tier *t = &k->cache->tiers[i];
        if (!t->shared)
            n += t->forget(t->state, subject, &whole);
    }
    return n;
}
