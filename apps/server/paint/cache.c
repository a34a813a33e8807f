#include "paint/cache.h"

#include "common/clock.h"

painting *cache_get(cache *c, const painting_key *key, int *tier)
{
    for (int i = 0; i < c->tier_count; i++) {
        painting *p = c->tiers[i].get(c->tiers[i].state, key);
        if (!p)
            continue;
        for (int above = 0; above < i; above++)
            c->tiers[above].put(c->tiers[above].state, key, p);
        *tier = i;
        return p;
    }
    return NULL;
}

painting *cache_get_fast(cache *c, const painting_key *key)
{
    return c->tier_count && !c->tiers[0].slow ? c->tiers[0].get(c->tiers[0].state, key) : NULL;
}

bool cache_has_slow(const cache *c) { return c->tier_count && c->tiers[c->tier_count - 1].slow; }

void cache_put_into(cache *c, bool slow, const painting_key *key, painting *p)
{
    for (int i = 0; i < c->tier_count; i++)
        if (c->tiers[i].slow == slow)
            c->tiers[i].put(c->tiers[i].state, key, p);
}

size_t cache_forget(cache *c, const char *subject, bool *whole)
{
    size_t n = 0;
    for (int i = 0; i < c->tier_count; i++)
        n += c->tiers[i].forget(c->tiers[i].state, subject, whole);
    return n;
}

void cache_sweep(cache *c, int64_t seconds)
{
    const int64_t before = (int64_t)now_seconds() - seconds;
    for (int i = 0; i < c->tier_count; i++)
        if (c->tiers[i].sweep)
            c->tiers[i].sweep(c->tiers[i].state, before);
}

void cache_close(cache *c)
{
    for (int i = 0; i < c->tier_count; i++)
        c->tiers[i].close(c->tiers[i].state);
    c->tier_count = 0;
}
