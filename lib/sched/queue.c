#include "sched/queue.h"

#include <stdlib.h>
#include <string.h>

#include "job/request.h"
#include "sched/choose.h"
#include "sched/end.h"
#include "sched/worker.h"

stylize_status stz_queue_create(stylize_ctx *ctx, stylize_error *err)
{
    if (pthread_mutex_init(&ctx->lock, NULL))
        return stz_nomem(err, sizeof ctx->lock);
    if (pthread_cond_init(&ctx->work, NULL)) {
        pthread_mutex_destroy(&ctx->lock);
        return stz_nomem(err, sizeof ctx->work);
    }
    if (pthread_mutex_init(&ctx->turn, NULL)) {
        pthread_cond_destroy(&ctx->work);
        pthread_mutex_destroy(&ctx->lock);
        return stz_nomem(err, sizeof ctx->turn);
    }
    /* Those that wait, those that workers hold, and those that are ready in between. */
    int ready = ctx->worker_count + (int)ctx->opt.batch_max + 1;
    ctx->job_count =
        (int)ctx->opt.queue_length + ctx->worker_count + ready + (int)ctx->opt.batch_max * ctx->worker_count;
    ctx->jobs = calloc((size_t)ctx->job_count, sizeof *ctx->jobs); /* touched only as far as used */
    if (!ctx->jobs) {
        pthread_mutex_destroy(&ctx->turn);
        pthread_cond_destroy(&ctx->work);
        pthread_mutex_destroy(&ctx->lock);
        return stz_nomem(err, (uint64_t)ctx->job_count * sizeof *ctx->jobs);
    }
    return STYLIZE_OK;
}

void stz_queue_destroy(stylize_ctx *ctx)
{
    if (!ctx->jobs)
        return;
    free(ctx->jobs);
    pthread_mutex_destroy(&ctx->turn);
    pthread_cond_destroy(&ctx->work);
    pthread_mutex_destroy(&ctx->lock);
}

/* A free slot, with every member zero. Caller holds the lock. */
static stylize_status take_slot(stylize_ctx *ctx, stz_job **out, stylize_error *err)
{
    if (ctx->closing)
        return stz_fail(err, STYLIZE_ERR_CANCELLED, "the context is being destroyed");
    stz_job *job = ctx->free_jobs;
    if (ctx->waiting.count >= (int)ctx->opt.queue_length || (!job && ctx->jobs_used == ctx->job_count)) {
        ctx->stats.rejected++;
        return stz_fail(err, STYLIZE_ERR_QUEUE_FULL, "%d requests wait already, the most allowed is %u",
                        ctx->waiting.count, ctx->opt.queue_length);
    }
    if (job)
        ctx->free_jobs = job->next;
    else
        job = &ctx->jobs[ctx->jobs_used++];
    memset(job, 0, sizeof *job);
    *out = job;
    return STYLIZE_OK;
}

static void accept_job(stylize_ctx *ctx, stz_job *job)
{
    job->id = ++ctx->last_id;
    job->since_ns = stz_now_ns();
    if (job->req.deadline_ms) {
        job->deadline_ns = job->since_ns + (uint64_t)job->req.deadline_ms * 1000000u;
        if (!ctx->next_deadline || job->deadline_ns < ctx->next_deadline)
            ctx->next_deadline = job->deadline_ns;
    }
    ctx->stats.submitted += !job->task;
    stz_list_push(&ctx->waiting, job);
    stz_workers_notify(ctx);
}

/* One request or task into the queue. */
static stylize_status hand_in(stylize_ctx *ctx, const stz_job *like, const stylize_request *req, uint64_t *id,
                              stylize_error *err)
{
    stz_job *job = NULL;
    pthread_mutex_lock(&ctx->lock);
    stylize_status status = take_slot(ctx, &job, err);
    pthread_mutex_unlock(&ctx->lock);
    if (status != STYLIZE_OK)
        return status;
    job->done = like->done;
    job->user = like->user;
    job->target = like->target;
    job->task = like->task;
    job->task_arg = like->task_arg;
    job->share = like->share;
    job->net = like->net;
    if (!job->task)
        status = stz_job_fill(&ctx->env, job, req, err);
    pthread_mutex_lock(&ctx->lock);
    if (status == STYLIZE_OK && ctx->closing)
        status = stz_fail(err, STYLIZE_ERR_CANCELLED, "the context is being destroyed");
    if (status == STYLIZE_OK) {
        accept_job(ctx, job);
        if (id)
            *id = job->id;
    } else {
        stz_job_release(job);
        stz_slot_give(ctx, job);
    }
    pthread_mutex_unlock(&ctx->lock);
    return status;
}

stylize_status stz_queue_submit(stylize_ctx *ctx, const stylize_request *req, stylize_done_fn done,
                                void *user, uint64_t *id, stylize_error *err)
{
    const stz_job like = {.done = done, .user = user};
    return hand_in(ctx, &like, req, id, err);
}

/* A thread that waits for its request. */
struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool over;
    stylize_status status;
    stylize_image *result;
    stylize_error *err;
};

static void wake_waiter(void *user, uint64_t id, stylize_status status, stylize_image *result,
                        const stylize_error *error)
{
    struct waiter *w = user;
    pthread_mutex_lock(&w->lock);
    if (status == STYLIZE_OK && w->result && result)
        *w->result = *result;
    if (status != STYLIZE_OK && w->err)
        *w->err = *error;
    w->status = status;
    w->over = true;
    pthread_cond_signal(&w->cond);
    pthread_mutex_unlock(&w->lock);
}

static stylize_status run_and_wait(stylize_ctx *ctx, stz_job *like, const stylize_request *req,
                                   stylize_image *result, stylize_error *err)
{
    if (stz_on_worker(ctx))
        return stz_fail(err, STYLIZE_ERR_INVALID, "this call waits, and so must not be made from a callback");
    struct waiter w = {.result = result, .err = err};
    if (pthread_mutex_init(&w.lock, NULL))
        return stz_nomem(err, sizeof w.lock);
    stylize_status status = STYLIZE_ERR_NOMEM;
    if (pthread_cond_init(&w.cond, NULL)) {
        stz_nomem(err, sizeof w.cond);
        goto fail_lock;
    }
    like->done = wake_waiter;
    like->user = &w;
    status = hand_in(ctx, like, req, NULL, err);
    if (status == STYLIZE_OK) {
        stz_workers_drain(ctx);
        pthread_mutex_lock(&w.lock);
        while (!w.over)
            pthread_cond_wait(&w.cond, &w.lock);
        pthread_mutex_unlock(&w.lock);
        status = w.status;
    }
    pthread_cond_destroy(&w.cond);
fail_lock:
    pthread_mutex_destroy(&w.lock);
    return status;
}

stylize_status stz_queue_run(stylize_ctx *ctx, const stylize_request *req, stylize_image *result,
                             stylize_error *err)
{
    stz_job like = {0};
    if (result->pixels && !result->owner)
        like.target = *result;
    return run_and_wait(ctx, &like, req, result, err);
}

stylize_status stz_queue_share(stylize_ctx *ctx, const stylize_request *req, stz_shared *share,
                               stylize_error *err)
{
    stz_job like = {.share = share};
    return run_and_wait(ctx, &like, req, NULL, err);
}

stylize_status stz_queue_task(stylize_ctx *ctx, stz_net *net, stz_task_fn task, void *arg, stylize_error *err)
{
    stz_job like = {.task = task, .task_arg = arg, .net = net};
    return run_and_wait(ctx, &like, NULL, NULL, err);
}

stylize_status stz_queue_cancel(stylize_ctx *ctx, uint64_t id)
{
    stylize_status status = STYLIZE_ERR_NOT_FOUND;
    pthread_mutex_lock(&ctx->lock);
    for (int i = 0; id && i < ctx->jobs_used; i++) {
        stz_job *job = &ctx->jobs[i];
        if (job->id != id)
            continue;
        atomic_store(&job->cancel, 1);
        if (stz_list_remove(&ctx->waiting, job) || stz_list_remove(&ctx->ready, job)) {
            stz_list_push(&ctx->finishing, job);
            stz_workers_notify(ctx);
        }
        status = STYLIZE_OK;
        break;
    }
    pthread_mutex_unlock(&ctx->lock);
    return status;
}
