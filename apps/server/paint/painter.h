/*
 * From parameters to a finished picture: limits, cache, equal requests joined, the library's queue.
 *
 *   painter_prepare   checks, chooses the size, looks into the cache      (prepare.h; any thread, quick)
 *   painter_start     hands the work in, joins an equal one, or lets it wait for its turn
 *                                                                         (any thread, quick)
 *   ticket.done       the end, exactly once                               (a thread of the library)
 *   painter_leave     the waiter goes away first
 */
#ifndef SERVER_PAINTER_H
#define SERVER_PAINTER_H

#include <pthread.h>

#include "base/io_pool.h"
#include "base/metrics.h"
#include "config/config.h"
#include "paint/cache.h"
#include "paint/cache_keeper.h"
#include "paint/degrade.h"
#include "paint/key.h"
#include "paint/room.h"
#include "paint/work.h"

typedef struct painter {
    stylize_ctx *ctx;
    metrics *metrics;
    cache cache;
    keeper keeper;
    io_pool *pool; /* that asks slow tiers; NULL: nobody does */
    degrade degrade;
    uint64_t threads, max_pixels;
    uint64_t queue_most; /* requests in work and waiting; 0: any number */
    pthread_mutex_t lock;
    room room;            /* for pixels */
    flight *first, *last; /* those in work, oldest first */
    uint64_t count;
    keying keying;
} painter;

void painter_init(painter *p, stylize_ctx *ctx, const config *c, metrics *m);
/* Nothing is in work any more when this is called. */
void painter_close(painter *p);

/* t->done is called exactly once, perhaps before this returns, unless painter_leave is in time. */
void painter_start(painter *p, const work *w, ticket *t);
/* True: done is not called any more. The painting is stopped if nobody else waits for it. */
bool painter_leave(painter *p, ticket *t);
/* Ends what is in work for a subject, with problem_erased, and keeps none of it; how many there were. The
 * keeper has to forget it next. */
size_t painter_erase(painter *p, const char *subject);
/* Everything in work ends soon, with a problem. */
void painter_cancel_all(painter *p);
uint64_t painter_in_work(painter *p);
/* Of them, those that the library has, requests and promised pictures that wait for their turn, and bytes of pixels. */
typedef struct painter_load {
    uint64_t handed, requests, promised, bytes;
} painter_load;
painter_load painter_counts(painter *p);
/* Hands in what has room by now. */
void painter_go_on(painter *p);
/* The same, after those are turned away who have waited too long; to be called from time to time. */
void painter_tick(painter *p);

#endif
