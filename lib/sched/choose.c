#include "sched/choose.h"

static _Thread_local const stylize_ctx *own_ctx;

bool stz_on_worker(const stylize_ctx *ctx) { return own_ctx == ctx; }

const stylize_ctx *stz_become_worker(const stylize_ctx *ctx)
{
    const stylize_ctx *before = own_ctx;
    own_ctx = ctx;
    return before;
}

static bool team_open(const stylize_ctx *ctx)
{
    for (int i = 0; i < ctx->worker_count; i++)
        if (ctx->workers[i].leads)
            return true;
    return false;
}

bool stz_can_lead(const stylize_ctx *ctx)
{
    const stz_job *job = ctx->ready.first;
    if (!job)
        return false;
    const stz_open_engine *engine = job->net ? job->net->engine : NULL;
    if (engine && engine->caps.parallel_max && engine->running >= engine->caps.parallel_max)
        return false;
    const int wait = ctx->waiting.count + ctx->ready.count;
    return wait > (int)ctx->opt.batch_threshold || !team_open(ctx);
}

bool stz_can_prepare(const stylize_ctx *ctx)
{
    return ctx->waiting.count && ctx->ready.count + ctx->preparing < ctx->ready_limit;
}

static bool has_work(const stylize_ctx *ctx)
{
    return ctx->finishing.count || stz_can_lead(ctx) || stz_can_prepare(ctx);
}

void stz_workers_recall(stylize_ctx *ctx)
{
    if (!ctx->guests && !team_open(ctx))
        return;
    for (int i = 0; i < ctx->worker_count; i++)
        atomic_store(&ctx->workers[i].leave, 1);
    for (int i = 0; i < ctx->worker_count; i++)
        if (ctx->workers[i].leads)
            stz_team_wake(ctx->workers[i].team);
    for (stz_guest *g = ctx->guests; g; g = g->next)
        stz_team_wake(g->team);
}

void stz_workers_notify(stylize_ctx *ctx)
{
    if (ctx->closing) {
        pthread_cond_broadcast(&ctx->work);
    } else if (has_work(ctx)) {
        pthread_cond_signal(&ctx->work);
    } else {
        return;
    }
    stz_workers_recall(ctx);
}
