#include "jobs/job_list.h"

#include <string.h>

void jobs_list_add(struct jobs *j, job *b)
{
    b->previous = j->last;
    b->next = NULL;
    *(j->last ? &j->last->next : &j->first) = b;
    j->last = b;
    b->listed = true;
    j->count++;
}

void jobs_list_remove(struct jobs *j, job *b)
{
    *(b->previous ? &b->previous->next : &j->first) = b->next;
    *(b->next ? &b->next->previous : &j->last) = b->previous;
    b->next = b->previous = NULL;
    b->listed = false;
    j->count--;
}

job *jobs_find(struct jobs *j, const char *id, const char *owner)
{
    pthread_mutex_lock(&j->lock);
    job *b = j->first;
    while (b && strcmp(b->id, id))
        b = b->next;
    if (b && owner && strcmp(b->owner, owner))
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
        place += b->state == JOB_QUEUED && !b->style == !wanted->style;
    pthread_mutex_unlock(&j->lock);
    return place;
}

style_jobs jobs_of_styles(struct jobs *j, const char *style)
{
    style_jobs s = {0};
    pthread_mutex_lock(&j->lock);
    for (const job *b = j->first; b; b = b->next) {
        if (!b->style || (b->state != JOB_QUEUED && b->state != JOB_RUNNING))
            continue;
        s.waiting += b->state == JOB_QUEUED;
        s.running += b->state == JOB_RUNNING;
        if (style && !strcmp(job_style_id(b->style), style))
            s.wanted = true;
    }
    pthread_mutex_unlock(&j->lock);
    return s;
}

size_t jobs_of_subject(struct jobs *j, const char *subject, int64_t until, job **out, size_t max)
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

size_t jobs_leftover(struct jobs *j)
{
    size_t n = 0;
    pthread_mutex_lock(&j->lock);
    for (const job *b = j->first; b; b = b->next)
        n += b->leftover;
    pthread_mutex_unlock(&j->lock);
    return n;
}

void jobs_count_end(struct jobs *j, job_state state)
{
    atomic_fetch_add(state == JOB_DONE     ? &j->metrics->jobs_done
                     : state == JOB_FAILED ? &j->metrics->jobs_failed
                                           : &j->metrics->jobs_cancelled,
                     1);
}

job *jobs_add_once(struct jobs *j, job *b)
{
    pthread_mutex_lock(&j->lock);
    job *known = j->first;
    while (known && strcmp(known->id, b->id))
        known = known->next;
    const bool full = !known && j->count >= 8 * j->config->jobs_max;
    if (!known && !full) {
        b->jobs = j;
        jobs_list_add(j, b);
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
        jobs_list_remove(j, b);
    pthread_mutex_unlock(&j->lock);
    if (listed)
        job_release(b); /* the list's */
}
