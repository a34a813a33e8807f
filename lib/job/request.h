/* Checking a request, finding its styles and its network. */
#ifndef STZ_REQUEST_H
#define STZ_REQUEST_H

#include "job/env.h"
#include "job/job.h"

/* Checks a request and fills the job from it. On failure the job holds nothing. */
stylize_status stz_job_fill(const stz_env *env, stz_job *job, const stylize_request *req, stylize_error *err);

#endif
