/* What is wrong with a request, as the client reads it. */
#ifndef SERVER_PROBLEM_H
#define SERVER_PROBLEM_H

#include <stylize/stylize.h>

#include "base/text.h"

typedef struct problem {
    unsigned status;  /* HTTP */
    const char *code; /* "invalid_value": for programs, never changes */
    char message[320];
    char field[40];       /* of the request, or "" */
    unsigned retry_after; /* seconds, 0: do not say */
} problem;

/* Fills p and returns false. field may be NULL. */
bool problem_set(problem *p, unsigned status, const char *code, const char *field, const char *format, ...)
    APP_PRINTF(5, 6);
/* From a failure of the library while it did something with that field (NULL: none). */
bool problem_from(problem *p, const stylize_error *err, const char *field);
/* The field of a picture that the library could not decode: it names masks in its message. */
const char *problem_picture(const stylize_error *err);
/* What somebody is told whose request was in work when its subject's data was erased. */
void problem_erased(problem *p);
bool problem_is_erased(const problem *p);
/* A line of JSON, as RFC 9457 has it; "code" and "field" are ours. */
#define PROBLEM_TYPE "application/problem+json"
void problem_json(const problem *p, buf *out);

#endif
