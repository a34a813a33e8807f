/* All that is stored under a subject, piece by piece: each may be as large as a picture, and many of them are not. */
#include "api/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/job_view.h"
#include "api/privacy.h"
#include "api/transfer.h"
#include "common/names.h"
#include "http/answer.h"
#include "http/answer_later.h"
#include "jobs/broker_jobs.h"
#include "jobs/job_removal.h"

typedef struct keys_found {
    painting_key *list;
    size_t count, capacity;
} keys_found;

static void collect(void *user, const painting_key *key, uint64_t bytes)
{
    keys_found *f = user;
    for (size_t i = 0; i < f->count; i++)
        if (!memcmp(&f->list[i], key, sizeof *key))
            return;
    if (f->count == f->capacity) {
        const size_t capacity = f->capacity ? 2 * f->capacity : 32;
        painting_key *more = realloc(f->list, capacity * sizeof *more);
        if (!more)
            return;
        f->list = more;
        f->capacity = capacity;
    }
    f->list[f->count++] = *key;
}

/* An object with the picture in front. */
static void write_picture(const painting *p, json_t *taken, buf *out)
{
    char before[64];
    snprintf(before, sizeof before, "data:%s;base64,", format_type(p->image.format));
    json_write_bytes(taken, "picture", before, p->image.pixels, p->image.size, out);
}

/* A job whose photograph is still needed, with that. */
static void write_open_job(struct jobs *j, job *b, json_t *taken, buf *out)
{
    slice type;
    job copy = {0};
    buf photograph = {0};
    blob *upload = b->remote ? NULL : job_files_load(&j->files, b->id, &copy, &type);
    if (upload) {
        json_object_set_new(taken, "upload_type", json_any(type.data, type.size));
        json_write_bytes(taken, "upload", "", upload->body.data, upload->body.size, out);
    } else if (b->remote && broker_upload(j->broker, b, &photograph)) {
        json_write_bytes(taken, "upload", "", photograph.data, photograph.size, out);
    } else {
        json_write(taken, out);
    }
    buf_free(&photograph);
    blob_release(upload);
}

static void write_job(struct jobs *j, job *b, buf *out)
{
    json_t *whole = json_pack("{s:o}", "job", job_json(j, b));
    if (b->state == JOB_QUEUED || b->state == JOB_RUNNING) {
        write_open_job(j, b, whole, out);
        return;
    }
    painting *p = b->state != JOB_DONE ? NULL
                  : b->remote          ? broker_result(j->broker, b)
                                       : job_files_result(&j->files, b->id);
    if (p)
        write_picture(p, whole, out);
    else
        json_write(whole, out);
    painting_release(p);
}

/* ------------------------------------------------------------------ piece by piece */

typedef enum export_part { PART_JOBS, PART_RESULTS, PART_END } export_part;

/* Lives as long as the answer or the thread that makes its next piece. */
typedef struct export
{
    atomic_int references;
    server *server;
    struct MHD_Connection *connection;
    watched *watched;
    pthread_mutex_t lock;
    bool waiting; /* suspended */
    bool making;  /* the next piece, by another thread; what follows is that thread's then */
    export_part part;
    job *jobs[JOBS_AT_ONCE];
    size_t job_count, next_job;
    keys_found results;
    size_t next_result;
    bool any; /* results so far */
    buf out;
    size_t at;
}
export;

static void export_release(export *e)
{
    if (atomic_fetch_sub(&e->references, 1) != 1)
        return;
    while (e->next_job < e->job_count)
        job_release(e->jobs[e->next_job++]);
    atomic_fetch_sub(&e->server->exports, 1);
    free(e->results.list);
    buf_free(&e->out);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

static void write_result(export *e)
{
    cache *c = &e->server->painter.cache;
    int tier;
    painting *p = cache_get(c, &e->results.list[e->next_result++], &tier);
    if (!p)
        return;
    buf_puts(&e->out, e->any ? ", " : "");
    write_picture(p, transfer_json(p, "hit"), &e->out);
    painting_release(p);
    e->any = true;
}

static void write_piece(export *e)
{
    if (e->part == PART_JOBS && e->next_job < e->job_count) {
        job *b = e->jobs[e->next_job];
        buf_puts(&e->out, e->next_job++ ? ", " : "");
        write_job(e->server->jobs, b, &e->out);
        job_release(b);
    } else if (e->part == PART_JOBS) {
        buf_puts(&e->out, "], \"results\": [");
        e->part = PART_RESULTS;
    } else if (e->next_result < e->results.count) {
        write_result(e);
    } else {
        buf_puts(&e->out, "]}\n");
        e->part = PART_END;
    }
}

/* A thread of the pool. */
static void make_piece(void *arg)
{
    export *e = arg;
    buf_free(&e->out);
    e->at = 0;
    do
        write_piece(e);
    while (!e->out.size && !e->out.failed && e->part != PART_END);
    pthread_mutex_lock(&e->lock);
    e->making = false;
    if (e->waiting)
        MHD_resume_connection(e->connection);
    e->waiting = false;
    pthread_mutex_unlock(&e->lock);
    export_release(e);
}

static void wait_for_piece(export *e)
{
    atomic_fetch_add(&e->references, 1);
    pthread_mutex_lock(&e->lock);
    e->waiting = e->making = true;
    watch_deadline(e->watched, 0, false);
    MHD_suspend_connection(e->connection);
    pthread_mutex_unlock(&e->lock);
    if (!io_pool_run(&e->server->pool, IO_SOON, make_piece, e))
        make_piece(e);
}

static ssize_t read_export(void *user, uint64_t position, char *to, size_t size)
{
    export *e = user;
    if (e->out.failed)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (e->at == e->out.size) {
        if (e->part == PART_END)
            return MHD_CONTENT_READER_END_OF_STREAM;
        wait_for_piece(e);
        return 0;
    }
    const size_t n = e->out.size - e->at < size ? e->out.size - e->at : size;
    memcpy(to, e->out.data + e->at, n);
    e->at += n;
    watch_deadline(e->watched, e->server->config.send_timeout, false);
    return (ssize_t)n;
}

static void end_export(void *user)
{
    export *e = user;
    pthread_mutex_lock(&e->lock);
    e->waiting = false;
    pthread_mutex_unlock(&e->lock);
    export_release(e);
}

/* With what comes first. */
static export *export_create(exchange *x, const char *subject)
{
    server *s = x->server;
    export *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    atomic_init(&e->references, 1);
    e->server = s;
    e->connection = x->connection;
    e->watched = x->watched;
    pthread_mutex_init(&e->lock, NULL);
    e->job_count = jobs_of_subject(s->jobs, subject, INT64_MAX, e->jobs, APP_LEN(e->jobs));
    for (int i = 0; i < s->painter.cache.tier_count; i++)
        s->painter.cache.tiers[i].list(s->painter.cache.tiers[i].state, subject, collect, &e->results);
    buf_puts(&e->out, "{\"subject\": ");
    json_write_text(x->part, strlen(x->part), &e->out);
    buf_puts(&e->out, ", \"jobs\": [");
    return e;
}

static void begin(exchange *x)
{
    server *s = x->server;
    char subject[STORED_SUBJECT];
    problem busy;
    if (!privacy_subject(x, subject))
        return;
    if (s->jobs->broker && !broker_find_subject(s->jobs->broker, subject)) {
        job_missing(&busy, false);
        answer_problem(x, &busy);
        return;
    }
    if (atomic_fetch_add(&s->exports, 1) >= EXPORTS_MAX) {
        atomic_fetch_sub(&s->exports, 1);
        problem_set(&busy, 503, "busy", NULL, "too much data is on its way to others; try again later");
        answer_problem(x, &busy);
        return;
    }
    export *e = export_create(x, subject);
    struct MHD_Response *r =
        e ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 64 << 10, read_export, e, end_export) : NULL;
    if (!r) {
        if (e)
            export_release(e);
        else
            atomic_fetch_sub(&s->exports, 1);
        answer_no_memory(x);
        return;
    }
    x->stream = true;
    answer_response(x, 200, "application/json", r);
}

void privacy_export(exchange *x) { answer_later(x, begin); }
