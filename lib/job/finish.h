/* The last step of a job: strength, colour, alpha, encoding, the result in the caller's hands. */
#ifndef STZ_FINISH_H
#define STZ_FINISH_H

#include "job/env.h"
#include "job/job.h"

/* Sets job->status, and job->err on failure. */
stylize_status stz_step_finish(const stz_env *env, stz_job *job);

#endif
