/* The cache's tier in memory: what was used last stays. */
#ifndef SERVER_MEMORY_TIER_H
#define SERVER_MEMORY_TIER_H

#include "paint/cache.h"

/* False without memory; bytes 0: a tier is not added and true is returned. */
bool cache_add_memory(cache *c, uint64_t bytes);

#endif
