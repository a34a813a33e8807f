/* The trace that a request belongs to: W3C Trace Context, level 1. */
#ifndef SERVER_TRACE_H
#define SERVER_TRACE_H

#include "base/text.h"

#define TRACE_PARENT_TEXT 56  /* "00-...-...-01" and its end */
#define TRACE_STATE_MAX   512 /* bytes of tracestate that are passed on */

typedef struct trace {
    char id[33];     /* "": none */
    char parent[17]; /* span of who called us */
    char span[17];   /* ours, parent of what we call */
    char flags[3];
    char state[TRACE_STATE_MAX + 1];
} trace;

/* From the two headers, data NULL where there is none. What is not as it should be counts as not there. */
void trace_read(trace *t, slice parent, slice state);
/* The value of traceparent for what is called. */
void trace_write(const trace *t, char out[TRACE_PARENT_TEXT]);

#endif
