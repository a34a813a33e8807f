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

#endif
