/* Styles that are painted as one, and where. */
#ifndef STZ_LAYERS_H
#define STZ_LAYERS_H

#include "job/env.h"
#include "job/job.h"

/* Puts the job's styles in the order of their layers, and checks their masks. numbers: which of the request's each
 * of them was. */
stylize_status stz_layers_take(const stz_env *env, stz_job *job, const size_t *numbers, stylize_error *err);

#endif
