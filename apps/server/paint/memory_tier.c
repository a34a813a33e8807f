#include "paint/memory_tier.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 4096 /* chains of the table */

typedef struct entry {
    painting_key key;
    painting *painting;
    uint64_t bytes;
    struct entry *chain;         /* same slot */
    struct entry *newer, *older; /* by last use */
} entry;

typedef struct memory {
    pthread_mutex_t lock;
    uint64_t limit;
    entry *slots[SLOTS];
    entry *newest, *oldest;
    cache_tier_counts counts;
} memory;

/* The key is a digest, so that any part of it is a good hash. */
static entry **slot_of(memory *m, const painting_key *key)
{
    uint32_t h;
    memcpy(&h, key->bytes, sizeof h);
    return &m->slots[h % SLOTS];
}

static entry *find(memory *m, const painting_key *key)
{
    entry *e = *slot_of(m, key);
    while (e && memcmp(e->key.bytes, key->bytes, sizeof key->bytes))
        e = e->chain;
    return e;
}

static void unlink_entry(memory *m, entry *e)
{
    *(e->newer ? &e->newer->older : &m->newest) = e->older;
    *(e->older ? &e->older->newer : &m->oldest) = e->newer;
}

static void make_newest(memory *m, entry *e)
{
    e->newer = NULL;
    e->older = m->newest;
    *(m->newest ? &m->newest->newer : &m->oldest) = e;
    m->newest = e;
}

static void drop(memory *m, entry *e)
{
    entry **at = slot_of(m, &e->key);
    while (*at != e)
        at = &(*at)->chain;
    *at = e->chain;
    unlink_entry(m, e);
    m->counts.bytes -= e->bytes;
    m->counts.entries--;
    painting_release(e->painting);
    free(e);
}

static painting *memory_get(void *state, const painting_key *key)
{
    memory *m = state;
    pthread_mutex_lock(&m->lock);
    entry *e = find(m, key);
    painting *p = e ? painting_hold(e->painting) : NULL;
    if (e) {
        unlink_entry(m, e);
        make_newest(m, e);
    }
    pthread_mutex_unlock(&m->lock);
    return p;
}

static void memory_put(void *state, const painting_key *key, painting *p)
{
    memory *m = state;
    const uint64_t bytes = p->image.size + sizeof *p + sizeof(entry);
    if (bytes > m->limit)
        return;
    entry *fresh = calloc(1, sizeof *fresh);
    if (!fresh)
        return;
    *fresh = (entry){.key = *key, .painting = painting_hold(p), .bytes = bytes};
    pthread_mutex_lock(&m->lock);
    entry *old = find(m, key);
    if (old)
        drop(m, old);
    while (m->oldest && m->counts.bytes + bytes > m->limit) {
        drop(m, m->oldest);
        m->counts.evictions++;
    }
    entry **slot = slot_of(m, key);
    fresh->chain = *slot;
    *slot = fresh;
    make_newest(m, fresh);
    m->counts.bytes += bytes;
    m->counts.entries++;
    pthread_mutex_unlock(&m->lock);
}

static size_t memory_forget(void *state, const char *subject, bool *whole)
{
    memory *m = state;
    size_t n = 0;
    pthread_mutex_lock(&m->lock);
    for (entry *e = m->newest, *older; e; e = older) {
        older = e->older;
        if (!subject || !strcmp(e->painting->subject, subject)) {
            drop(m, e);
            n++;
        }
    }
    pthread_mutex_unlock(&m->lock);
    return n;
}

static void memory_sweep(void *state, int64_t before)
{
    memory *m = state;
    pthread_mutex_lock(&m->lock);
    for (entry *e = m->newest, *older; e; e = older) {
        older = e->older;
        if (e->painting->made < before)
            drop(m, e);
    }
    pthread_mutex_unlock(&m->lock);
}

static void memory_list(void *state, const char *subject,
                        void (*each)(void *user, const painting_key *key, uint64_t bytes), void *user)
{
    memory *m = state;
    pthread_mutex_lock(&m->lock);
    for (entry *e = m->newest; e; e = e->older)
        if (!strcmp(e->painting->subject, subject))
            each(user, &e->key, e->painting->image.size);
    pthread_mutex_unlock(&m->lock);
}

static void memory_counts(void *state, cache_tier_counts *out)
{
    memory *m = state;
    pthread_mutex_lock(&m->lock);
    *out = m->counts;
    pthread_mutex_unlock(&m->lock);
}

static void memory_close(void *state)
{
    memory *m = state;
    bool whole = true;
    memory_forget(m, NULL, &whole);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

bool cache_add_memory(cache *c, uint64_t bytes)
{
    if (!bytes)
        return true;
    memory *m = c->tier_count < CACHE_TIERS_MAX ? calloc(1, sizeof *m) : NULL;
    if (!m)
        return false;
    pthread_mutex_init(&m->lock, NULL);
    m->limit = bytes;
    c->tiers[c->tier_count++] = (cache_tier){"memory",    false,        false,         m,
                                             memory_get,  memory_put,   memory_forget, memory_counts,
                                             memory_list, memory_close, memory_sweep};
    return true;
}
