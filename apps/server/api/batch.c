/* Many pictures in one request. */
#include "api/batch.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/transfer.h"
#include "api/zip.h"
#include "base/multipart.h"
#include "common/names.h"
#include "http/answer.h"
#include "http/answer_later.h"
#include "paint/params_read.h"
#include "paint/prepare.h"

#define PICTURES_MAX 200
#define PARTS_MAX    (PICTURES_MAX + 32)
#define AHEAD_MAX    16 /* results that may wait for a slow reader */

typedef struct batch batch;

typedef struct item {
    ticket ticket;
    batch *batch;
    work work;
    bool done; /* under the batch's lock, as painting and problem until then */
    painting *painting;
    problem problem;
} item;

/* Lives as long as the answer or one of its paintings. */
struct batch {
    atomic_int references;
    server *server;
    struct MHD_Connection *connection;
    watched *watched;
    pthread_mutex_t lock;
    bool waiting; /* suspended */
    bool erased;  /* its subject's data: nothing more is painted or sent */
    bool closed;  /* nobody reads it any more */
    bool feeding; /* a thread starts paintings of it */
    unsigned active;
    size_t started, sent;
    struct batch *next, *previous; /* in the server's list, under its lock */
    /* only of the thread that serves the connection */
    size_t count;
    bool ended;
    zip zip;
    buf out;
    size_t at;
    blob *memory;
    item items[];
};

static void batch_release(batch *b)
{
    if (atomic_fetch_sub(&b->references, 1) != 1)
        return;
    for (size_t i = 0; i < b->count; i++) {
        painting_release(b->items[i].painting);
        work_free(&b->items[i].work);
    }
    zip_free(&b->zip);
    buf_free(&b->out);
    blob_release(b->memory);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

/* The end of a picture, whether it was painted or not. */
static void end_item(item *i, painting *p, const problem *why, bool painted)
{
    batch *b = i->batch;
    pthread_mutex_lock(&b->lock);
    i->painting = p;
    if (!p)
        i->problem = *why;
    i->done = true;
    b->active -= painted;
    if (b->waiting) {
        b->waiting = false;
        MHD_resume_connection(b->connection);
    }
    pthread_mutex_unlock(&b->lock);
}

static void on_painted(ticket *t, painting *p, const problem *why)
{
    item *i = (item *)(void *)((char *)t - offsetof(item, ticket));
    batch *b = i->batch;
    end_item(i, p, why, true);
    batch_release(b);
}

static bool is_erased(batch *b)
{
    pthread_mutex_lock(&b->lock);
    const bool erased = b->erased;
    pthread_mutex_unlock(&b->lock);
    return erased;
}

/* Nobody wants it any more, since just now. */
static void take_back(batch *b, item *i)
{
    problem erased;
    pthread_mutex_lock(&b->lock);
    const bool unwanted = b->erased || b->closed;
    pthread_mutex_unlock(&b->lock);
    problem_erased(&erased);
    if (unwanted && painter_leave(&b->server->painter, &i->ticket))
        on_painted(&i->ticket, NULL, &erased);
}

/* Looks at the next picture and has it painted, unless it is known or wrong. */
static void start_one(batch *b, item *i)
{
    server *s = b->server;
    painting *known = NULL;
    problem wrong;
    bool ok = false;
    if (is_erased(b))
        problem_erased(&wrong);
    else if (atomic_load(&s->draining))
        problem_set(&wrong, 503, "draining", NULL, "the server is about to stop");
    else
        ok = painter_prepare(&s->painter, &i->work, &known, &wrong);
    if (!ok || known) {
        end_item(i, known, &wrong, false);
        return;
    }
    pthread_mutex_lock(&b->lock);
    b->active++;
    pthread_mutex_unlock(&b->lock);
    atomic_fetch_add(&b->references, 1);
    painter_start(&s->painter, &i->work, &i->ticket);
    take_back(b, i);
}

/* Under the lock: whether one more is to be started. A few at a time, so that one batch does not fill the queue. */
static bool has_turn(const batch *b)
{
    return !b->closed && b->active < b->server->painter.threads + 2 && b->started < b->count &&
           b->started < b->sent + AHEAD_MAX;
}

/* A thread that prepares: digests of pictures take their time. */
static void feed(void *arg)
{
    batch *b = arg;
    pthread_mutex_lock(&b->lock);
    while (has_turn(b)) {
        item *i = &b->items[b->started++];
        pthread_mutex_unlock(&b->lock);
        start_one(b, i);
        pthread_mutex_lock(&b->lock);
    }
    b->feeding = false;
    pthread_mutex_unlock(&b->lock);
    batch_release(b);
}

static void start_more(batch *b)
{
    pthread_mutex_lock(&b->lock);
    const bool wanted = !b->feeding && has_turn(b);
    b->feeding = b->feeding || wanted;
    pthread_mutex_unlock(&b->lock);
    if (!wanted)
        return;
    atomic_fetch_add(&b->references, 1);
    if (!io_pool_run(&b->server->preparers, IO_SOON, feed, b))
        feed(b); /* only while the server stops: nothing is prepared any more */
}

/* The next entry, if its painting is there; they come in the order of the request. */
static void fill(batch *b)
{
    char name[32];
    b->out.size = b->at = 0;
    if (b->sent == b->count) {
        if (!b->ended)
            zip_end(&b->zip, &b->out);
        b->ended = true;
        return;
    }
    item *i = &b->items[b->sent]; /* sent: changed by this thread only */
    pthread_mutex_lock(&b->lock);
    const bool ready = i->done;
    b->sent += ready;
    pthread_mutex_unlock(&b->lock);
    if (!ready)
        return;
    if (is_erased(b)) {
        painting_release(i->painting);
        i->painting = NULL;
        problem_erased(&i->problem);
    }
    if (i->painting) {
        const char *ending = format_name(i->painting->image.format);
        snprintf(name, sizeof name, "%04zu.%s", b->sent, !strcmp(ending, "jpeg") ? "jpg" : ending);
        zip_add(&b->zip, &b->out, name, i->painting->image.pixels, i->painting->image.size);
        painting_release(i->painting);
        i->painting = NULL;
    } else {
        buf text = {0};
        problem_json(&i->problem, &text);
        snprintf(name, sizeof name, "%04zu.error.json", b->sent);
        zip_add(&b->zip, &b->out, name, text.data, text.size);
        buf_free(&text);
    }
}

/* Something to send, or the end; else the connection is suspended until the next painting is there. */
static bool has_more(batch *b)
{
    for (;;) {
        start_more(b);
        fill(b);
        if (b->out.size || b->ended || b->out.failed)
            return true;
        pthread_mutex_lock(&b->lock);
        const bool wait = !b->items[b->sent].done; /* else it was done just now */
        if (wait) {
            b->waiting = true;
            watch_deadline(b->watched, 0, false);
            MHD_suspend_connection(b->connection);
        }
        pthread_mutex_unlock(&b->lock);
        if (wait)
            return false;
    }
}

static ssize_t read_batch(void *user, uint64_t position, char *to, size_t size)
{
    batch *b = user;
    if (b->at == b->out.size && !has_more(b))
        return 0;
    if (b->out.failed)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (b->at == b->out.size)
        return MHD_CONTENT_READER_END_OF_STREAM;
    const size_t n = b->out.size - b->at < size ? b->out.size - b->at : size;
    memcpy(to, b->out.data + b->at, n);
    b->at += n;
    watch_deadline(b->watched, b->server->config.send_timeout, false);
    return (ssize_t)n;
}

void batches_erase(server *s, const char *subject)
{
    pthread_mutex_lock(&s->batches_lock);
    for (batch *b = s->batches; b; b = b->next)
        if (!strcmp(b->items[0].work.params.subject, subject)) {
            pthread_mutex_lock(&b->lock);
            b->erased = true;
            pthread_mutex_unlock(&b->lock);
        }
    pthread_mutex_unlock(&s->batches_lock);
}

static void list_batch(batch *b)
{
    server *s = b->server;
    pthread_mutex_lock(&s->batches_lock);
    b->next = s->batches;
    if (b->next)
        b->next->previous = b;
    s->batches = b;
    pthread_mutex_unlock(&s->batches_lock);
}

static void unlist_batch(batch *b)
{
    server *s = b->server;
    pthread_mutex_lock(&s->batches_lock);
    *(b->previous ? &b->previous->next : &s->batches) = b->next;
    if (b->next)
        b->next->previous = b->previous;
    pthread_mutex_unlock(&s->batches_lock);
}

/* The answer is over, or the client went away. */
static void end_batch(void *user)
{
    batch *b = user;
    unlist_batch(b);
    pthread_mutex_lock(&b->lock);
    b->closed = true;
    b->waiting = false;
    const size_t started = b->started;
    pthread_mutex_unlock(&b->lock);
    for (size_t i = 0; i < started; i++)
        if (painter_leave(&b->server->painter, &b->items[i].ticket))
            batch_release(b);
    batch_release(b);
}

/* Splits the form: pictures into the list, everything else into params. */
static bool read_form(exchange *x, params *p, slice *pictures, size_t *count, problem *wrong)
{
    const params_limits limits = params_limits_of(&x->server->config);
    const slice body = x->memory ? (slice){x->memory->body.data, x->memory->body.size} : (slice){"", 0};
    part parts[PARTS_MAX];
    size_t part_count;
    slice boundary;
    if (!multipart_boundary(exchange_header(x, "Content-Type"), &boundary))
        return problem_set(wrong, 415, "unsupported_type", NULL, "multipart/form-data is expected");
    const char *what = multipart_split(body, boundary, parts, PARTS_MAX, &part_count);
    if (what)
        return problem_set(wrong, 400, "malformed_form", NULL, "the form cannot be read: %s", what);
    params_init(p, &limits);
    for (size_t i = 0; i < part_count; i++) {
        if (!slice_is(parts[i].name, "content_image")) {
            if (!params_set_once(p, &limits, parts[i].name, parts[i].data, wrong))
                return false;
        } else if (*count == PICTURES_MAX) {
            return problem_set(wrong, 422, "invalid_value", "content_image",
                               "at most %d pictures are allowed", PICTURES_MAX);
        } else {
            pictures[(*count)++] = parts[i].data;
        }
    }
    if (*count)
        p->content = pictures[0];
    return params_check(p, wrong) && transfer_subject(x, p, wrong);
}

static batch *batch_create(exchange *x, const params *p, const slice *pictures, size_t count)
{
    batch *b = calloc(1, sizeof *b + count * sizeof *b->items);
    if (!b)
        return NULL;
    atomic_init(&b->references, 1);
    b->server = x->server;
    b->connection = x->connection;
    b->watched = x->watched;
    b->count = count;
    b->memory = blob_hold(x->memory);
    pthread_mutex_init(&b->lock, NULL);
    for (size_t i = 0; i < count; i++) {
        item *it = &b->items[i];
        it->batch = b;
        it->ticket.done = on_painted;
        it->work.params = *p;
        it->work.params.content = pictures[i];
        it->work.memory = blob_hold(x->memory);
        it->work.keep = true;
        it->work.promised = true;
    }
    list_batch(b);
    return b;
}

static void read_request(exchange *x)
{
    params p;
    problem wrong;
    slice pictures[PICTURES_MAX];
    size_t count = 0;
    if (!exchange_repeat(x, false, &wrong) || !read_form(x, &p, pictures, &count, &wrong)) {
        answer_problem(x, &wrong);
        return;
    }
    params_digest(&p); /* once for all */
    batch *b = batch_create(x, &p, pictures, count);
    if (!b) {
        answer_no_memory(x);
        return;
    }
    struct MHD_Response *r =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 64 << 10, read_batch, b, end_batch);
    if (!r) {
        end_batch(b);
        answer_no_memory(x);
        return;
    }
    x->stream = true;
    answer_response(x, 200, "application/zip", r);
    answer_header(x, "Content-Disposition", "attachment; filename=paintings.zip");
}

void batch_start(exchange *x) { answer_prepared(x, read_request); }
