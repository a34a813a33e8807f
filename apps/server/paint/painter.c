/* Paintings in work: joining equal ones, handing them to the library, telling those who wait. */
#include "paint/painter.h"

#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/names.h"
#include "paint/in_flight.h"
#include "paint/turn.h"

#define LOOK_UP_NS (1000ull * 1000000) /* after that long a wait slow tiers are not asked any more */

void painter_init(painter *p, stylize_ctx *ctx, const config *c, metrics *m)
{
    *p = (painter){.ctx = ctx,
                   .metrics = m,
                   .room.most = c->max_decoded_bytes,
                   .max_pixels = c->max_pixels,
                   .keying.precision = precision_names[c->precision]};
    p->queue_most = c->queue_length;
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    p->threads = c->threads ? c->threads : processors > 0 ? (uint64_t)processors : 1;
    /* Few more than are painted and gathered to batches: what waits here is still free in its size and order. */
    p->room.most_handed = 2 * p->threads + 2 * c->batch_max;
    if (p->queue_most && p->room.most_handed > p->queue_most + p->threads)
        p->room.most_handed = p->queue_most + p->threads;
    pthread_mutex_init(&p->lock, NULL);
    keeper_init(&p->keeper, &p->cache, 64 << 20);
    degrade_init(&p->degrade, c->degrade ? c->degrade_after * 1000000 : 0);
}

void painter_close(painter *p)
{
    cache_close(&p->cache);
    keeper_free(&p->keeper);
    pthread_mutex_destroy(&p->lock);
}

/* Under the lock. */
static void take_off_list(flight *f)
{
    painter *p = f->painter;
    if (!f->listed)
        return;
    *(f->previous ? &f->previous->next : &p->first) = f->next;
    *(f->next ? &f->next->previous : &p->last) = f->previous;
    f->listed = false;
}

static void tell(ticket *waiting, painting *result, const problem *why)
{
    for (ticket *t = waiting, *next; t; t = next) {
        next = t->next; /* done may release t */
        t->done(t, result ? painting_hold(result) : NULL, why);
    }
}

/* Everyone who waits is told; what waits for its room is not handed in yet. */
static void end_flight(flight *f, painting *result, const problem *why)
{
    painter *p = f->painter;
    pthread_mutex_lock(&p->lock);
    f->storing = result && f->work.keep && !f->abandoned && !f->report.ended_early;
    const bool store = f->storing;
    pthread_mutex_unlock(&p->lock);
    if (store)
        keep(&p->keeper, &f->work.key, result, f->erasures);
    pthread_mutex_lock(&p->lock);
    take_off_list(f);
    p->count--;
    room_give(&p->room, &f->work);
    ticket *waiting = flight_take_tickets(f);
    pthread_mutex_unlock(&p->lock);
    tell(waiting, result, why);
    painting_release(result);
}

/* The library's callback will not come. */
static void end_unsent(flight *f, painting *result, const problem *why)
{
    end_flight(f, result, why);
    flight_release(f);
}

/* The library's callback. */
static void on_done(void *user, uint64_t id, stylize_status status, stylize_image *result,
                    const stylize_error *error)
{
    flight *f = user;
    painter *p = f->painter;
    problem why = {0};
    painting *made = NULL;
    if (status == STYLIZE_OK) {
        const char *label = f->work.params.style_count > 1          ? "blend"
                            : f->work.params.styles[0].picture.data ? "picture"
                                                                    : f->work.params.styles[0].id;
        f->report.queue_ns += f->handed_ns - f->accepted_ns; /* the library knows its own only */
        made = flight_painting(f, result);
        metrics_painting(p->metrics, label, f->report.queue_ns, f->report.engine_ns, f->report.batch_size);
        if (!f->work.promised)
            degrade_sample(&p->degrade, f->report.queue_ns, now_ns());
        if (!made) {
            stylize_image_free(result);
            problem_set(&why, 503, "out_of_memory", NULL, "memory for the result could not be had");
        }
    } else {
        problem_from(&why, error, status == STYLIZE_ERR_FORMAT ? problem_picture(error) : NULL);
        if (status == STYLIZE_ERR_NOT_FOUND) { /* the style was there: an engine or a file is missing */
            why.status = 500;
            why.code = "internal";
        }
    }
    end_flight(f, made, &why);
    flight_release(f);
    painter_go_on(p);
}

static int on_progress(void *user, float done)
{
    flight *f = user;
    painter *p = f->painter;
    atomic_store(&f->started, true);
    pthread_mutex_lock(&p->lock);
    for (ticket *t = f->tickets; t; t = t->next)
        if (t->progress)
            t->progress(t, done);
    const int stop = f->abandoned;
    pthread_mutex_unlock(&p->lock);
    return stop;
}

/* A time budget may end the search with what there is: not for someone who can wait for all of it. */
static bool too_hasty(const flight *f, const work *w)
{
    if (w->promised && f->work.deadline_ms) /* it would share its end */
        return true;
    return f->work.params.method == STYLIZE_METHOD_OPTIMIZE && f->work.deadline_ms && !w->deadline_ms;
}

/* Under the lock. */
static flight *find_equal(painter *p, const work *w)
{
    for (flight *f = p->last; f; f = f->previous)
        if (!memcmp(f->work.key.bytes, w->key.bytes, sizeof w->key.bytes) && !too_hasty(f, w) &&
            (!f->waiting || !f->work.promised ||
             w->promised)) /* a request has a deadline, and they have none */
            return f;
    return NULL;
}

static void put_on_list(painter *p, flight *f, ticket *t)
{
    f->previous = p->last;
    *(p->last ? &p->last->next : &p->first) = f;
    p->last = f;
    f->listed = true;
    p->count++;
    t->flight = f;
    t->next = NULL;
    f->tickets = t;
}

/* A full queue of the library is as no room. True: it is in the line again. */
static bool wait_again(painter *p, flight *f)
{
    pthread_mutex_lock(&p->lock);
    const bool again = !f->abandoned;
    if (again) {
        room_give(&p->room, &f->work);
        room_wait(&p->room, f, true);
    }
    pthread_mutex_unlock(&p->lock);
    return again;
}

/* False: the library's queue is full, and it waits again. */
static bool submit(painter *p, flight *f)
{
    stylize_error err = {0};
    uint64_t id = 0;
    if (stylize_ctx_submit(p->ctx, &f->request, on_done, f, &id, &err) != STYLIZE_OK) {
        problem why;
        if (err.status == STYLIZE_ERR_QUEUE_FULL && wait_again(p, f))
            return false;
        problem_from(&why, &err, err.status == STYLIZE_ERR_NOT_FOUND ? "style_id" : NULL);
        if (err.status == STYLIZE_ERR_QUEUE_FULL)
            atomic_fetch_add(&p->metrics->rejected[REJECT_QUEUE], 1);
        end_unsent(f, NULL, &why);
    } else {
        pthread_mutex_lock(&p->lock);
        f->run_id = id;
        const bool stop = f->abandoned;
        pthread_mutex_unlock(&p->lock);
        if (stop)
            stylize_ctx_cancel(p->ctx, id);
    }
    flight_release(f);
    return true;
}

/* What is left of its time for the library. */
static void set_deadline(flight *f, uint64_t now)
{
    const uint64_t ms = (now - f->accepted_ns) / 1000000, all = f->work.deadline_ms;
    if (!all)
        return;
    f->request.deadline_ms = all > ms ? (uint32_t)(all - ms) : 1;
    if (f->work.params.method ==
        STYLIZE_METHOD_OPTIMIZE) /* a picture that is nearly done is better than an error */
        f->request.time_budget_ms = f->request.deadline_ms / 4 * 3;
}

/* A thread of the pool: asks the slow tiers, and has painted what they do not have. */
static void look_up(void *arg)
{
    flight *f = arg;
    painter *p = f->painter;
    problem why;
    int tier = 0;
    pthread_mutex_lock(&p->lock);
    const bool wanted = !f->abandoned;
    pthread_mutex_unlock(&p->lock);
    const uint64_t waited = now_ns() - f->handed_ns;
    painting *known = wanted && waited < LOOK_UP_NS ? cache_get(&p->cache, &f->work.key, &tier) : NULL;
    if (wanted && !known) {
        set_deadline(f, now_ns());
        atomic_fetch_add(&p->metrics->cache_misses, 1);
        if (submit(p, f))
            painter_go_on(p);
        return;
    }
    problem_set(&why, 503, "cancelled", NULL, "nobody waits for it any more");
    if (known) {
        atomic_fetch_add(&p->metrics->cache_hits[tier], 1);
        f->work.keep = false; /* it is kept already */
        pthread_mutex_lock(&p->lock);
        for (ticket *t = f->tickets; t; t = t->next)
            t->from = PAINTED_CACHE;
        pthread_mutex_unlock(&p->lock);
    }
    end_unsent(f, known, &why);
    flight_release(f);
    painter_go_on(p);
}

/* Under the lock: one that nobody waits for any more leaves the line. True: drop_unsent has to follow. */
static bool leave_line(painter *p, flight *f)
{
    if (!f->waiting)
        return false;
    room_leave(&p->room, f);
    p->count--;
    return true;
}

static void drop_unsent(flight *f)
{
    flight_release(f); /* the callback that will not come */
    flight_release(f);
}

/* Where it has become a smaller one, that may be known already. */
static painting *degraded_known(painter *p, flight *f)
{
    pthread_mutex_lock(&p->lock);
    const bool smaller = turn_degrade(&p->degrade, p->metrics, &p->keying, f, now_ns());
    pthread_mutex_unlock(&p->lock);
    return smaller ? cache_get_fast(&p->cache, &f->work.key) : NULL;
}

/* It has room now. False: the library has none. */
static bool hand_in(painter *p, flight *f)
{
    painting *known = degraded_known(p, f);
    f->handed_ns = now_ns();
    if (known) {
        atomic_fetch_add(&p->metrics->cache_hits[0], 1);
        f->work.keep = false;
        end_unsent(f, known, NULL);
        flight_release(f);
        return true;
    }
    set_deadline(f, f->handed_ns);
    if (p->pool && cache_has_slow(&p->cache) && io_pool_run(p->pool, IO_SOON, look_up, f))
        return true;
    atomic_fetch_add(&p->metrics->cache_misses, 1);
    return submit(p, f);
}

/* Under the lock. */
static bool is_late(const flight *f, uint64_t now)
{
    return f->work.deadline_ms && now > f->accepted_ns + (uint64_t)f->work.deadline_ms * 1000000;
}

/* One that waits is told why it is not painted: the first that is too late, or that comes first. */
static bool turn_away(painter *p, bool late, const problem *why)
{
    const uint64_t now = now_ns();
    ticket *waiting = NULL;
    flight *f = NULL;
    pthread_mutex_lock(&p->lock);
    for (int l = 0; l < LINES && !f; l++)
        for (f = p->room.lines[l].first; f && late && !is_late(f, now);)
            f = f->behind;
    if (f) {
        f->abandoned = true;
        take_off_list(f);
        leave_line(p, f);
        waiting = flight_take_tickets(f);
    }
    pthread_mutex_unlock(&p->lock);
    if (!f)
        return false;
    tell(waiting, NULL, why);
    drop_unsent(f);
    return true;
}

void painter_go_on(painter *p)
{
    flight *f;
    do {
        pthread_mutex_lock(&p->lock);
        f = room_next(&p->room, now_ns());
        pthread_mutex_unlock(&p->lock);
    } while (f && hand_in(p, f));
}

void painter_tick(painter *p)
{
    problem why;
    problem_set(&why, 503, "deadline_exceeded", NULL, "the request waited for too long; try again later");
    while (turn_away(p, true, &why))
        ;
    painter_go_on(p);
}

void painter_start(painter *p, const work *w, ticket *t)
{
    problem why;
    painting *known = NULL;
    t->flight = NULL;
    pthread_mutex_lock(&p->lock);
    flight *f = find_equal(p, w);
    if (f) {
        f->whole = f->whole || !w->params.allow_degraded;
        t->from = PAINTED_JOINED;
        t->flight = f;
        t->next = f->tickets;
        f->tickets = t;
        pthread_mutex_unlock(&p->lock);
        atomic_fetch_add(&p->metrics->cache_joined, 1);
        return;
    }
    /* It may have been finished since painter_prepare looked. */
    known = cache_get_fast(&p->cache, &w->key);
    if (known) {
        pthread_mutex_unlock(&p->lock);
        t->from = PAINTED_CACHE;
        atomic_fetch_add(&p->metrics->cache_hits[0], 1);
        t->done(t, known, NULL);
        return;
    }
    t->from = PAINTED_NEW;
    problem_set(&why, 503, "out_of_memory", NULL, "memory for the request could not be had");
    const bool room = room_take(&p->room, w, now_ns());
    f = room || w->promised || turn_may_wait(&p->room, &p->degrade, p->queue_most, w, &why)
            ? flight_create(p, w, keeper_now(&p->keeper))
            : NULL;
    if (f) {
        f->request.progress = on_progress;
        f->request.progress_user = f;
        put_on_list(p, f, t);
        if (!room)
            room_wait(&p->room, f, false);
    } else if (room) {
        room_give(&p->room, w);
    }
    pthread_mutex_unlock(&p->lock);
    if (f) {
        if (room && hand_in(p, f))
            painter_go_on(p); /* it may have ended at once, and given its room back */
        return;
    }
    atomic_fetch_add(&p->metrics->rejected[strcmp(why.code, "out_of_memory") ? REJECT_QUEUE : REJECT_MEMORY],
                     1);
    t->done(t, NULL, &why);
}

bool painter_leave(painter *p, ticket *t)
{
    uint64_t cancel = 0;
    bool unsent = false;
    pthread_mutex_lock(&p->lock);
    flight *f = t->flight;
    if (f) {
        ticket **at = &f->tickets;
        while (*at != t)
            at = &(*at)->next;
        *at = t->next;
        t->flight = NULL;
        if (!f->tickets && !f->storing) {
            f->abandoned = true;
            take_off_list(f);
            cancel = f->run_id;
            unsent = leave_line(p, f);
        }
    }
    pthread_mutex_unlock(&p->lock);
    if (cancel)
        stylize_ctx_cancel(p->ctx, cancel); /* "not found" means that it has just ended */
    if (unsent) {
        drop_unsent(f);
        painter_go_on(p); /* it may have been in the way of those behind it */
    }
    return f != NULL;
}

/* The next one of a subject that is in work; it is not kept, and nobody waits for it any more. */
static bool erase_next(painter *p, const char *subject, ticket **waiting, uint64_t *run_id)
{
    bool unsent = false;
    pthread_mutex_lock(&p->lock);
    flight *f = p->first;
    while (f && (f->abandoned || strcmp(f->work.params.subject, subject)))
        f = f->next;
    if (f) {
        f->abandoned = true;
        unsent = leave_line(p, f);
        *waiting = flight_take_tickets(f);
        *run_id = f->storing ? 0 : f->run_id;
        if (!f->storing)
            take_off_list(f);
    }
    pthread_mutex_unlock(&p->lock);
    if (unsent)
        drop_unsent(f);
    return f != NULL;
}

size_t painter_erase(painter *p, const char *subject)
{
    problem why;
    ticket *waiting;
    uint64_t run_id;
    size_t n = 0;
    problem_erased(&why);
    for (; erase_next(p, subject, &waiting, &run_id); n++) {
        if (run_id)
            stylize_ctx_cancel(p->ctx, run_id);
        tell(waiting, NULL, &why);
    }
    return n;
}

void painter_cancel_all(painter *p)
{
    uint64_t ids[256];
    problem why;
    problem_set(&why, 503, "cancelled", NULL, "the server is about to stop");
    while (turn_away(p, false, &why))
        ;
    size_t n;
    uint64_t last = 0;
    do {
        n = 0;
        pthread_mutex_lock(&p->lock);
        for (const flight *f = p->first; f && n < APP_LEN(ids); f = f->next)
            if (f->run_id > last)
                ids[n++] = f->run_id;
        pthread_mutex_unlock(&p->lock);
        for (size_t i = 0; i < n; i++) {
            stylize_ctx_cancel(p->ctx, ids[i]);
            last = ids[i] > last ? ids[i] : last;
        }
    } while (n == APP_LEN(ids));
}

uint64_t painter_in_work(painter *p)
{
    pthread_mutex_lock(&p->lock);
    const uint64_t n = p->count;
    pthread_mutex_unlock(&p->lock);
    return n;
}

painter_load painter_counts(painter *p)
{
    pthread_mutex_lock(&p->lock);
    const room *r = &p->room;
    const painter_load l = {.handed = r->handed,
                            .requests = r->lines[LINE_REQUESTS].waiting,
                            .promised = r->lines[LINE_PROMISED].waiting,
                            .bytes = r->taken};
    pthread_mutex_unlock(&p->lock);
    return l;
}
