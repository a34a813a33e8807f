/*
 * From parameters to a finished picture: limits, cache, equal requests joined, the library's queue.
 *
 *   painter_prepare   checks, chooses the size, looks into the cache      (any thread, quick)
 *   painter_start     hands the work in, or joins an equal one            (any thread, quick)
 *   ticket.done       the end, exactly once                               (a thread of the library)
 *   painter_leave     the waiter goes away first
 */
#ifndef SERVER_PAINTER_H
#define SERVER_PAINTER_H

#include <pthread.h>

#include "paint/cache.h"
#include "config.h"
#include "paint/degrade.h"
#include "base/io_pool.h"
#include "paint/keep.h"
#include "paint/metrics.h"
#include "paint/painting.h"
#include "paint/params.h"

/* The memory that a request's pictures lie in; goes with the last who needs it. */
typedef struct blob {
    atomic_int references;
    buf body, pictures;
} blob;

blob *blob_create(void); /* NULL without memory */
blob *blob_hold(blob *b);
void blob_release(blob *b);

typedef struct flight flight;

typedef enum painted_from { PAINTED_NEW, PAINTED_JOINED, PAINTED_CACHE } painted_from;

/* Someone who waits for a painting; part of a structure of theirs. */
typedef struct ticket {
    /* painting: held for the receiver; or NULL and why says the reason. */
    void (*done)(struct ticket *t, painting *p, const problem *why);
    /* How far it is, 0 to 1, rising; or NULL. Must be quick. */
    void (*progress)(struct ticket *t, float done);
    painted_from from;
    /* the painter's */
    flight *flight; /* NULL: not waiting */
    struct ticket *next;
} ticket;

typedef struct painter painter;

/* One request, ready to be started. */
typedef struct work {
    params params;
    blob *memory; /* that the params' slices lie in; the work's own reference */
    painting_key key;
    uint64_t cost;        /* bytes of pixels */
    uint32_t deadline_ms; /* 0: none */
    bool degraded;
    bool keep; /* whether the result may go into the cache */
} work;

struct painter {
    stylize_ctx *ctx;
    metrics *metrics;
    cache cache;
    keeper keeper;
    io_pool *pool; /* that asks slow tiers; NULL: nobody does */
    degrade degrade;
    uint64_t max_decoded, threads;
    const char *precision;        /* the configuration's */
    atomic_uint_fast64_t decoded; /* bytes of pixels that are promised now */
    pthread_mutex_t lock;
    flight *first, *last; /* those in work, oldest first */
    uint64_t count;
    /* Digest of a style that was added at run time, by its id; false: it is one of the library. */
    bool (*added_style)(void *user, const char *id, uint8_t digest[32]);
    void *added_user;
};

void painter_init(painter *p, stylize_ctx *ctx, const config *c, metrics *m);
/* Nothing is in work any more when this is called. */
void painter_close(painter *p);

/* w->params and w->memory are set by the caller. On success *cached may be a painting, held for the
 * caller; then there is nothing to start. */
bool painter_prepare(painter *p, work *w, painting **cached, problem *wrong);
/* t->done is called exactly once, perhaps before this returns, unless painter_leave is in time. */
void painter_start(painter *p, const work *w, ticket *t);
/* True: done is not called any more. The painting is stopped if nobody else waits for it. */
bool painter_leave(painter *p, ticket *t);
/* Ends what is in work for a subject, with problem_erased, and keeps none of it; how many there were. The
 * keeper has to forget it next. */
size_t painter_erase(painter *p, const char *subject);
/* How many paintings that were accepted before this one have not begun. */
unsigned painter_place(painter *p, const ticket *t);
/* Everything in work ends soon, with a problem. */
void painter_cancel_all(painter *p);
uint64_t painter_in_work(painter *p);
void work_free(work *w);

#endif
