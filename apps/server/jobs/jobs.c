/* The list of jobs, the thread that starts them, their end and expiry. */
#include "jobs/jobs.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "jobs/broker.h"
#include "base/log.h"
#include "api/transfer.h"

void job_hold(job *b) { atomic_fetch_add(&b->references, 1); }

void job_release(job *b)
{
    if (!b || atomic_fetch_sub(&b->references, 1) != 1)
        return;
    painting_release(b->result);
    work_free(&b->work);
    free(b);
}

const char *job_word(job_state state)
{
    static const char *const words[] = {"queued", "running", "done", "failed", "cancelled", "expired"};
    return words[state];
}

/* ------------------------------------------------------------------ list */

/* The list's functions are called under the lock. */
static void list_add(struct jobs *j, job *b)
{
    b->previous = j->last;
    b->next = NULL;
    *(j->last ? &j->last->next : &j->first) = b;
    j->last = b;
    b->listed = true;
    j->count++;
}

static void list_remove(struct jobs *j, job *b)
{
    *(b->previous ? &b->previous->next : &j->first) = b->next;
    *(b->next ? &b->next->previous : &j->last) = b->previous;
    b->next = b->previous = NULL;
    b->listed = false;
    j->count--;
}

job *jobs_find(struct jobs *j, const char *id, const api_key *who)
{
    pthread_mutex_lock(&j->lock);
    job *b = j->first;
    while (b && strcmp(b->id, id))
        b = b->next;
    if (b && who && !who->admin && strcmp(b->owner, who->name))
        b = NULL;
    if (b)
        job_hold(b);
    pthread_mutex_unlock(&j->lock);
    return b;
}

unsigned jobs_place(struct jobs *j, const job *wanted)
{
    unsigned place = 0;
    pthread_mutex_lock(&j->lock);
    for (const job *b = j->first; b && b != wanted; b = b->next)
        place += b->state == JOB_QUEUED;
    pthread_mutex_unlock(&j->lock);
    return place;
}

/* ------------------------------------------------------------------ work */

static job *of_ticket(ticket *t) { return (job *)(void *)((char *)t - offsetof(job, ticket)); }

void jobs_count_end(struct jobs *j, job_state state)
{
    server *s = j->server;
    atomic_fetch_add(state == JOB_DONE     ? &s->metrics.jobs_done
                     : state == JOB_FAILED ? &s->metrics.jobs_failed
                                           : &s->metrics.jobs_cancelled,
                     1);
}

void jobs_finish(struct jobs *j, job *b, job_state state, painting *result, const problem *why)
{
    pthread_mutex_lock(&j->lock);
    if (b->cancelling) /* it was just done, but nobody wants it any more */
        state = JOB_CANCELLED;
    const bool stopping = j->stop && state == JOB_FAILED && why && !strcmp(why->code, "cancelled");
    if (why)
        b->problem = *why;
    pthread_mutex_unlock(&j->lock);
    bool stored = true;
    if (stopping)
        state = JOB_QUEUED; /* its file stays: the next run paints it */
    else if (state == JOB_CANCELLED)
        job_files_remove(j, b->id);
    else
        stored = job_files_finish(j, b, state == JOB_DONE ? result : NULL);
    pthread_mutex_lock(&j->lock);
    b->state = state;
    b->ended = time(NULL);
    if (state == JOB_DONE && !stored)
        b->result = painting_hold(result);
    j->active--;
    pthread_cond_signal(&j->changed);
    pthread_mutex_unlock(&j->lock);
    painting_release(result);
    if (!stopping)
        jobs_count_end(j, state);
}

static void on_progress(ticket *t, float done)
{
    atomic_store(&of_ticket(t)->progress, done <= 0 ? 0 : done >= 1 ? 1000 : (unsigned)(done * 1000));
}

static void on_painted(ticket *t, painting *p, const problem *why)
{
    job *b = of_ticket(t);
    const bool erased = !p && problem_is_erased(why);
    jobs_finish(b->jobs, b, p ? JOB_DONE : erased ? JOB_CANCELLED : JOB_FAILED, p, p ? NULL : why);
    job_release(b);
}

job *jobs_add_once(struct jobs *j, job *b)
{
    pthread_mutex_lock(&j->lock);
    job *known = j->first;
    while (known && strcmp(known->id, b->id))
        known = known->next;
    const bool full = !known && j->count >= 2 * j->server->config.jobs_max;
    if (!known && !full) {
        b->jobs = j;
        list_add(j, b);
    }
    if (!full)
        job_hold(known ? known : b);
    pthread_mutex_unlock(&j->lock);
    if (known || full)
        job_release(b);
    return full ? NULL : known ? known : b;
}

void jobs_unlist(struct jobs *j, job *b)
{
    pthread_mutex_lock(&j->lock);
    const bool listed = b->listed;
    if (listed)
        list_remove(j, b);
    pthread_mutex_unlock(&j->lock);
    if (listed)
        job_release(b); /* the list's */
}

void jobs_add(struct jobs *j, job *b)
{
    b->jobs = j;
    b->ticket = (ticket){.done = on_painted, .progress = on_progress};
    pthread_mutex_lock(&j->lock);
    list_add(j, b);
    pthread_cond_signal(&j->changed);
    pthread_mutex_unlock(&j->lock);
}

/* Reads the upload and hands it to the painter. */
static void start(struct jobs *j, job *b)
{
    server *s = j->server;
    painting *cached = NULL;
    problem wrong;
    slice type;
    work_free(&b->work);
    job about = {.created = 0};
    b->work.memory = job_files_load(j, b->id, &about, &type);
    bool ok = b->work.memory != NULL;
    if (!ok)
        problem_set(&wrong, 500, "internal", NULL, "the upload of the job could not be read");
    char *copy = ok ? strndup(type.data, type.size) : NULL;
    if (ok)
        b->work.memory->pictures.size = 0;
    ok = ok && copy && transfer_read(s, &b->work.params, b->work.memory, (slice){copy, strlen(copy)}, &wrong);
    free(copy);
    if (ok) {
        memcpy(b->work.params.subject, b->subject, sizeof b->subject);
        b->work.params.allow_degraded = false; /* nobody waits in front of a screen */
        b->work.keep = true;
        ok = painter_prepare(&s->painter, &b->work, &cached, &wrong);
    }
    if (!ok || cached) {
        jobs_finish(j, b, ok ? JOB_DONE : JOB_FAILED, cached, ok ? NULL : &wrong);
        return;
    }
    job_hold(b);
    painter_start(&s->painter, &b->work, &b->ticket);
    work_free(&b->work); /* the painter has its own */
    pthread_mutex_lock(&j->lock);
    const bool cancel = b->cancelling;
    pthread_mutex_unlock(&j->lock);
    if (cancel && painter_leave(&s->painter, &b->ticket)) {
        jobs_finish(j, b, JOB_CANCELLED, NULL, NULL);
        job_release(b);
    }
}

static job *next_queued(struct jobs *j)
{
    job *b = j->first;
    while (b && (b->remote || b->state != JOB_QUEUED))
        b = b->next;
    return b;
}

static void *jobs_main(void *arg)
{
    struct jobs *j = arg;
    /* One more than painters, so that the next is decoded while one is painted. */
    const size_t most = (size_t)j->server->painter.threads + 1;
    pthread_mutex_lock(&j->lock);
    while (!j->stop) {
        job *b = j->active < most ? next_queued(j) : NULL;
        if (!b) {
            pthread_cond_wait(&j->changed, &j->lock);
            continue;
        }
        b->state = JOB_RUNNING;
        j->active++;
        job_hold(b);
        pthread_mutex_unlock(&j->lock);
        start(j, b);
        job_release(b);
        pthread_mutex_lock(&j->lock);
    }
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

/* ------------------------------------------------------------------ removal */

void jobs_remove(struct jobs *j, job *b)
{
    if (b->remote) {
        broker_remove(j->server->broker, b);
        return;
    }
    pthread_mutex_lock(&j->lock);
    const job_state was = b->state;
    bool unlisted = false;
    if (was == JOB_QUEUED) {
        b->state = JOB_CANCELLED;
        b->ended = time(NULL);
    } else if (was == JOB_RUNNING) {
        b->cancelling = true;
    } else if (b->listed) {
        list_remove(j, b);
        unlisted = true;
    }
    pthread_mutex_unlock(&j->lock);
    if (was == JOB_RUNNING) {
        if (painter_leave(&j->server->painter, &b->ticket)) {
            jobs_finish(j, b, JOB_CANCELLED, NULL, NULL);
            job_release(b); /* the ticket's */
        }
        return;
    }
    if (was == JOB_QUEUED)
        atomic_fetch_add(&j->server->metrics.jobs_cancelled, 1);
    job_files_remove(j, b->id);
    if (unlisted)
        job_release(b); /* the list's */
}

/* Held jobs of a subject that were accepted up to then. */
static size_t of_subject(struct jobs *j, const char *subject, int64_t until, job **out, size_t max)
{
    size_t n = 0;
    pthread_mutex_lock(&j->lock);
    for (job *b = j->first; b && n < max; b = b->next)
        if (b->state != JOB_EXPIRED && b->created <= until && !strcmp(b->subject, subject)) {
            job_hold(b);
            out[n++] = b;
        }
    pthread_mutex_unlock(&j->lock);
    return n;
}

size_t jobs_erase(struct jobs *j, const char *subject, int64_t until, bool elsewhere)
{
    job *found[JOBS_AT_ONCE];
    const size_t n = of_subject(j, subject, until, found, SRV_LEN(found));
    for (size_t i = 0; i < n; i++) {
        job *b = found[i];
        const bool over = b->state != JOB_QUEUED && b->state != JOB_RUNNING;
        if (b->remote && elsewhere) {
            jobs_unlist(j, b);
        } else {
            jobs_remove(j, b);
            if (!over && b->state == JOB_CANCELLED) /* it stays in the list otherwise */
                jobs_remove(j, b);
        }
        job_release(b);
    }
    return n;
}

/* Ends what is too old; under the lock. */
static void expire(struct jobs *j, int64_t now)
{
    const int64_t ttl = (int64_t)(j->server->config.job_ttl / 1000);
    for (job *b = j->first, *next; b; b = next) {
        next = b->next;
        const bool over = b->state == JOB_DONE || b->state == JOB_FAILED || b->state == JOB_CANCELLED;
        if (over && now - b->ended >= ttl) {
            b->state = JOB_EXPIRED;
            painting_release(b->result);
            b->result = NULL;
            if (b->remote)
                broker_expired(j->server->broker, b->id);
            else
                job_files_remove(j, b->id);
            atomic_fetch_add(&j->server->metrics.jobs_expired, 1);
        } else if (b->state == JOB_QUEUED && now - b->created >= ttl) {
            problem_set(&b->problem, 503, "deadline_exceeded", NULL, "the job waited too long");
            b->state = JOB_FAILED;
            b->ended = now;
            job_files_remove(j, b->id);
            atomic_fetch_add(&j->server->metrics.jobs_failed, 1);
        } else if (b->state == JOB_EXPIRED && now - b->ended >= 2 * ttl) {
            list_remove(j, b);
            job_release(b);
        }
    }
}

void jobs_tick(struct jobs *j)
{
    pthread_mutex_lock(&j->lock);
    expire(j, time(NULL));
    pthread_mutex_unlock(&j->lock);
    streams_tick(j, false);
}

/* ------------------------------------------------------------------ start and end */

static void take_up(struct jobs *j, const char *id, const char *ending, int64_t age)
{
    job *b = calloc(1, sizeof *b);
    slice type;
    if (!b)
        return;
    atomic_init(&b->references, 1);
    memcpy(b->id, id, sizeof b->id);
    b->created = b->ended = time(NULL) - age;
    bool ok = true;
    if (!strcmp(ending, "job")) {
        blob *memory = job_files_load(j, id, b, &type);
        ok = memory != NULL;
        blob_release(memory);
    } else if (!strcmp(ending, "done")) {
        painting *p = job_files_result(j, id);
        ok = p != NULL;
        if (p)
            memcpy(b->subject, p->subject, sizeof b->subject);
        const char *slash = strchr(b->subject, '/'); /* "owner/" if the client gave no subject */
        if (slash)
            snprintf(b->owner, sizeof b->owner, "%.*s", (int)(slash - b->subject), b->subject);
        if (slash && !slash[1])
            b->subject[0] = '\0';
        b->state = JOB_DONE;
        painting_release(p);
    } else if (!strcmp(ending, "failed")) {
        b->state = JOB_FAILED;
        ok = job_files_failure(j, id, b);
    } else {
        ok = false;
    }
    if (ok)
        jobs_add(j, b);
    else
        job_release(b);
}

struct jobs *jobs_create(server *s, char *message, size_t size)
{
    struct jobs *j = calloc(1, sizeof *j);
    if (!j) {
        snprintf(message, size, "out of memory");
        return NULL;
    }
    j->server = s;
    j->folder = -1;
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->changed, NULL);
    return j;
}

bool jobs_open(struct jobs *j, char *message, size_t size)
{
    char unused[600];
    if (j->server->config.state_dir) /* asked for, so it has to work */
        return job_files_open(j, message, size);
    job_files_open(j, unused, sizeof unused);
    return true;
}

bool jobs_start(struct jobs *j, char *message, size_t size)
{
    if (j->folder >= 0)
        job_files_scan(j, take_up);
    j->started = !pthread_create(&j->thread, NULL, jobs_main, j);
    if (!j->started)
        snprintf(message, size, "a thread could not be started");
    else if (j->count)
        log_line(STYLIZE_LOG_INFO, "%zu jobs of an earlier run were taken up", j->count);
    return j->started;
}

void jobs_stop(struct jobs *j)
{
    if (!j)
        return;
    pthread_mutex_lock(&j->lock);
    j->stop = true;
    pthread_cond_signal(&j->changed);
    pthread_mutex_unlock(&j->lock);
    if (j->started)
        pthread_join(j->thread, NULL);
    j->started = false;
    streams_tick(j, true);
}

void jobs_destroy(struct jobs *j)
{
    if (!j)
        return;
    for (job *b = j->first, *next; b; b = next) {
        next = b->next;
        job_release(b);
    }
    if (j->folder >= 0)
        close(j->folder);
    pthread_mutex_destroy(&j->lock);
    pthread_cond_destroy(&j->changed);
    free(j);
}
