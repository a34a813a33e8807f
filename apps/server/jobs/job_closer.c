#include "jobs/job_closer.h"

#include <time.h>

#include "common/clock.h"
#include "jobs/job_end.h"
#include "jobs/job_removal.h"

#define LOOK_NS  (250ull * 1000000)
#define AGAIN_NS (2000ull * 1000000) /* between two attempts to remove what could not be */

/* Under the lock, which it gives up meanwhile. */
static job *take(struct jobs *j)
{
    if (!j->ending && !j->closed) {
        const uint64_t at = now_ns() + LOOK_NS;
        const struct timespec until = {.tv_sec = (time_t)(at / 1000000000),
                                       .tv_nsec = (long)(at % 1000000000)};
        pthread_cond_timedwait(&j->closing, &j->lock, &until);
    }
    job *b = j->ending;
    if (b)
        j->ending = b->end.next;
    if (!j->ending)
        j->ending_last = NULL;
    return b;
}

static void finish(struct jobs *j, job *b)
{
    const job_outcome end = b->end;
    b->end = (job_outcome){.state = JOB_QUEUED};
    jobs_finish(j, b, end.state, end.result, end.failed ? &end.why : NULL);
    job_release(b); /* the ticket's */
}

void *jobs_close(void *arg)
{
    struct jobs *j = arg;
    uint64_t looked = 0, swept = 0;
    pthread_mutex_lock(&j->lock);
    for (;;) {
        job *b = take(j);
        const bool last = !b && j->closed, stop = j->stop;
        pthread_mutex_unlock(&j->lock);
        const uint64_t now = now_ns();
        if (b)
            finish(j, b);
        if (last)
            return NULL;
        if (!stop && now - looked >= LOOK_NS) {
            jobs_expire(j, job_now_ms());
            jobs_sweep(j, now - swept >= AGAIN_NS);
            swept = now - swept >= AGAIN_NS ? now : swept;
            looked = now;
        }
        pthread_mutex_lock(&j->lock);
    }
}
