/* Paintings of several layers, or at another size than the output's. */
#ifndef STZ_COMPOSE_H
#define STZ_COMPOSE_H

#include "job/env.h"
#include "job/job.h"

/* Makes job->painted. code: room for one of the network. */
stylize_status stz_paint_composed(stz_env *env, stz_job *job, float *code, const stz_exec *exec,
                                  stylize_error *err);

#endif
