#include "jobs/job_run.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "jobs/job_end.h"
#include "paint/params_read.h"
#include "paint/prepare.h"

static job *of_ticket(ticket *t) { return (job *)(void *)((char *)t - offsetof(job, ticket)); }

static void on_progress(ticket *t, float done)
{
    atomic_store(&of_ticket(t)->progress, done <= 0 ? 0 : done >= 1 ? 1000 : (unsigned)(done * 1000));
}

static void on_painted(ticket *t, painting *p, const problem *why)
{
    job *b = of_ticket(t);
    const bool erased = !p && problem_is_erased(why);
    jobs_finish_later(b->jobs, b, p ? JOB_DONE : erased ? JOB_CANCELLED : JOB_FAILED, p, p ? NULL : why);
}

void jobs_add(struct jobs *j, job *b)
{
    b->jobs = j;
    b->ticket = (ticket){.done = on_painted, .progress = on_progress};
    pthread_mutex_lock(&j->lock);
    jobs_list_add(j, b);
    pthread_cond_signal(b->style ? &j->styles_changed : &j->changed);
    pthread_mutex_unlock(&j->lock);
}

/* Reads the upload and hands it to the painter. */
static void start(struct jobs *j, job *b)
{
    const params_limits limits = params_limits_of(j->config);
    painting *cached = NULL;
    problem wrong;
    slice type;
    work_free(&b->work);
    job about = {.created = 0};
    problem_set(&wrong, 503, "out_of_memory", NULL, "memory for the job could not be had");
    b->work.memory = job_files_load(&j->files, b->id, &about, &type);
    bool ok = b->work.memory != NULL;
    if (!ok)
        problem_set(&wrong, 500, "internal", NULL, "the upload of the job could not be read");
    char *copy = ok ? strndup(type.data, type.size) : NULL;
    if (ok)
        b->work.memory->pictures.size = 0;
    ok = ok && copy &&
         params_read(&b->work.params, &limits, b->work.memory, (slice){copy, strlen(copy)}, &wrong);
    free(copy);
    if (ok) {
        memcpy(b->work.params.subject, b->subject, sizeof b->subject);
        b->work.params.allow_degraded = false; /* nobody waits in front of a screen */
        b->work.keep = true;
        b->work.promised = true;
        ok = painter_prepare(j->painter, &b->work, &cached, &wrong);
    }
    if (!ok || cached) {
        jobs_finish(j, b, ok ? JOB_DONE : JOB_FAILED, cached, ok ? NULL : &wrong);
        return;
    }
    job_hold(b);
    painter_start(j->painter, &b->work, &b->ticket);
    work_free(&b->work); /* the painter has its own */
    pthread_mutex_lock(&j->lock);
    const bool cancel = b->cancelling;
    pthread_mutex_unlock(&j->lock);
    if (cancel && painter_leave(j->painter, &b->ticket)) {
        jobs_finish(j, b, JOB_CANCELLED, NULL, NULL);
        job_release(b);
    }
}

/* Under the lock, which it gives up meanwhile. */
static void wait_for_change(struct jobs *j)
{
    const uint64_t now = now_ns();
    if (j->again_ns <= now) {
        pthread_cond_wait(&j->changed, &j->lock);
        return;
    }
    const struct timespec until = {.tv_sec = (time_t)(j->again_ns / 1000000000),
                                   .tv_nsec = (long)(j->again_ns % 1000000000)};
    pthread_cond_timedwait(&j->changed, &j->lock, &until);
}

static job *next_queued(struct jobs *j)
{
    if (now_ns() < j->again_ns)
        return NULL;
    job *b = j->first;
    while (b && (b->remote || b->style || b->state != JOB_QUEUED))
        b = b->next;
    return b;
}

void *jobs_run(void *arg)
{
    struct jobs *j = arg;
    /* One more than painters, so that the next is decoded while one is painted. */
    const size_t most = (size_t)j->painter->threads + 1;
    pthread_mutex_lock(&j->lock);
    while (!j->stop) {
        job *b = j->active < most ? next_queued(j) : NULL;
        if (!b) {
            wait_for_change(j);
            continue;
        }
        b->state = JOB_RUNNING;
        b->begun_ms = job_now_ms();
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
