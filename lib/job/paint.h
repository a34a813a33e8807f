/* The engine step of jobs. */
#ifndef STZ_PAINT_H
#define STZ_PAINT_H

#include "job/env.h"
#include "job/job.h"

/* n jobs of one network, way and size, up to STZ_BATCH_MAX. exec->cancel is the job's own if n is 1. Each job
 * gets a status. */
void stz_step_paint(stz_env *env, stz_job *const *jobs, int n, const stz_exec *exec);

#endif
