/* Learning a style of one's own as a job. */
#ifndef SERVER_STYLE_JOBS_H
#define SERVER_STYLE_JOBS_H

#include "http/exchange.h"

/* Whether this client may have styles learnt here, and the server can. */
bool style_jobs_allowed(const exchange *x);

void style_jobs_post(exchange *x);
void style_jobs_preview(exchange *x);
void style_jobs_keep(exchange *x);

#endif
