#include "sched/end.h"

#include "base/tagged.h"

void stz_slot_give(stylize_ctx *ctx, stz_job *job)
{
    job->id = 0;
    job->next = ctx->free_jobs;
    ctx->free_jobs = job;
}

void stz_job_expire(stylize_ctx *ctx, uint64_t now)
{
    if (!ctx->next_deadline || now <= ctx->next_deadline)
        return;
    ctx->next_deadline = 0;
    stz_list *const lists[] = {&ctx->waiting, &ctx->ready};
    for (size_t l = 0; l < STZ_LEN(lists); l++) {
        stz_list keep = {0};
        for (stz_job *job; (job = stz_list_pop(lists[l]));) {
            if (job->deadline_ns && now > job->deadline_ns) {
                stz_list_push(&ctx->finishing, job);
                continue;
            }
            if (job->deadline_ns && (!ctx->next_deadline || job->deadline_ns < ctx->next_deadline))
                ctx->next_deadline = job->deadline_ns;
            stz_list_push(&keep, job);
        }
        *lists[l] = keep;
    }
}

static void count_end(stylize_stats *s, const stz_job *job)
{
    if (job->task)
        return;
    switch (job->status) {
    case STYLIZE_OK:
        s->completed++;
        break;
    case STYLIZE_ERR_CANCELLED:
        s->cancelled++;
        break;
    case STYLIZE_ERR_DEADLINE:
        s->expired++;
        break;
    default:
        s->failed++;
    }
    s->queue_ns += job->report.queue_ns;
    s->prepare_ns += job->report.prepare_ns;
    s->engine_ns += job->report.engine_ns;
    s->finish_ns += job->report.finish_ns;
    if (job->report.tiles > 1)
        s->tiles += job->report.tiles;
}

void stz_job_end(stylize_ctx *ctx, stz_job *job)
{
    stylize_image result = job->result;
    if (job->status == STYLIZE_OK)
        job->result = (stylize_image){0}; /* the caller's from here on */
    else
        job->err.status = job->status;
    if (job->req.report && !job->task)
        stz_tagged_write(STZ_TAG_REPORT, job->req.report, &job->report);
    stylize_done_fn done = job->done;
    void *user = job->user;
    const stylize_status status = job->status;
    const stylize_error error = job->err;
    const uint64_t id = job->id;
    stz_job_release(job);

    /* Counted and out of the way before the caller hears of it: it may look at once. */
    pthread_mutex_lock(&ctx->lock);
    count_end(&ctx->stats, job);
    ctx->running--;
    job->id = 0;
    pthread_mutex_unlock(&ctx->lock);
    done(user, id, status, status == STYLIZE_OK ? &result : NULL, &error);
    pthread_mutex_lock(&ctx->lock);
    stz_slot_give(ctx, job);
    pthread_mutex_unlock(&ctx->lock);
}
