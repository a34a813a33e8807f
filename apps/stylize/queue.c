#include "queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "exit.h"
#include "memory.h"
#include "system.h"

/* What the callbacks, on the library's threads, share with the main thread. */
typedef struct shared {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    task *list; /* ended requests, the first one first */
    task **last;
} shared;

typedef struct slot {
    task task;
    shared *shared;
    bool flying;
} slot;

typedef struct run {
    queue *queue;
    shared shared;
    slot *slots;
    uint32_t flying;
    uint64_t bytes;
    task *waiting; /* filled, but there was no room for it yet */
    bool exhausted, cancelled;
} run;

/* Runs on a thread of the library: only notes what happened. */
static void on_done(void *user, uint64_t id, stylize_status status, stylize_image *result,
                    const stylize_error *error)
{
    slot *s = user;
    task *t = &s->task;
    (void)id;
    t->status = status;
    if (status == STYLIZE_OK)
        t->result = *result;
    else if (error)
        t->error = *error;
    pthread_mutex_lock(&s->shared->lock);
    t->next = NULL;
    *s->shared->last = t;
    s->shared->last = &t->next;
    pthread_cond_signal(&s->shared->ended);
    pthread_mutex_unlock(&s->shared->lock);
}

static void shared_init(shared *s)
{
    s->list = NULL;
    s->last = &s->list;
    pthread_mutex_init(&s->lock, NULL);
    system_cond_init(&s->ended);
}

/* Ended requests, waiting a tenth of a second for the first one. */
static task *take_ended(shared *s)
{
    pthread_mutex_lock(&s->lock);
    if (!s->list)
        system_cond_wait(&s->ended, &s->lock, 100);
    task *list = s->list;
    s->list = NULL;
    s->last = &s->list;
    pthread_mutex_unlock(&s->lock);
    return list;
}

static void task_clear(task *t)
{
    stylize_image_free(&t->input);
    stylize_image_free(&t->result);
    *t = (task){.queue = t->queue};
}

static task *task_filled(run *r)
{
    slot *s = r->slots;
    while (s->flying)
        s++;
    task *t = &s->task;
    task_clear(t);
    stylize_request_init(&t->request, sizeof t->request);
    t->report.struct_size = sizeof t->report;
    t->request.report = &t->report;
    return r->queue->fill(r->queue->user, t) ? t : NULL;
}

static void task_end(run *r, task *t)
{
    r->queue->finish(r->queue->user, t);
    task_clear(t);
}

/* False if the library's queue has no room: it is tried again after the next end. */
static bool submit(run *r, task *t)
{
    slot *s = (slot *)t;
    s->flying = true;
    const stylize_status status =
        stylize_ctx_submit(r->queue->ctx, &t->request, on_done, s, &t->id, &t->error);
    if (status == STYLIZE_OK) {
        r->flying++;
        r->bytes += t->bytes;
        return true;
    }
    s->flying = false;
    if (status == STYLIZE_ERR_QUEUE_FULL && r->flying > 0)
        return false;
    t->status = status;
    task_end(r, t);
    return true;
}

static void fill_up(run *r)
{
    queue *q = r->queue;
    while (!interrupted && !r->exhausted && r->flying < q->tasks_max) {
        task *t = r->waiting ? r->waiting : task_filled(r);
        r->waiting = NULL;
        if (!t) {
            r->exhausted = true;
            return;
        }
        const bool fits = r->flying == 0 || r->bytes + t->bytes <= q->bytes_max;
        if (!fits || !submit(r, t)) {
            r->waiting = t;
            return;
        }
    }
}

static void cancel_all(run *r)
{
    for (uint32_t i = 0; i < r->queue->tasks_max; i++)
        if (r->slots[i].flying)
            stylize_ctx_cancel(r->queue->ctx, r->slots[i].task.id);
    r->cancelled = true;
}

void queue_run(queue *q)
{
    run r = {.queue = q};
    shared_init(&r.shared);
    r.slots = memory_get(q->tasks_max, sizeof *r.slots);
    for (uint32_t i = 0; i < q->tasks_max; i++) {
        r.slots[i].shared = &r.shared;
        r.slots[i].task.queue = q;
    }
    for (fill_up(&r); r.flying > 0; fill_up(&r)) {
        for (task *t = take_ended(&r.shared), *next; t; t = next) {
            next = t->next;
            ((slot *)t)->flying = false;
            r.flying--;
            r.bytes -= t->bytes;
            task_end(&r, t);
        }
        if (q->tick)
            q->tick(q->user);
        if (interrupted && !r.cancelled)
            cancel_all(&r);
    }
    for (uint32_t i = 0; i < q->tasks_max; i++)
        task_clear(&r.slots[i].task);
    free(r.slots);
    pthread_cond_destroy(&r.shared.ended);
    pthread_mutex_destroy(&r.shared.lock);
}

uint32_t queue_default_tasks(uint32_t threads)
{
    /* Each thread has one to paint and one that waits; some more let equal sizes meet in a batch. */
    return 2 * (threads ? threads : system_processors()) + 8;
}

uint64_t queue_default_bytes(void)
{
    const uint64_t quarter = system_free_memory() / 4, least = 256u << 20;
    return quarter > least ? quarter : least;
}

uint64_t queue_estimate(stylize_ctx *ctx, const stylize_image *encoded, const stylize_request *r)
{
    stylize_image_info info = {.struct_size = sizeof info};
    if (stylize_image_probe(ctx, encoded, &info, NULL) != STYLIZE_OK)
        return 0;
    const uint64_t in = (uint64_t)info.width * info.height;
    uint64_t out = in;
    if (r->output_size) {
        const uint64_t side = info.width > info.height ? info.width : info.height;
        out = side ? in * r->output_size / side * r->output_size / side : 0;
    } else if (r->output_width) {
        out = (uint64_t)r->output_width * r->output_height;
    }
    const double scale = (double)r->style_scale;
    const bool refined = r->look || scale > 2; /* painted over, up to the output's size */
    const uint64_t work = refined ? out : scale == 1 ? 0 : (uint64_t)((double)out / (scale * scale));
    /* decoded; resized, painted, encoded; the same at another size; masks and their sums */
    return encoded->size + 4 * in + 3 * 4 * out + 2 * 4 * work + (r->masks ? 4 * 4 * out : 0);
}
