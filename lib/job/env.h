/* What jobs are painted with: all that a context has but its scheduler. */
#ifndef STZ_ENV_H
#define STZ_ENV_H

#include <stdatomic.h>

#include "codec/limits.h"
#include "engine/net.h"
#include "style/code_cache.h"
#include "style/styles.h"

typedef struct stz_env {
    stz_log log;
    stz_pool *pool;
    stz_limits limits;
    uint64_t memory_budget; /* of an engine run, unless the request says another */
    stz_style_lib *styles;
    stz_code_cache *codes; /* NULL if there is no encoder */
    atomic_ullong code_hits, code_misses;
    stz_engines engines;
    stz_nets nets;
} stz_env;

#endif
