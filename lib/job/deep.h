/* Painting with more than 8 bits a channel. */
#ifndef STZ_JOB_DEEP_H
#define STZ_JOB_DEEP_H

#include "base/exec.h"
#include "job/env.h"
#include "job/job.h"

/* What a request for 16 bits cannot be combined with is refused here. */
stylize_status stz_deep_check(const stz_job *job, stylize_error *err);

/* The content as pixels of the depth that the job works with: `in` itself, or *own, which is made then. */
stylize_status stz_deep_content(const stz_env *env, const stz_job *job, const stylize_image *in,
                                stylize_image *own, stylize_error *err);

/* The engine on the part `outer` of the job's picture, in floating point; what of it is `inner` goes to the painting. */
stylize_status stz_deep_apply(const stz_env *env, stz_job *job, stz_rect outer, stz_rect inner,
                              const float *code, const float *stats, const stz_exec *exec,
                              stylize_error *err);

/* Strength and colour, and the alpha of the content: the finished pixels. */
stylize_status stz_deep_finish(const stz_env *env, stz_job *job, stylize_image *out, stylize_error *err);

#endif
