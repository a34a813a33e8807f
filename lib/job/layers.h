/* Styles that are painted as one, and where. */
#ifndef STZ_LAYERS_H
#define STZ_LAYERS_H

#include "job/env.h"
#include "job/job.h"

/* Puts the job's styles in the order of their layers; sum: of all weights. Checks the masks. */
stylize_status stz_layers_take(const stz_env *env, stz_job *job, double sum, stylize_error *err);

#endif
