/* The engines of a context: opened when they are first needed, and which of them runs a network. */
#ifndef STZ_SELECT_H
#define STZ_SELECT_H

#include <pthread.h>

#include "engine/registry.h"

typedef struct stz_open_engine {
    const stz_engine *table;
    void *state; /* NULL until it is open */
    stz_engine_caps caps;
    int running; /* paint steps at work now; the scheduler's, under its lock */
} stz_open_engine;

typedef struct stz_engines {
    char *name, *device;      /* as they were asked for, "auto" if they were not */
    stz_engine_config config; /* what each of them is opened with */
    pthread_mutex_t lock;     /* over opening */
    stz_open_engine open[STZ_ENGINES_MAX];
} stz_engines;

/* Checks the names and copies them; NULL and "" are auto. config's device is set from them. On failure
 * it is all zero. INVALID, NOT_FOUND, NOMEM. */
stylize_status stz_engines_create(stz_engines *e, const char *name, const char *device,
                                  const stz_engine_config *config, stylize_error *err);
void stz_engines_destroy(stz_engines *e); /* all zero is fine */

/* Opens the one that was asked for by name, or by the name of a device. */
stylize_status stz_engines_open_asked(stz_engines *e, stylize_error *err);
/* The engine of that name, opened if need be. */
stylize_status stz_engines_get(stz_engines *e, const char *name, stz_open_engine **out, stylize_error *err);
/* Which engine runs a network, by what was asked for; opens it. */
stylize_status stz_engines_choose(stz_engines *e, const stz_model *model, stz_open_engine **out,
                                  stylize_error *err);
/* Adds the counters of their devices. */
void stz_engines_stats(stz_engines *e, stylize_stats *stats);

#endif
