#include "jobs/job_removal.h"

#include <time.h>

#include "jobs/broker_jobs.h"
#include "jobs/job_end.h"

bool jobs_remove(struct jobs *j, job *b)
{
    if (b->remote)
        return broker_remove(j->broker, b);
    pthread_mutex_lock(&j->lock);
    const job_state was = b->state;
    if (was == JOB_RUNNING) {
        b->cancelling = true;
        if (b->style)
            job_style_cancel(b->style);
    } else {
        b->leaving = b->leaving || was != JOB_QUEUED;
        b->leftover = true;
        b->state = JOB_CANCELLED;
        if (was == JOB_QUEUED) {
            b->ended = time(NULL);
            b->since_ms = job_now_ms();
        }
    }
    pthread_mutex_unlock(&j->lock);
    if (was == JOB_RUNNING && !painter_leave(j->painter, &b->ticket))
        return true; /* whoever ends it just now sees that it is cancelled */
    if (was == JOB_RUNNING) {
        jobs_finish(j, b, JOB_CANCELLED, NULL, NULL);
        job_release(b); /* the ticket's */
    } else if (was == JOB_QUEUED) {
        jobs_count_end(j, JOB_CANCELLED);
    }
    return jobs_clean(j, b);
}

size_t jobs_erase(struct jobs *j, const char *subject, int64_t until, bool elsewhere, bool *whole)
{
    job *found[JOBS_AT_ONCE];
    const size_t n = jobs_of_subject(j, subject, until, found, APP_LEN(found));
    for (size_t i = 0; i < n; i++) {
        job *b = found[i];
        const bool over = b->state != JOB_QUEUED && b->state != JOB_RUNNING;
        if (b->remote && elsewhere) {
            jobs_unlist(j, b);
        } else {
            bool gone = jobs_remove(j, b);
            if (!over && b->state == JOB_CANCELLED) /* it stays in the list otherwise */
                gone = jobs_remove(j, b) && gone;
            *whole = *whole && gone;
        }
        job_release(b);
    }
    *whole = *whole && n < JOBS_AT_ONCE;
    return n;
}

/* Under the lock. */
static void expire(struct jobs *j, job *b)
{
    b->state = JOB_EXPIRED;
    painting_release(b->result);
    b->result = NULL;
    if (b->remote)
        broker_expired(j->broker, b->id);
    else
        b->leftover = true;
    atomic_fetch_add(&j->metrics->jobs_expired, 1);
}

/* Under the lock. */
static void give_up(struct jobs *j, job *b, int64_t now_ms)
{
    problem_set(&b->problem, 503, "deadline_exceeded", NULL, "the job waited too long");
    b->state = JOB_FAILED;
    b->ended = time(NULL);
    b->since_ms = now_ms;
    b->leftover = true;
    atomic_fetch_add(&j->metrics->jobs_failed, 1);
}

void jobs_expire(struct jobs *j, int64_t now_ms)
{
    const int64_t ttl = (int64_t)j->config->job_ttl;
    pthread_mutex_lock(&j->lock);
    for (job *b = j->stop ? NULL : j->first, *next; b; b = next) {
        next = b->next;
        const bool over = b->state == JOB_DONE || b->state == JOB_FAILED || b->state == JOB_CANCELLED;
        const int64_t age = now_ms - b->since_ms;
        if (over && age >= ttl) {
            expire(j, b);
        } else if (b->state == JOB_QUEUED && !b->remote && age >= ttl) {
            give_up(j, b, now_ms);
        } else if (b->state == JOB_EXPIRED && age >= 2 * ttl && !b->leftover) {
            jobs_list_remove(j, b);
            job_release(b);
        }
    }
    pthread_mutex_unlock(&j->lock);
}

/* The first after `after` that has files which should be gone; held. */
static job *next_leftover(struct jobs *j, job *after)
{
    pthread_mutex_lock(&j->lock);
    job *b = !after ? j->first : after->listed ? after->next : NULL;
    while (b && !b->leftover)
        b = b->next;
    if (b)
        job_hold(b);
    pthread_mutex_unlock(&j->lock);
    return b;
}

void jobs_sweep(struct jobs *j, bool again)
{
    pthread_mutex_lock(&j->lock);
    const bool failed = j->remove_failed;
    pthread_mutex_unlock(&j->lock);
    if (failed && !again)
        return;
    job *b = next_leftover(j, NULL);
    while (b) {
        job *next = next_leftover(j, b);
        const bool gone = jobs_clean(j, b);
        job_release(b);
        b = next;
        if (!gone) /* the others would fare no better */
            break;
    }
    job_release(b);
}
