/* The first step of a job: its network loaded, its content decoded and of the output's size, its way decided. */
#ifndef STZ_PREPARE_H
#define STZ_PREPARE_H

#include "job/env.h"
#include "job/job.h"

/* Sets job->status, and job->err on failure. */
stylize_status stz_step_prepare(stz_env *env, stz_job *job);

#endif
