#include "sched/worker.h"

#include <stdlib.h>

#include "job/finish.h"
#include "job/paint.h"
#include "job/prepare.h"
#include "sched/choose.h"
#include "sched/end.h"
#include "sched/guest.h"

/* A job that was cancelled or is too late gets its status; true if so. */
static bool is_dead(stylize_ctx *ctx, stz_job *job)
{
    if (job->status == STYLIZE_OK) {
        if (atomic_load(&job->cancel) || atomic_load(&ctx->cancel_all))
            job->status = stz_fail(&job->err, STYLIZE_ERR_CANCELLED, "the request was cancelled");
        else if (job->deadline_ns && stz_now_ns() > job->deadline_ns)
            job->status = stz_fail(&job->err, STYLIZE_ERR_DEADLINE, "the deadline of %u ms passed",
                                   job->req.deadline_ms);
    }
    return job->status != STYLIZE_OK;
}

static uint64_t lap(stz_job *job)
{
    uint64_t now = stz_now_ns(), since = job->since_ns;
    job->since_ns = now;
    return now - since;
}

static void finish(stylize_ctx *ctx, stz_job *job)
{
    if (!is_dead(ctx, job) && !job->task) {
        lap(job);
        stz_step_finish(&ctx->env, job);
        job->report.finish_ns += lap(job);
    }
    stz_job_end(ctx, job);
}

/* The steps below are entered and left with the lock held. */

static void step_finish(stylize_ctx *ctx)
{
    stz_job *job = stz_list_pop(&ctx->finishing);
    ctx->running++;
    stz_workers_notify(ctx);
    pthread_mutex_unlock(&ctx->lock);
    finish(ctx, job);
    pthread_mutex_lock(&ctx->lock);
}

static void step_prepare(stylize_ctx *ctx)
{
    stz_job *job = stz_list_pop(&ctx->waiting);
    ctx->preparing++;
    ctx->running++;
    stz_workers_notify(ctx);
    pthread_mutex_unlock(&ctx->lock);
    job->report.queue_ns += lap(job);
    if (!is_dead(ctx, job)) {
        stz_step_prepare(&ctx->env, job);
        job->report.prepare_ns += lap(job);
    }
    pthread_mutex_lock(&ctx->lock);
    ctx->preparing--;
    ctx->running--;
    if (job->status == STYLIZE_OK) {
        stz_list_insert(&ctx->ready, job);
        if (job->net && job->net->engine->caps.batch_max > 1)
            ctx->ready_limit =
                ctx->worker_count + stz_min(job->net->engine->caps.batch_max, (int)ctx->opt.batch_max);
    } else {
        stz_list_push(&ctx->finishing, job);
    }
    stz_workers_notify(ctx);
}

/* The oldest ready job and, for an engine that gains from it, others of the same network and size. */
static int collect(stylize_ctx *ctx, stz_job **jobs)
{
    const int wait = ctx->waiting.count + ctx->ready.count;
    stz_job *first = stz_list_pop(&ctx->ready);
    jobs[0] = first;
    int n = 1;
    if (first->frozen || (first->way != STZ_WAY_WHOLE && first->way != STZ_WAY_DEVICE) ||
        wait <= (int)ctx->opt.batch_threshold)
        return n;
    const int most = stz_min(first->net->engine->caps.batch_max, (int)ctx->opt.batch_max);
    for (stz_job *job = ctx->ready.first, *next; job && n < most; job = next) {
        next = job->next;
        if (job->net == first->net && job->way == first->way && job->content.width == first->content.width &&
            job->content.height == first->content.height) {
            stz_list_remove(&ctx->ready, job);
            jobs[n++] = job;
        }
    }
    return n;
}

static void paint(stz_worker *w, stz_job **jobs, int n)
{
    stylize_ctx *ctx = w->ctx;
    stz_exec exec = {.team = w->team, .cancel = &ctx->cancel_all};
    if (n == 1) { /* one of a batch must not stop the others */
        exec.cancel = &jobs[0]->cancel;
        exec.deadline_ns = jobs[0]->deadline_ns;
    }
    for (int i = 0; i < n; i++)
        jobs[i]->report.queue_ns += lap(jobs[i]);
    if (jobs[0]->task) {
        if (!is_dead(ctx, jobs[0]))
            jobs[0]->status = jobs[0]->task(&ctx->env, &exec, jobs[0]->task_arg, &jobs[0]->err);
        return;
    }
    stz_job *live[STZ_BATCH_MAX];
    int alive = 0;
    for (int i = 0; i < n; i++)
        if (!is_dead(ctx, jobs[i]))
            live[alive++] = jobs[i];
    if (alive)
        stz_step_paint(&ctx->env, live, alive, &exec);
    for (int i = 0; i < alive; i++) {
        live[i]->report.engine_ns += lap(live[i]);
        if (live[i]->status == STYLIZE_ERR_CANCELLED) { /* or was it the deadline that stopped it? */
            live[i]->status = STYLIZE_OK;
            if (!is_dead(ctx, live[i]))
                live[i]->status = STYLIZE_ERR_CANCELLED;
        }
    }
}

static void step_lead(stz_worker *w)
{
    stylize_ctx *ctx = w->ctx;
    stz_job *jobs[STZ_BATCH_MAX];
    const int n = collect(ctx, jobs);
    stz_open_engine *engine = jobs[0]->net ? jobs[0]->net->engine : NULL;
    ctx->running += n;
    if (engine)
        engine->running++;
    if (n > 1) {
        ctx->stats.batches++;
        ctx->stats.batch_images += (uint64_t)n;
    }
    w->leads = ctx->worker_count > 1 && (!engine || engine->caps.uses_team);
    if (w->leads) {
        stz_team_open(w->team);
        pthread_cond_broadcast(&ctx->work);
        if (ctx->guests) /* a picture comes before them */
            stz_workers_recall(ctx);
    }
    stz_workers_notify(ctx);
    pthread_mutex_unlock(&ctx->lock);

    paint(w, jobs, n);

    pthread_mutex_lock(&ctx->lock);
    const bool led = w->leads;
    w->leads = false;
    if (engine)
        engine->running--;
    for (int i = 1; i < n; i++) {
        ctx->running--;
        stz_list_push(&ctx->finishing, jobs[i]);
    }
    stz_workers_notify(ctx);
    pthread_mutex_unlock(&ctx->lock);
    if (led)
        stz_team_close(w->team);
    finish(ctx, jobs[0]);
    pthread_mutex_lock(&ctx->lock);
}

/* Joins the oldest open team, if there is one; that of a guest if there is no other. */
static bool step_help(stz_worker *w)
{
    stylize_ctx *ctx = w->ctx;
    stz_team *team = NULL;
    for (int i = 0; i < ctx->worker_count && !team; i++)
        if (ctx->workers[i].leads)
            team = ctx->workers[i].team;
    if (!team)
        return stz_guest_help(w);
    atomic_store(&w->leave, 0);
    pthread_mutex_unlock(&ctx->lock);
    stz_team_help(team, &w->scratch, &w->leave);
    pthread_mutex_lock(&ctx->lock);
    return true;
}

/* The next step of a job, if there is one. */
static bool step(stz_worker *w)
{
    stylize_ctx *ctx = w->ctx;
    if (ctx->next_deadline)
        stz_job_expire(ctx, stz_now_ns());
    if (ctx->finishing.count)
        step_finish(ctx);
    else if (stz_can_lead(ctx))
        step_lead(w);
    else if (stz_can_prepare(ctx))
        step_prepare(ctx);
    else
        return false;
    return true;
}

void stz_workers_drain(stylize_ctx *ctx)
{
    if (!ctx->no_threads || stz_on_worker(ctx))
        return;
    pthread_mutex_lock(&ctx->turn);
    const stylize_ctx *before = stz_become_worker(ctx);
    pthread_mutex_lock(&ctx->lock);
    while (step(&ctx->workers[0]))
        ;
    pthread_mutex_unlock(&ctx->lock);
    stz_become_worker(before);
    pthread_mutex_unlock(&ctx->turn);
}

static void *worker_main(void *arg)
{
    stz_worker *w = arg;
    stylize_ctx *ctx = w->ctx;
    stz_become_worker(ctx);
    pthread_mutex_lock(&ctx->lock);
    for (;;) {
        if (step(w))
            continue;
        if (ctx->closing && !ctx->waiting.count && !ctx->ready.count)
            break;
        else if (!step_help(w))
            pthread_cond_wait(&ctx->work, &ctx->lock);
    }
    pthread_mutex_unlock(&ctx->lock);
    return NULL;
}

stylize_status stz_workers_start(stylize_ctx *ctx, stylize_error *err)
{
    const int n = ctx->worker_count;
    ctx->ready_limit = n;
    ctx->workers = calloc((size_t)n, sizeof *ctx->workers);
    if (!ctx->workers)
        return stz_nomem(err, (uint64_t)n * sizeof *ctx->workers);
    for (int i = 0; i < n; i++) {
        stz_worker *w = &ctx->workers[i];
        w->ctx = ctx;
        w->team = stz_team_create(n, &w->scratch, 0);
        if (!w->team)
            return stz_nomem(err, sizeof(stz_worker));
    }
    for (; ctx->started < n && !ctx->no_threads; ctx->started++)
        if (pthread_create(&ctx->workers[ctx->started].thread, NULL, worker_main,
                           &ctx->workers[ctx->started]))
            return stz_fail(err, STYLIZE_ERR_NOMEM, "worker thread %d of %d could not be started",
                            ctx->started + 1, n);
    return STYLIZE_OK;
}

void stz_workers_join(stylize_ctx *ctx)
{
    if (!ctx->workers)
        return;
    pthread_mutex_lock(&ctx->lock);
    ctx->closing = true;
    stz_workers_notify(ctx);
    pthread_mutex_unlock(&ctx->lock);
    for (int i = 0; i < ctx->started; i++)
        pthread_join(ctx->workers[i].thread, NULL);
    for (int i = 0; i < ctx->worker_count; i++) {
        stz_team_destroy(ctx->workers[i].team);
        stz_scratch_free(&ctx->workers[i].scratch);
    }
    free(ctx->workers);
    ctx->workers = NULL;
}
