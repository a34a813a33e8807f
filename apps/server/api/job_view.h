/* A job as clients see it. */
#ifndef SERVER_JOB_VIEW_H
#define SERVER_JOB_VIEW_H

#include "base/json_text.h"
#include "http/exchange.h"
#include "jobs/job_list.h"

/* The job that the address names, if the client may see it; held for the caller, or NULL. With a broker it
 * may wait, as another server may have accepted it. */
job *job_of(exchange *x);
/* What is known of it. */
json_t *job_json(struct jobs *j, const job *b);

#endif
