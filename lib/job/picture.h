/* One picture, in the way that was decided for it. */
#ifndef STZ_PICTURE_H
#define STZ_PICTURE_H

#include "job/env.h"
#include "job/job.h"

/* job->work into job->painted, as `how` says: WHOLE, TILED or OPTIMIZE. */
stylize_status stz_paint_picture(const stz_env *env, stz_job *job, stz_way how, const stz_layer *layer,
                                 const float *code, const stz_exec *exec, stylize_error *err);

#endif
