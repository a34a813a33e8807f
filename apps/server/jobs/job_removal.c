#include "jobs/job_removal.h"

#include <time.h>

#include "jobs/broker_jobs.h"
#include "jobs/job_run.h"

void jobs_remove(struct jobs *j, job *b)
{
    if (b->remote) {
        broker_remove(j->broker, b);
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
        jobs_list_remove(j, b);
        unlisted = true;
    }
    pthread_mutex_unlock(&j->lock);
    if (was == JOB_RUNNING) {
        if (painter_leave(j->painter, &b->ticket)) {
            jobs_finish(j, b, JOB_CANCELLED, NULL, NULL);
            job_release(b); /* the ticket's */
        }
        return;
    }
    if (was == JOB_QUEUED)
        atomic_fetch_add(&j->metrics->jobs_cancelled, 1);
    job_files_remove(&j->files, b->id);
    if (unlisted)
        job_release(b); /* the list's */
}

size_t jobs_erase(struct jobs *j, const char *subject, int64_t until, bool elsewhere)
{
    job *found[JOBS_AT_ONCE];
    const size_t n = jobs_of_subject(j, subject, until, found, APP_LEN(found));
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

void jobs_expire(struct jobs *j, int64_t now)
{
    const int64_t ttl = (int64_t)(j->config->job_ttl / 1000);
    pthread_mutex_lock(&j->lock);
    for (job *b = j->first, *next; b; b = next) {
        next = b->next;
        const bool over = b->state == JOB_DONE || b->state == JOB_FAILED || b->state == JOB_CANCELLED;
        if (over && now - b->ended >= ttl) {
            b->state = JOB_EXPIRED;
            painting_release(b->result);
            b->result = NULL;
            if (b->remote)
                broker_expired(j->broker, b->id);
            else
                job_files_remove(&j->files, b->id);
            atomic_fetch_add(&j->metrics->jobs_expired, 1);
        } else if (b->state == JOB_QUEUED && now - b->created >= ttl) {
            problem_set(&b->problem, 503, "deadline_exceeded", NULL, "the job waited too long");
            b->state = JOB_FAILED;
            b->ended = now;
            job_files_remove(&j->files, b->id);
            atomic_fetch_add(&j->metrics->jobs_failed, 1);
        } else if (b->state == JOB_EXPIRED && now - b->ended >= 2 * ttl) {
            jobs_list_remove(j, b);
            job_release(b);
        }
    }
    pthread_mutex_unlock(&j->lock);
}
