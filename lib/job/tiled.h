/* A picture that is above the memory budget in one piece. */
#ifndef STZ_TILED_H
#define STZ_TILED_H

#include "job/env.h"
#include "job/job.h"

/* One tile into job->painted. The job's work and painting begin at (x, y) of the picture. */
stylize_status stz_paint_tile(const stz_env *env, stz_job *job, const stz_tile *tile, int x, int y,
                              const float *code, const float *stats, const stz_exec *exec,
                              stylize_error *err);
/* In tiles that keep the engine within the budget, with the instance-norm statistics of a thumbnail, into
 * job->painted. */
stylize_status stz_paint_tiled(const stz_env *env, stz_job *job, const float *code, const stz_exec *exec,
                               stylize_error *err);

#endif
