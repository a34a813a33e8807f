/* Handing in, cancelling and counting requests. What runs them is worker.c. */
#include <stdlib.h>
#include <string.h>

#include "sched/ctx.h"
#include "sched/queue.h"

void stz_list_push(stz_list *list, stz_job *job)
{
    job->next = NULL;
    if (list->last)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
    list->count++;
}

void stz_list_insert(stz_list *list, stz_job *job)
{
    stz_job *before = NULL;
    for (stz_job *j = list->first; j && j->id < job->id; j = j->next)
        before = j;
    if (before == list->last) {
        stz_list_push(list, job);
        return;
    }
    stz_job **link = before ? &before->next : &list->first;
    job->next = *link;
    *link = job;
    list->count++;
}

stz_job *stz_list_pop(stz_list *list)
{
    stz_job *job = list->first;
    if (job) {
        list->first = job->next;
        if (!list->first)
            list->last = NULL;
        list->count--;
    }
    return job;
}

bool stz_list_remove(stz_list *list, stz_job *job)
{
    stz_job *before = NULL;
    for (stz_job *j = list->first; j; before = j, j = j->next) {
        if (j != job)
            continue;
        if (before)
            before->next = j->next;
        else
            list->first = j->next;
        if (list->last == j)
            list->last = before;
        list->count--;
        return true;
    }
    return false;
}

stylize_status stz_queue_create(stylize_ctx *ctx, stylize_error *err)
{
    if (pthread_mutex_init(&ctx->lock, NULL))
        return stz_nomem(err, sizeof ctx->lock);
    if (pthread_cond_init(&ctx->work, NULL)) {
        pthread_mutex_destroy(&ctx->lock);
        return stz_nomem(err, sizeof ctx->work);
    }
    /* Those that wait, those that workers hold, and those that are ready in between. */
    int ready = ctx->worker_count + (int)ctx->opt.batch_max + 1;
    ctx->job_count =
        (int)ctx->opt.queue_length + ctx->worker_count + ready + (int)ctx->opt.batch_max * ctx->worker_count;
    ctx->jobs = calloc((size_t)ctx->job_count, sizeof *ctx->jobs); /* touched only as far as used */
    if (!ctx->jobs) {
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

static void give_slot(stylize_ctx *ctx, stz_job *job)
{
    job->id = 0;
    job->next = ctx->free_jobs;
    ctx->free_jobs = job;
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
        status = stz_job_fill(ctx, job, req, err);
    pthread_mutex_lock(&ctx->lock);
    if (status == STYLIZE_OK && ctx->closing)
        status = stz_fail(err, STYLIZE_ERR_CANCELLED, "the context is being destroyed");
    if (status == STYLIZE_OK) {
        accept_job(ctx, job);
        if (id)
            *id = job->id;
    } else {
        stz_job_release(job);
        give_slot(ctx, job);
    }
    pthread_mutex_unlock(&ctx->lock);
    return status;
}

stylize_status stylize_ctx_submit(stylize_ctx *ctx, const stylize_request *req, stylize_done_fn done,
                                  void *user, uint64_t *id, stylize_error *err)
{
    if (!ctx || !done)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is NULL", ctx ? "done" : "ctx");
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

stylize_status stylize_ctx_run(stylize_ctx *ctx, const stylize_request *req, stylize_image *result,
                               stylize_error *err)
{
    if (!ctx || !result)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is NULL", ctx ? "result" : "ctx");
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

stylize_status stz_queue_task(stylize_ctx *ctx, stz_ctx_net *net, stz_task_fn task, void *arg,
                              stylize_error *err)
{
    stz_job like = {.task = task, .task_arg = arg, .net = net};
    return run_and_wait(ctx, &like, NULL, NULL, err);
}

stylize_status stylize_ctx_cancel(stylize_ctx *ctx, uint64_t id)
{
    stylize_status status = STYLIZE_ERR_NOT_FOUND;
    if (!ctx)
        return STYLIZE_ERR_INVALID;
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
        stz_struct_write(job->req.report, &job->report, sizeof job->report);
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
    give_slot(ctx, job);
    pthread_mutex_unlock(&ctx->lock);
}

stylize_status stylize_ctx_stats(stylize_ctx *ctx, stylize_stats *stats)
{
    if (!ctx || !stats || stats->struct_size < sizeof(size_t))
        return STYLIZE_ERR_INVALID;
    pthread_mutex_lock(&ctx->lock);
    stylize_stats s = ctx->stats;
    s.waiting = (uint64_t)(ctx->waiting.count + ctx->ready.count);
    s.running = (uint64_t)ctx->running;
    pthread_mutex_unlock(&ctx->lock);
    stz_pool_stats pool;
    stz_pool_get_stats(ctx->pool, STZ_MEM_PURPOSES, &pool);
    s.pool_bytes = pool.bytes;
    s.pool_peak = pool.peak;
    s.pool_allocs = pool.allocs;
    s.pool_reuses = pool.reuses;
    pthread_mutex_lock(&ctx->engine_lock);
    for (int i = 0; i < STZ_ENGINES_MAX; i++)
        if (ctx->engines[i].table && ctx->engines[i].table->stats)
            ctx->engines[i].table->stats(ctx->engines[i].state, &s);
    pthread_mutex_unlock(&ctx->engine_lock);
    stz_struct_write(stats, &s, sizeof s);
    return STYLIZE_OK;
}
