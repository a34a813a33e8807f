/* How jobs go: at the wish of a client, with the data of a subject, after their time. */
#ifndef SERVER_JOB_REMOVAL_H
#define SERVER_JOB_REMOVAL_H

#include "jobs/job_list.h"

/* Cancels or removes; its files go. */
void jobs_remove(struct jobs *j, job *b);
#define JOBS_AT_ONCE 256
/* Removes a subject's jobs that were accepted up to then, JOBS_AT_ONCE at most; how many. A remote one is
 * only taken off the list if its data is erased elsewhere. */
size_t jobs_erase(struct jobs *j, const char *subject, int64_t until, bool elsewhere);
/* Ends what is too old. */
void jobs_expire(struct jobs *j, int64_t now);

#endif
