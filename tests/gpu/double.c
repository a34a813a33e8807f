#include "double.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host_ops.h"

double_state device_double = {.devices = 1, .limit = 1L << 40};

/* One record of an event. A wait is for the record that was the last when it was asked for, also if the event
 * is recorded again, on another stream perhaps, before that one is reached. */
typedef struct mark {
    struct mark *older;
    bool reached;
} mark;

typedef struct event {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    mark *last; /* NULL: never recorded */
} event;

enum { DO_COPY, DO_OP, DO_RECORD, DO_WAIT };

typedef struct work {
    struct work *next;
    int what, op;
    stz_copy copy;
    event *event;
    mark *mark;
    void *args;
} work;

typedef struct stream {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    work *first, *last;
    bool busy, ending;
    unsigned seed;
} stream;

struct stz_device {
    int index;
    stream *streams[STZ_STREAMS];
};

typedef struct block {
    struct block *next;
    uint8_t *data;
    size_t size;
    int device; /* -1: pinned */
    bool counted;
} block;

static pthread_mutex_t blocks_lock = PTHREAD_MUTEX_INITIALIZER;
static block *blocks;

void double_reset(void)
{
    memset(&device_double, 0, sizeof device_double);
    device_double.devices = 1;
    device_double.limit = 1L << 40;
    device_double.delay_us = 100;
}

/* Whether this call is the one that fails. */
static int fault(const stz_torch_error *error, int code)
{
    device_double.calls++;
    int left = atomic_load(&device_double.fail_in);
    while (left > 0 && !atomic_compare_exchange_weak(&device_double.fail_in, &left, left - 1))
        ;
    if (left != 1)
        return STZ_TORCH_OK;
    if (error && error->text)
        snprintf(error->text, error->size, "%s",
                 code == STZ_TORCH_NOMEM ? "out of memory" : "the double was told to fail");
    return code;
}

/* ------------------------------------------------------------------ streams */

static void pause_a_while(stream *s)
{
    const int most = atomic_load(&device_double.delay_us);
    if (most > 0)
        nanosleep(&(struct timespec){.tv_nsec = 1000L * (rand_r(&s->seed) % most)}, NULL);
}

static void reach(event *e, mark *m)
{
    pthread_mutex_lock(&e->lock);
    m->reached = true;
    pthread_cond_broadcast(&e->moved);
    pthread_mutex_unlock(&e->lock);
}

static void wait_for(event *e, const mark *m)
{
    pthread_mutex_lock(&e->lock);
    while (m && !m->reached)
        pthread_cond_wait(&e->moved, &e->lock);
    pthread_mutex_unlock(&e->lock);
}

static void do_work(stream *s, work *w)
{
    pause_a_while(s);
    switch (w->what) {
    case DO_COPY:
        for (size_t y = 0; y < w->copy.rows; y++)
            memcpy((uint8_t *)w->copy.to + y * w->copy.to_pitch,
                   (const uint8_t *)w->copy.from + y * w->copy.from_pitch, w->copy.row);
        break;
    case DO_OP:
        host_op(w->op, w->args);
        break;
    case DO_RECORD:
        reach(w->event, w->mark);
        break;
    default:
        wait_for(w->event, w->mark);
        break;
    }
    free(w->args);
    free(w);
}

static void *stream_main(void *arg)
{
    stream *s = arg;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        work *w = s->first;
        if (!w && s->ending)
            break;
        if (!w) {
            pthread_cond_wait(&s->changed, &s->lock);
            continue;
        }
        s->first = w->next;
        s->busy = true;
        pthread_mutex_unlock(&s->lock);
        do_work(s, w);
        pthread_mutex_lock(&s->lock);
        s->busy = false;
        pthread_cond_broadcast(&s->changed);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* The legacy default stream, whose handle is a number with CUDA too. There until the process ends. */
static stream *default_stream;

static void make_default(void)
{
    default_stream = double_stream_create();
    pthread_detach(default_stream->thread);
}

static stream *stream_of(void *handle)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (handle != DOUBLE_DEFAULT_STREAM)
        return handle;
    pthread_once(&once, make_default);
    return default_stream;
}

static void push(void *handle, const work *what, const void *args, size_t size)
{
    stream *s = stream_of(handle);
    work *w = malloc(sizeof *w);
    *w = *what;
    w->next = NULL;
    w->args = NULL;
    if (size) {
        w->args = malloc(size);
        memcpy(w->args, args, size);
    }
    pthread_mutex_lock(&s->lock);
    if (s->first)
        s->last->next = w;
    else
        s->first = w;
    s->last = w;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static void drain(stream *s)
{
    pthread_mutex_lock(&s->lock);
    while (s->first || s->busy)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

void *double_stream_create(void)
{
    static atomic_uint seed = 1;
    stream *s = calloc(1, sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    s->seed = atomic_fetch_add(&seed, 1);
    pthread_create(&s->thread, NULL, stream_main, s);
    return s;
}

void double_stream_destroy(void *p)
{
    stream *s = p;
    pthread_mutex_lock(&s->lock);
    s->ending = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

void double_stream_write(void *p, void *to, const void *from, size_t size)
{
    push(p, &(work){.what = DO_COPY, .copy = {to, from, size, size, size, 1}}, NULL, 0);
}

/* ------------------------------------------------------------------ memory */

static void *block_create(size_t size, int device, bool counted)
{
    block *b = malloc(sizeof *b);
    *b = (block){NULL, malloc(size ? size : 1), size, device, counted};
    pthread_mutex_lock(&blocks_lock);
    b->next = blocks;
    blocks = b;
    pthread_mutex_unlock(&blocks_lock);
    return b->data;
}

/* Takes it out of the list; the caller frees both. */
static block *block_find(const void *data, bool take)
{
    block *found = NULL;
    pthread_mutex_lock(&blocks_lock);
    for (block **b = &blocks; *b; b = &(*b)->next)
        if ((const uint8_t *)data >= (*b)->data && (const uint8_t *)data < (*b)->data + (*b)->size) {
            found = *b;
            if (take)
                *b = found->next;
            break;
        }
    pthread_mutex_unlock(&blocks_lock);
    return found;
}

static block block_destroy(void *data)
{
    block *b = block_find(data, true);
    if (!b)
        abort(); /* freed twice, or never allocated */
    const block copy = *b;
    free(b->data);
    free(b);
    return copy;
}

void *double_alloc(int device, size_t size) { return block_create(size, device, false); }
void double_free(void *data) { block_destroy(data); }

static int dd_alloc(stz_device *d, size_t size, void **out, const stz_torch_error *error)
{
    const int code = fault(error, STZ_TORCH_NOMEM);
    if (code)
        return code;
    if (atomic_fetch_add(&device_double.bytes, (long)size) + (long)size > atomic_load(&device_double.limit)) {
        atomic_fetch_sub(&device_double.bytes, (long)size);
        if (error)
            snprintf(error->text, error->size, "out of memory");
        return STZ_TORCH_NOMEM;
    }
    *out = block_create(size, d->index, true);
    return STZ_TORCH_OK;
}

static void dd_free(stz_device *d, void *data)
{
    (void)d;
    atomic_fetch_sub(&device_double.bytes, (long)block_destroy(data).size);
}

static void dd_trim(stz_device *d)
{
    (void)d;
    device_double.trims++;
}

static void *dd_pinned_alloc(size_t size)
{
    if (atomic_load(&device_double.no_pinned))
        return NULL;
    atomic_fetch_add(&device_double.pinned, (long)size);
    return block_create(size, -1, true);
}

static void dd_pinned_free(void *data)
{
    atomic_fetch_sub(&device_double.pinned, (long)block_destroy(data).size);
}

static int dd_where(const void *data)
{
    const block *b = block_find(data, false);
    return b ? b->device : -2;
}

/* ------------------------------------------------------------------ events */

static mark *last_of(event *e)
{
    pthread_mutex_lock(&e->lock);
    mark *m = e->last;
    pthread_mutex_unlock(&e->lock);
    return m;
}

static mark *add_to(event *e)
{
    mark *m = malloc(sizeof *m);
    pthread_mutex_lock(&e->lock);
    *m = (mark){e->last, false};
    e->last = m;
    pthread_mutex_unlock(&e->lock);
    return m;
}

/* One event for all of them: each wait is for a record of its own. */
void double_stream_follow(void *later, void *earlier)
{
    static event e = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL};
    mark *m = add_to(&e);
    push(earlier, &(work){.what = DO_RECORD, .event = &e, .mark = m}, NULL, 0);
    push(later, &(work){.what = DO_WAIT, .event = &e, .mark = m}, NULL, 0);
}

/* ------------------------------------------------------------------ the rest of the table */

static int dd_count(const stz_torch_error *error)
{
    const int n = atomic_load(&device_double.devices);
    if (n < 0 && error)
        snprintf(error->text, error->size, "%s", device_double.reason);
    return n;
}

static int dd_info(int index, stz_device_info *out, const stz_torch_error *error)
{
    const int code = fault(error, STZ_TORCH_ENGINE);
    const long limit = atomic_load(&device_double.limit);
    *out = (stz_device_info){.total = (size_t)limit,
                             .free = (size_t)(limit - atomic_load(&device_double.bytes))};
    snprintf(out->name, sizeof out->name, "Double %d", index);
    return code;
}

static int dd_open(int index, stz_device **out, const stz_torch_error *error)
{
    const int code = fault(error, STZ_TORCH_ENGINE);
    if (code)
        return code;
    stz_device *d = calloc(1, sizeof *d);
    d->index = index;
    for (int i = 0; i < STZ_STREAMS; i++)
        d->streams[i] = double_stream_create();
    device_double.open++;
    *out = d;
    return STZ_TORCH_OK;
}

static void dd_close(stz_device *d)
{
    if (!d)
        return;
    for (int i = 0; i < STZ_STREAMS; i++)
        double_stream_destroy(d->streams[i]);
    device_double.open--;
    free(d);
}

static void *dd_stream(stz_device *d, int which) { return d->streams[which]; }

static int dd_copy(stz_device *d, void *s, const stz_copy *copy, const stz_torch_error *error)
{
    (void)d;
    const int code = fault(error, STZ_TORCH_ENGINE);
    if (code == STZ_TORCH_OK)
        push(s, &(work){.what = DO_COPY, .copy = *copy}, NULL, 0);
    return code;
}

static int dd_launch(stz_device *d, void *s, int op, const void *args, const stz_torch_error *error)
{
    (void)d;
    const int code = fault(error, STZ_TORCH_ENGINE);
    if (code == STZ_TORCH_OK)
        push(s, &(work){.what = DO_OP, .op = op}, args, host_op_size(op));
    return code;
}

static int dd_event_create(stz_device *d, void **out, const stz_torch_error *error)
{
    (void)d;
    const int code = fault(error, STZ_TORCH_ENGINE);
    if (code)
        return code;
    event *e = calloc(1, sizeof *e);
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->moved, NULL);
    device_double.events++;
    *out = e;
    return STZ_TORCH_OK;
}

static void dd_event_destroy(stz_device *d, void *p)
{
    event *e = p;
    if (!e)
        return;
    for (int i = 0; i < STZ_STREAMS; i++) /* CUDA lets queued work keep what it needs */
        drain(d->streams[i]);
    for (mark *m = e->last, *older; m; m = older) {
        older = m->older;
        free(m);
    }
    pthread_cond_destroy(&e->moved);
    pthread_mutex_destroy(&e->lock);
    device_double.events--;
    free(e);
}

static int dd_record(stz_device *d, void *e, void *s, const stz_torch_error *error)
{
    (void)d;
    const int code = fault(error, STZ_TORCH_ENGINE);
    if (code == STZ_TORCH_OK)
        push(s, &(work){.what = DO_RECORD, .event = e, .mark = add_to(e)}, NULL, 0);
    return code;
}

static int dd_wait(stz_device *d, void *s, void *e, const stz_torch_error *error)
{
    (void)d;
    const int code = fault(error, STZ_TORCH_ENGINE);
    if (code == STZ_TORCH_OK)
        push(s, &(work){.what = DO_WAIT, .event = e, .mark = last_of(e)}, NULL, 0);
    return code;
}

static int dd_finish(stz_device *d, void *e, const stz_torch_error *error)
{
    (void)d;
    const int code = fault(error, STZ_TORCH_ENGINE);
    wait_for(e, last_of(e)); /* also then: the device has gone on */
    return code;
}

/* What runs at once must find its inputs there. */
static int dd_run(stz_device *d, void *s, stz_device_fn fn, void *arg)
{
    (void)d;
    drain(s);
    return fn(arg);
}

typedef struct graph {
    stz_device_fn fn;
    void *arg;
} graph;

static int dd_capture(stz_device *d, void *s, stz_device_fn fn, void *arg, void **out,
                      const stz_torch_error *error)
{
    const int code = atomic_load(&device_double.no_capture) ? STZ_TORCH_UNSUPPORTED : dd_run(d, s, fn, arg);
    (void)error;
    if (code)
        return code;
    graph *g = malloc(sizeof *g);
    *g = (graph){fn, arg};
    device_double.captures++;
    device_double.graphs++;
    *out = g;
    return STZ_TORCH_OK;
}

static int dd_replay(stz_device *d, void *s, void *p, const stz_torch_error *error)
{
    const graph *g = p;
    const int code = fault(error, STZ_TORCH_ENGINE);
    device_double.replays++;
    return code ? code : dd_run(d, s, g->fn, g->arg);
}

static void dd_graph_destroy(stz_device *d, void *g)
{
    (void)d;
    if (g)
        device_double.graphs--;
    free(g);
}

static const stz_device_table table = {
    .abi = STZ_DEVICE_ABI,
    .host_tensors = 1,
    .count = dd_count,
    .info = dd_info,
    .open = dd_open,
    .close = dd_close,
    .stream = dd_stream,
    .alloc = dd_alloc,
    .free = dd_free,
    .trim = dd_trim,
    .pinned_alloc = dd_pinned_alloc,
    .pinned_free = dd_pinned_free,
    .where = dd_where,
    .copy = dd_copy,
    .launch = dd_launch,
    .event_create = dd_event_create,
    .event_destroy = dd_event_destroy,
    .record = dd_record,
    .wait = dd_wait,
    .finish = dd_finish,
    .run = dd_run,
    .capture = dd_capture,
    .replay = dd_replay,
    .graph_destroy = dd_graph_destroy,
};

const stz_device_table *double_table(void) { return &table; }
