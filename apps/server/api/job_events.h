/* Progress of a job as server-sent events. */
#ifndef SERVER_JOB_EVENTS_H
#define SERVER_JOB_EVENTS_H

#include "http/exchange.h"

/* NULL without memory. No stream is open any more when the other is called. */
struct streams *streams_create(void);
void streams_destroy(struct streams *s);
/* A few times a second: sends what is new. closing: all end, also those that are still to come. */
void streams_tick(struct streams *s, bool closing);

void jobs_events(exchange *x);

#endif
