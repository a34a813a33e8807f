/* How jobs go: at the wish of a client, with the data of a subject, after their time. */
#ifndef SERVER_JOB_REMOVAL_H
#define SERVER_JOB_REMOVAL_H

#include "jobs/job_list.h"

/* Cancels or removes; its files go. False: some of them cannot be removed now, which is tried again until they can; it
 * then stays in the list, without its result. Waits. */
bool jobs_remove(struct jobs *j, job *b);
#define JOBS_AT_ONCE 256
/* Removes a subject's jobs that were accepted up to then, JOBS_AT_ONCE at most; how many. A remote one is
 * only taken off the list if its data is erased elsewhere. *whole becomes false if something is left. */
size_t jobs_erase(struct jobs *j, const char *subject, int64_t until, bool elsewhere, bool *whole);
/* Ends what is too old; its files go with the next sweep. */
void jobs_expire(struct jobs *j, int64_t now_ms);
/* Removes files that should be gone; again: also if that failed when it was last tried. Waits. */
void jobs_sweep(struct jobs *j, bool again);

#endif
