#include "jobs/job_end.h"

#include <string.h>
#include <time.h>

#include "base/log.h"
#include "common/clock.h"
#include "jobs/job_admission.h"

#define AGAIN_NS (1000ull * 1000000) /* until a job is tried again that memory ran out for */

/* What passes by itself. Nobody is there who could ask again for a job that was accepted. */
static bool passes(const problem *why)
{
    static const char *const codes[] = {"busy", "queue_full", "out_of_memory"};
    for (size_t i = 0; i < APP_LEN(codes); i++)
        if (why->status == 503 && !strcmp(why->code, codes[i]))
            return true;
    return false;
}

/* Under the lock: whether it goes back to where it waited. */
static bool comes_again(struct jobs *j, const job *b, job_state state, const problem *why)
{
    if (state != JOB_FAILED || !why)
        return false;
    if (j->stop && !strcmp(why->code, "cancelled")) /* its file stays: the next run paints it */
        return true;
    if (b->style) /* it would be minutes again */
        return false;
    if (passes(why))
        j->again_ns = now_ns() + AGAIN_NS;
    return passes(why);
}

/* Under the lock: how fast jobs come to their end, for those who have to wait for it. */
static void note_pace(struct jobs *j, const job *b)
{
    const int64_t now = job_now_ms(), since = j->ended_ms > b->begun_ms ? j->ended_ms : b->begun_ms;
    const uint64_t took = now > since ? (uint64_t)(now - since) : 0;
    j->pace_ms = j->pace_ms ? (7 * j->pace_ms + took) / 8 : took;
    j->ended_ms = now;
}

void jobs_finish(struct jobs *j, job *b, job_state state, painting *result, const problem *why)
{
    pthread_mutex_lock(&j->lock);
    if (b->cancelling)
        state = JOB_CANCELLED;
    const bool again = comes_again(j, b, state, why);
    if (again)
        state = JOB_QUEUED;
    else if (why)
        b->problem = *why;
    pthread_mutex_unlock(&j->lock);
    const bool over = state == JOB_DONE || state == JOB_FAILED;
    const bool stored = !over || job_files_finish(&j->files, b, result, state == JOB_DONE);
    const bool gone = state == JOB_QUEUED || job_files_remove(&j->files, b->id, over);
    pthread_mutex_lock(&j->lock);
    const bool unwanted = b->cancelling && state != JOB_CANCELLED; /* since just now */
    if (unwanted)
        state = JOB_CANCELLED;
    b->leftover = unwanted || !gone;
    b->bytes = state == JOB_DONE && result ? result->image.size : state == JOB_QUEUED ? b->bytes : 0;
    if (!b->style)
        note_pace(j, b);
    b->state = state;
    b->cancelling = false;
    b->ended = time(NULL);
    if (!again)
        b->since_ms = job_now_ms();
    if (state == JOB_DONE && !stored && result)
        b->result = painting_hold(result);
    j->active -= !b->style;
    pthread_cond_signal(&j->changed);
    pthread_mutex_unlock(&j->lock);
    painting_release(result);
    if (state == JOB_QUEUED)
        return;
    jobs_clean(j, b);
    jobs_count_end(j, state);
    jobs_fit(j);
}

void jobs_finish_later(struct jobs *j, job *b, job_state state, painting *result, const problem *why)
{
    b->end = (job_outcome){.state = state, .result = result, .failed = why != NULL};
    if (why)
        b->end.why = *why;
    pthread_mutex_lock(&j->lock);
    *(j->ending_last ? &j->ending_last->end.next : &j->ending) = b;
    j->ending_last = b;
    pthread_cond_signal(&j->closing);
    pthread_mutex_unlock(&j->lock);
}

bool jobs_clean(struct jobs *j, job *b)
{
    pthread_mutex_lock(&j->lock);
    const bool needed = b->leftover, upload_only = b->state == JOB_DONE || b->state == JOB_FAILED;
    pthread_mutex_unlock(&j->lock);
    if (!needed)
        return true;
    const bool gone = job_files_remove(&j->files, b->id, upload_only);
    pthread_mutex_lock(&j->lock);
    b->leftover = !gone;
    const bool told = j->remove_failed;
    j->remove_failed = !gone;
    const bool unlist = gone && b->leaving && b->listed;
    if (unlist)
        jobs_list_remove(j, b);
    pthread_mutex_unlock(&j->lock);
    if (!gone && !told)
        log_line(STYLIZE_LOG_ERROR, "files of jobs in %s cannot be removed; it is tried again until they can",
                 j->files.path);
    else if (gone && told)
        log_line(STYLIZE_LOG_INFO, "files of jobs can be removed again");
    if (unlist)
        job_release(b); /* the list's */
    return gone;
}
