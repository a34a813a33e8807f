/*
 * Jobs: accepted at once, painted when there is time, fetched later.
 *
 * A job's upload lies in the state directory from its acceptance to its end, its result from then to
 * its expiry, so that a restart loses none; memory holds only what is being painted.
 */
#ifndef SERVER_JOBS_H
#define SERVER_JOBS_H

#include "jobs/job_list.h"

/* Nothing is done with the painter, the counters and the pool yet. */
struct jobs *jobs_create(const config *c, painter *p, metrics *m, io_pool *pool, char *message, size_t size);
/* Opens the folder, if there is one; false if one was asked for and cannot be used. */
bool jobs_open(struct jobs *j, char *message, size_t size);
/* Where that folder is; NULL: there is none yet. */
const char *jobs_folder(const struct jobs *j);
/* Takes up what an earlier run left in the folder. */
bool jobs_start(struct jobs *j, char *message, size_t size);
/* No more jobs are started; those in the backlog stay in the folder for the next run. */
void jobs_stop(struct jobs *j);
/* Ends what the painter has handed over. Nothing is in work any more when this is called. */
void jobs_destroy(struct jobs *j);

#endif
