/* The cache's tier in a store that all servers share. */
#ifndef SERVER_STORE_TIER_H
#define SERVER_STORE_TIER_H

#include "paint/cache.h"
#include "remote/store.h"

/* The store outlives the cache. bytes_max: of one result. */
bool cache_add_store(cache *c, store *s, uint64_t bytes_max);

#endif
