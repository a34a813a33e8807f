/*
 * How many jobs there may be, and how much of the disk they may have. What is over does not count against what comes:
 * where there is no room for a new one, the oldest results of whoever has most of them go first. A client has a share of
 * what waits, so that it does not close the door to all others.
 */
#ifndef SERVER_JOB_ADMISSION_H
#define SERVER_JOB_ADMISSION_H

#include "jobs/job_list.h"

/* Takes a place for a new job of that client with an upload of so many bytes; false: there is none. */
bool jobs_admit(struct jobs *j, uint64_t client, uint64_t bytes, problem *wrong);
/* The place is the job's in the list now, or is given back. */
void jobs_admitted(struct jobs *j, uint64_t bytes);
/* Lets results go until what is kept is within the limits. */
void jobs_fit(struct jobs *j);

#endif
