/*
 * Where objects are kept that other servers and workers read too: an S3 bucket or a shared folder.
 * All functions wait; they belong on threads that may. Names are parts of [A-Za-z0-9._-] with
 * slashes between them.
 */
#ifndef SERVER_STORE_H
#define SERVER_STORE_H

#include "remote/backend.h"

typedef struct store {
    void *state;
    /* Whole or not at all. */
    backend_result (*put)(void *state, const char *name, const char *type, slice data);
    /* HIT with the bytes, MISS, or a failure; longer than most is REFUSED. */
    backend_result (*get)(void *state, const char *name, uint64_t most, buf *out);
    backend_result (*remove)(void *state, const char *name); /* also OK if it is not there */
    /* Calls for each name that begins with prefix, which ends with a slash. */
    backend_result (*list)(void *state, const char *prefix, void (*each)(void *user, const char *name),
                           void *user);
    /* As others call it: "s3://bucket/prefix/name", "file:///folder/name". */
    void (*url)(void *state, const char *name, char *out, size_t size);
    /* Whether it can be used now; for "check" and for probes. */
    bool (*ping)(void *state, char *why, size_t size);
    backend *(*backend)(void *state);
    void (*close)(void *state);
} store;

typedef struct store_options {
    const char *url;                                        /* s3://bucket[/prefix] or file:///folder */
    const char *endpoint, *region, *style, *keys, *ca_file; /* of S3; NULL: not given */
    uint64_t timeout_ms;
} store_options;

#endif
