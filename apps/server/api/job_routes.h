/* Jobs over HTTP. */
#ifndef SERVER_JOB_ROUTES_H
#define SERVER_JOB_ROUTES_H

#include "http/exchange.h"
#include "jobs/job_list.h"

/* The job that the address names, held for the caller; or NULL, and x has an answer. With a broker it may wait. */
job *job_asked(exchange *x);
/* Answers with the job that the body asks for, once check has found nothing wrong with it, and has filled what b has of
 * its kind. Waits for the disk. */
void job_accept(exchange *x, bool (*check)(exchange *x, job *b, problem *wrong));

void jobs_post(exchange *x);
void jobs_get(exchange *x);
void jobs_result(exchange *x);
void jobs_delete(exchange *x);

#endif
