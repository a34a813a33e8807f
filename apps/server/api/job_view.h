/* A job as clients see it. */
#ifndef SERVER_JOB_VIEW_H
#define SERVER_JOB_VIEW_H

#include "base/json_text.h"
#include "http/exchange.h"
#include "jobs/job_list.h"

/* The job that the address names, if the client may see it; held for the caller, or NULL. With a broker it
 * may wait, as another server may have accepted it; *asked: whether that is known. */
job *job_of(exchange *x, bool *asked);
/* Why there is none: 404, or 503 if that is not known. */
bool job_missing(problem *p, bool asked);
/* What is known of it. */
json_t *job_json(struct jobs *j, const job *b);

#endif
