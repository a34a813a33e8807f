/* Lists of jobs and a job's end; for queue.c and worker.c. Lists are guarded by the context's lock. */
#ifndef STZ_QUEUE_H
#define STZ_QUEUE_H

#include "sched/ctx.h"

void stz_list_push(stz_list *list, stz_job *job);
void stz_list_insert(stz_list *list, stz_job *job); /* in order of ids: requests start as they came */
stz_job *stz_list_pop(stz_list *list);              /* or NULL */
bool stz_list_remove(stz_list *list, stz_job *job); /* false: it is not in the list */

/* Moves jobs whose deadline has passed from the lists where they wait to `finishing`. Under the lock. */
void stz_job_expire(stylize_ctx *ctx, uint64_t now);
/* Counts the job, gives its slot back and calls its callback. Not under the lock. */
void stz_job_end(stylize_ctx *ctx, stz_job *job);

#endif
