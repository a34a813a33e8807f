/* The end of a job: what becomes of its files and of its place. */
#ifndef SERVER_JOB_END_H
#define SERVER_JOB_END_H

#include "jobs/job_list.h"

/* Ends it; the painting is released, why may be NULL with it. Waits for the disk. */
void jobs_finish(struct jobs *j, job *b, job_state state, painting *result, const problem *why);
/* The same by the thread of job_closer.h, for callers that must not wait; takes over a hold of the job. */
void jobs_finish_later(struct jobs *j, job *b, job_state state, painting *result, const problem *why);
/* Removes the files that should not be there any more, if there may be some. False: they still are. Waits. */
bool jobs_clean(struct jobs *j, job *b);

#endif
