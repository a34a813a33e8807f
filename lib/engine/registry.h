/* The engines that there are. */
#ifndef STZ_REGISTRY_H
#define STZ_REGISTRY_H

#include "engine/engine.h"

#define STZ_ENGINES_MAX 8

/* The engines of this build, in order of preference on a CPU. Tests add theirs with register. */
const stz_engine *stz_engine_at(int index); /* NULL after the last */
const stz_engine *stz_engine_find(const char *name);
void stz_engine_register(const stz_engine *engine);

#endif
