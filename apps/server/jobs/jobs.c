#include "jobs/jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "jobs/job_closer.h"
#include "jobs/job_run.h"

static void take_up(void *user, const char *id, const char *ending, int64_t age)
{
    struct jobs *j = user;
    job *b = calloc(1, sizeof *b);
    slice type;
    if (!b)
        return;
    atomic_init(&b->references, 1);
    memcpy(b->id, id, sizeof b->id);
    b->created = b->ended = time(NULL) - age;
    b->since_ms = job_now_ms() - 1000 * age;
    bool ok = true;
    if (!strcmp(ending, "old")) {
        b->state = JOB_EXPIRED;
        b->leftover = true;
    } else if (!strcmp(ending, "job") && job_files_over(&j->files, id)) { /* the power went in between */
        ok = false;
        job_files_remove(&j->files, id, true); /* else with its end */
    } else if (!strcmp(ending, "job")) {
        blob *memory = job_files_load(&j->files, id, b, &type);
        ok = memory != NULL;
        b->bytes = ok ? memory->body.size : 0;
        blob_release(memory);
    } else if (!strcmp(ending, "done")) {
        painting *p = job_files_result(&j->files, id);
        ok = p != NULL;
        if (p)
            memcpy(b->subject, p->subject, sizeof b->subject);
        const char *slash = strchr(b->subject, '/'); /* "owner/" if the client gave no subject */
        if (slash)
            snprintf(b->owner, sizeof b->owner, "%.*s", (int)(slash - b->subject), b->subject);
        if (slash && !slash[1])
            b->subject[0] = '\0';
        b->state = JOB_DONE;
        b->bytes = p ? p->image.size : 0;
        painting_release(p);
    } else if (!strcmp(ending, "style")) {
        b->state = JOB_DONE;
        ok = job_files_learnt(&j->files, id, b);
    } else if (!strcmp(ending, "failed")) {
        b->state = JOB_FAILED;
        ok = job_files_failure(&j->files, id, b);
    } else {
        ok = false;
    }
    if (ok)
        jobs_add(j, b);
    else
        job_release(b);
}

struct jobs *jobs_create(const config *c, painter *p, metrics *m, io_pool *pool, char *message, size_t size)
{
    struct jobs *j = calloc(1, sizeof *j);
    if (!j) {
        snprintf(message, size, "out of memory");
        return NULL;
    }
    j->config = c;
    j->painter = p;
    j->metrics = m;
    j->pool = pool;
    j->files.folder = -1;
    pthread_mutex_init(&j->lock, NULL);
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&j->changed, &clock);
    pthread_cond_init(&j->closing, &clock);
    pthread_cond_init(&j->styles_changed, &clock);
    pthread_condattr_destroy(&clock);
    return j;
}

bool jobs_open(struct jobs *j, char *message, size_t size)
{
    char unused[600];
    const char *asked = j->config->state_dir;
    if (asked) /* so it has to work */
        return job_files_open(&j->files, asked, message, size);
    job_files_open(&j->files, NULL, unused, sizeof unused);
    return true;
}

const char *jobs_folder(const struct jobs *j) { return j->files.folder >= 0 ? j->files.path : NULL; }

bool jobs_start(struct jobs *j, char *message, size_t size)
{
    if (j->files.folder >= 0 && !job_files_lock(&j->files, message, size))
        return false;
    if (j->files.folder >= 0)
        job_files_scan(&j->files, (int64_t)(j->config->job_ttl / 1000), take_up, j);
    j->started = !pthread_create(&j->thread, NULL, jobs_run, j);
    j->closer_started = !pthread_create(&j->closer, NULL, jobs_close, j);
    if (!j->started || !j->closer_started)
        snprintf(message, size, "a thread could not be started");
    else if (j->count)
        log_line(STYLIZE_LOG_INFO, "%zu jobs of an earlier run were taken up", j->count);
    return j->started && j->closer_started;
}

void jobs_stop(struct jobs *j)
{
    if (!j)
        return;
    pthread_mutex_lock(&j->lock);
    j->stop = true;
    pthread_cond_signal(&j->changed);
    pthread_cond_signal(&j->styles_changed);
    pthread_mutex_unlock(&j->lock);
    if (j->started)
        pthread_join(j->thread, NULL);
    j->started = false;
}

void jobs_destroy(struct jobs *j)
{
    if (!j)
        return;
    pthread_mutex_lock(&j->lock);
    j->closed = true;
    pthread_cond_signal(&j->closing);
    pthread_mutex_unlock(&j->lock);
    if (j->closer_started)
        pthread_join(j->closer, NULL);
    for (job *b = j->first, *next; b; b = next) {
        next = b->next;
        job_release(b);
    }
    job_files_close(&j->files);
    pthread_mutex_destroy(&j->lock);
    pthread_cond_destroy(&j->changed);
    pthread_cond_destroy(&j->closing);
    pthread_cond_destroy(&j->styles_changed);
    free(j);
}
