/* Jobs over HTTP. */
#ifndef SERVER_JOB_ROUTES_H
#define SERVER_JOB_ROUTES_H

#include "http/exchange.h"

void jobs_post(exchange *x);
void jobs_get(exchange *x);
void jobs_result(exchange *x);
void jobs_delete(exchange *x);

#endif
