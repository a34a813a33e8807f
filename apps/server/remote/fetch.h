/* HTTP requests to other services, by libcurl: deadlines, bounded answers, connections kept open. */
#ifndef SERVER_FETCH_H
#define SERVER_FETCH_H

#include "base/text.h"

typedef struct fetch_request {
    const char *method, *url;
    const char *const *headers; /* "Name: value", NULL at the end; or NULL */
    slice body;                 /* data NULL: none */
    const char *ca_file;        /* NULL: the system's authorities */
    uint64_t timeout_ms;        /* of connecting, and of standing still; ten times that in all */
    uint64_t answer_max;        /* bytes */
} fetch_request;

typedef struct fetch_answer {
    unsigned status;
    buf body;
    char etag[160]; /* as it was sent, with quotes; "" if none */
} fetch_answer;

/* Once, before threads are. */
bool fetch_start(void);
void fetch_end(void);
/* False with a few words: there is no answer. The body is freed by the caller in any case. */
bool fetch(const fetch_request *q, fetch_answer *a, char *why, size_t size);

#endif
