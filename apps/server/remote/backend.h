/*
 * Whether another service is there. One that fails is left alone for a while, longer each time, so
 * that nobody waits for it; the log has one line when it goes and one when it is back.
 */
#ifndef SERVER_BACKEND_H
#define SERVER_BACKEND_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/text.h"

typedef enum backend_result {
    BACKEND_OK,
    BACKEND_HIT,
    BACKEND_MISS,
    BACKEND_REFUSED, /* it is there, but would not do this */
    BACKEND_FAILED   /* it is not there, or answers nonsense */
} backend_result;

#define BACKEND_RESULTS 5

typedef struct backend {
    const char *name; /* label of the metrics */
    char where[320];  /* its address for the log, without secrets */
    pthread_mutex_t lock;
    bool up, known;
    uint64_t retry_ns, pause_ns, told_ns;
    atomic_uint_fast64_t results[BACKEND_RESULTS], skipped, ns;
} backend;

void backend_init(backend *b, const char *name, const char *address);
void backend_free(backend *b);
/* False: it is down, and the next attempt is not due yet. */
bool backend_try(backend *b);
/* How an attempt ended; why: a few words without secrets, for results from REFUSED on. */
void backend_done(backend *b, backend_result result, uint64_t began_ns, const char *why);
bool backend_up(backend *b);
/* The metrics of all; families are written once. */
void backend_metrics(backend *const *list, size_t count, buf *out);

#endif
