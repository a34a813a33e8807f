/* Requests to S3: signed, sent, and sent again. */
#ifndef SERVER_S3_ASK_H
#define SERVER_S3_ASK_H

#include "remote/fetch.h"
#include "remote/s3_keys.h"
#include "remote/store.h"

#define S3_XML_MAX (2 << 20) /* bytes of an answer that is no object */

typedef struct s3 {
    backend backend;
    char bucket[64], prefix[256]; /* prefix "" or with a slash at its end */
    char host[320], base[360];    /* "host[:port]", "https://host[:port]" */
    char region[64];
    bool path_style;
    char *keys_file, *ca_file; /* or NULL */
    uint64_t timeout_ms;
    pthread_mutex_t lock; /* of the keys */
    s3_keys keys;
} s3;

/* One request as the operations below say it. */
typedef struct s3_request {
    const char *method;
    const char *name;  /* of the object, with the prefix; "" for the bucket */
    const char *query; /* encoded and in order, or "" */
    const char *type;  /* of the body, or NULL */
    slice body;        /* data NULL: none */
    uint64_t answer_max;
} s3_request;

/* HIT for an answer of 2xx, MISS for 404; else a few words. Counts as one request of the backend, which tries
 * more than once. The answer's body is the caller's to free. */
backend_result s3_ask(s3 *s, const s3_request *q, fetch_answer *a, char *why, size_t size);

#endif
