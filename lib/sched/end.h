/* How jobs leave the scheduler. */
#ifndef STZ_END_H
#define STZ_END_H

#include "sched/sched.h"

/* Moves jobs whose deadline has passed from the lists where they wait to `finishing`. Under the lock. */
void stz_job_expire(stylize_ctx *ctx, uint64_t now);
/* Gives a job's slot back. Under the lock. */
void stz_slot_give(stylize_ctx *ctx, stz_job *job);
/* Counts the job, gives its slot back and calls its callback. Not under the lock. */
void stz_job_end(stylize_ctx *ctx, stz_job *job);

#endif
