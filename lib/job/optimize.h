/*
 * The method optimize: from coarse to fine. At each size the engine changes the picture until its
 * statistics in the loss network are the style's; the result, scaled up, starts the next size. Large
 * shapes are found where they are cheap, and the last size has only the brush strokes left to do.
 */
#ifndef STZ_OPTIMIZE_H
#define STZ_OPTIMIZE_H

#include "job/env.h"
#include "job/job.h"

/* Into job->painted, which has the content's size. */
stylize_status stz_paint_optimized(const stz_env *env, stz_job *job, const stz_layer *layer,
                                   const stz_exec *exec, stylize_error *err);

#endif
