/* A picture in one engine run. */
#ifndef STZ_WHOLE_H
#define STZ_WHOLE_H

#include "job/env.h"
#include "job/job.h"

/* job->work into job->painted. */
stylize_status stz_paint_whole(const stz_env *env, stz_job *job, const float *code, const stz_exec *exec,
                               stylize_error *err);

#endif
