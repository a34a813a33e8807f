#include "sched/guest.h"

#include "sched/choose.h"

bool stz_guest_help(stz_worker *w)
{
    stylize_ctx *ctx = w->ctx;
    stz_guest *g = ctx->guests;
    /* With the guest's own thread as many as there are workers: one a processor. */
    if (!g || ctx->guest_helpers >= ctx->worker_count - 1)
        return false;
    g->helpers++;
    ctx->guest_helpers++;
    atomic_store(&w->leave, 0);
    pthread_mutex_unlock(&ctx->lock);
    stz_team_help(g->team, &w->scratch, &w->leave);
    pthread_mutex_lock(&ctx->lock);
    ctx->guest_helpers--;
    if (!--g->helpers)
        pthread_cond_signal(&g->gone);
    return true;
}

static void enter(stylize_ctx *ctx, stz_guest *g)
{
    stz_team_open(g->team);
    pthread_mutex_lock(&ctx->lock);
    g->next = ctx->guests;
    ctx->guests = g;
    pthread_cond_broadcast(&ctx->work);
    pthread_mutex_unlock(&ctx->lock);
}

static void leave(stylize_ctx *ctx, stz_guest *g)
{
    pthread_mutex_lock(&ctx->lock);
    stz_guest **at = &ctx->guests;
    while (*at != g)
        at = &(*at)->next;
    *at = g->next;
    pthread_mutex_unlock(&ctx->lock);
    stz_team_close(g->team);
    pthread_mutex_lock(&ctx->lock);
    while (g->helpers) /* one that is on the way finds it closed */
        pthread_cond_wait(&g->gone, &ctx->lock);
    pthread_mutex_unlock(&ctx->lock);
}

stylize_status stz_guest_run(stylize_ctx *ctx, stz_net *net, stz_task_fn task, void *arg, stylize_error *err)
{
    if (stz_on_worker(ctx))
        return stz_fail(err, STYLIZE_ERR_INVALID, "this call waits, and so must not be made from a callback");
    stz_guest g = {.team = NULL};
    if (pthread_cond_init(&g.gone, NULL))
        return stz_nomem(err, sizeof g.gone);
    stylize_status status = net ? stz_net_ready(net, &ctx->env.engines, err) : STYLIZE_OK;
    if (!status && !(g.team = stz_team_create(ctx->worker_count, &g.scratch, 0)))
        status = stz_nomem(err, sizeof g);
    if (!status) {
        const stz_exec exec = {.team = g.team, .cancel = &ctx->cancel_all};
        enter(ctx, &g);
        status = task(&ctx->env, &exec, arg, err);
        leave(ctx, &g);
    }
    stz_team_destroy(g.team);
    stz_scratch_free(&g.scratch);
    pthread_cond_destroy(&g.gone);
    return status;
}
