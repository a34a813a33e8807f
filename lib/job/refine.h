/*
 * A painting with large strokes for a large picture: painted small, it is brought to its size in doublings, and each time
 * the photograph's detail of that size is laid on it and it is painted over by half. So the strokes are those of the small
 * painting, with finer ones in them, as a painter goes from broad to fine brushes.
 */
#ifndef STZ_REFINE_H
#define STZ_REFINE_H

#include "job/env.h"
#include "job/job.h"

/* Whether the picture that is painted is so much smaller than the output that scaling alone would leave it soft. */
bool stz_refines(const stz_job *job);
/* One layer from job->work into job->painted, which is there and has the size of that; then it has the output's. */
stylize_status stz_paint_refined(const stz_env *env, stz_job *job, const stz_layer *layer, const float *code,
                                 const stz_exec *exec, stylize_error *err);

#endif
