/* The cache's tier in Redis, which all servers of a fleet share. */
#ifndef SERVER_REDIS_TIER_H
#define SERVER_REDIS_TIER_H

#include "paint/cache.h"
#include "remote/redis.h"

typedef struct redis_tier_options {
    redis *redis;       /* outlives the cache */
    const char *prefix; /* of all keys */
    uint64_t value_max; /* bytes of one result; larger ones are not kept here */
    uint64_t ttl_ms;
} redis_tier_options;

bool cache_add_redis(cache *c, const redis_tier_options *o);

/*
 * Erasures of all servers, so that each removes what it alone has. Tells of those after *last (""
 * at first: all that are known) and moves it on. when_ms: milliseconds since 1970.
 */
void redis_erasures(redis *r, const char *prefix, char last[40],
                    void (*each)(void *user, const char *subject, const char *who, int64_t when_ms),
                    void *user);
bool redis_erasure_add(redis *r, const char *prefix, const char *who, const char *subject);

#endif
