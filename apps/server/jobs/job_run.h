/* From the backlog to the end: one thread takes jobs, a few at a time, so that they leave room for others. */
#ifndef SERVER_JOB_RUN_H
#define SERVER_JOB_RUN_H

#include "jobs/job_list.h"

/* Puts a new one into the backlog; its file is written already. */
void jobs_add(struct jobs *j, job *b);
/* The thread, until j->stop. */
void *jobs_run(void *jobs);

#endif
