/*
 * Results in a store:
 *
 *   results/VERSION/KEY              the painting as painting_write makes it
 *   subjects/VERSION/DIGEST/KEY      empty: that the result KEY belongs to a subject
 *
 * They stay until their bucket's lifecycle or an erasure removes them.
 */
#include "paint/store_tier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"

#define NAME_SIZE 200

typedef struct store_tier {
    store *store;
    uint64_t bytes_max;
    atomic_uint_fast64_t too_large;
} store_tier;

static void result_name(const char *hex, char out[NAME_SIZE])
{
    snprintf(out, NAME_SIZE, "results/%s/%.64s", stylize_version(), hex);
}

static void subject_prefix(const char *subject, char out[NAME_SIZE])
{
    uint8_t digest[32];
    char hex[65];
    digest_of(subject, strlen(subject), digest);
    hex_encode(digest, sizeof digest, hex);
    snprintf(out, NAME_SIZE, "subjects/%s/%s/", stylize_version(), hex);
}

static painting *store_tier_get(void *state, const painting_key *key)
{
    store_tier *t = state;
    char hex[65], name[NAME_SIZE];
    buf block = {0};
    hex_encode(key->bytes, sizeof key->bytes, hex);
    result_name(hex, name);
    painting *p = t->store->get(t->store->state, name, t->bytes_max, &block) == BACKEND_HIT
                      ? painting_read(key, (slice){block.data, block.size})
                      : NULL;
    buf_free(&block);
    return p;
}

static void store_tier_put(void *state, const painting_key *key, painting *p)
{
    store_tier *t = state;
    char hex[65], name[NAME_SIZE], mark[NAME_SIZE];
    buf block = {0};
    const store *s = t->store;
    hex_encode(key->bytes, sizeof key->bytes, hex);
    result_name(hex, name);
    if (!painting_write(p, key, &block) || block.size > t->bytes_max) {
        atomic_fetch_add(&t->too_large, 1);
    } else {
        bool ok = true;
        if (p->subject[0]) { /* first, so that no result lies there that its subject does not lead to */
            subject_prefix(p->subject, mark);
            strcat(mark, hex);
            ok = s->put(s->state, mark, "application/octet-stream", (slice){"", 0}) == BACKEND_OK;
        }
        if (ok)
            s->put(s->state, name, "application/octet-stream", (slice){block.data, block.size});
    }
    buf_free(&block);
}

typedef struct finder {
    char (*list)[65];
    size_t count, capacity;
    bool failed; /* there may be more */
} finder;

static void collect(void *user, const char *name)
{
    finder *f = user;
    uint8_t bytes[32];
    const char *last = strrchr(name, '/');
    if (!last || strlen(last + 1) != 64 || !hex_decode(last + 1, 64, bytes))
        return;
    if (f->count == f->capacity) {
        const size_t capacity = f->capacity ? 2 * f->capacity : 64;
        void *more = realloc(f->list, capacity * sizeof *f->list);
        if (!more) {
            f->failed = true;
            return;
        }
        f->list = more;
        f->capacity = capacity;
    }
    memcpy(f->list[f->count++], last + 1, 65);
}

static finder keys_of(store_tier *t, const char *subject)
{
    char prefix[NAME_SIZE];
    finder f = {0};
    subject_prefix(subject, prefix);
    if (t->store->list(t->store->state, prefix, collect, &f) != BACKEND_OK)
        f.failed = true;
    return f;
}

static size_t store_tier_forget(void *state, const char *subject, bool *whole)
{
    store_tier *t = state;
    char name[NAME_SIZE];
    size_t gone = 0;
    if (!subject)
        return 0;
    const store *s = t->store;
    finder f = keys_of(t, subject);
    *whole = *whole && !f.failed;
    for (size_t i = 0; i < f.count; i++) {
        result_name(f.list[i], name);
        if (s->remove(s->state, name) != BACKEND_OK) {
            *whole = false;
            continue; /* its mark stays, so that the next attempt finds it */
        }
        subject_prefix(subject, name);
        strcat(name, f.list[i]);
        s->remove(s->state, name);
        gone++;
    }
    free(f.list);
    return gone;
}

static void store_tier_list(void *state, const char *subject,
                            void (*each)(void *user, const painting_key *key, uint64_t bytes), void *user)
{
    finder f = keys_of(state, subject);
    for (size_t i = 0; i < f.count; i++) {
        painting_key key;
        if (hex_decode(f.list[i], 64, key.bytes))
            each(user, &key, 0);
    }
    free(f.list);
}

static void store_tier_counts(void *state, cache_tier_counts *out)
{
    *out = (cache_tier_counts){.evictions = atomic_load(&((store_tier *)state)->too_large)};
}

bool cache_add_store(cache *c, store *s, uint64_t bytes_max)
{
    store_tier *t = c->tier_count < CACHE_TIERS_MAX ? calloc(1, sizeof *t) : NULL;
    if (!t)
        return false;
    t->store = s;
    t->bytes_max = bytes_max;
    c->tiers[c->tier_count++] = (cache_tier){
        "storage",       true, true, t, store_tier_get, store_tier_put, store_tier_forget, store_tier_counts,
        store_tier_list, free, NULL};
    return true;
}
