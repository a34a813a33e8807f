/* The thread that ends jobs: it waits for the disk, so that those that paint and those that serve never do. */
#ifndef SERVER_JOB_CLOSER_H
#define SERVER_JOB_CLOSER_H

#include "jobs/job_list.h"

/* Ends what is handed to it, lets go what is too old, and tries again to remove what could not be. Until j->closed,
 * and then until all that was handed to it is ended. */
void *jobs_close(void *jobs);

#endif
