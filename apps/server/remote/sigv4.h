/*
 * AWS Signature Version 4 of requests to S3 and what speaks its protocol.
 *
 * libcurl has it as CURLOPT_AWS_SIGV4, but which requests it signs right changes with its version:
 * 7.88 of Debian 12 does not sort the query, nor sign names without a value, nor add the hash of
 * the body. Signed here it is the same everywhere, and tested with published examples.
 */
#ifndef SERVER_SIGV4_H
#define SERVER_SIGV4_H

#include "base/text.h"

typedef struct sigv4_header {
    const char *name; /* in small letters */
    const char *value;
} sigv4_header;

typedef struct sigv4_request {
    const char *access_key, *secret_key, *region, *service;
    const char *method;
    const char *path;            /* encoded */
    const char *query;           /* encoded, names in order, "name=" where there is no value; or "" */
    const sigv4_header *headers; /* in order of their names; host and x-amz-date among them */
    size_t header_count;
    const char *payload; /* SHA-256 of the body in hexadecimal */
    const char *date;    /* "20130524T000000Z" */
} sigv4_request;

/* The value of Authorization. False without memory. */
bool sigv4_sign(const sigv4_request *q, buf *authorization);

#endif
