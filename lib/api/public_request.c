/* The public functions on requests. */
#include "base/tagged.h"
#include "sched/queue.h"
#include "sched/worker.h"

stylize_status stylize_ctx_submit(stylize_ctx *ctx, const stylize_request *req, stylize_done_fn done,
                                  void *user, uint64_t *id, stylize_error *err)
{
    if (!ctx || !done)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is NULL", ctx ? "done" : "ctx");
    const stylize_status status = stz_queue_submit(ctx, req, done, user, id, err);
    if (status == STYLIZE_OK)
        stz_workers_drain(ctx);
    return status;
}

stylize_status stylize_ctx_run(stylize_ctx *ctx, const stylize_request *req, stylize_image *result,
                               stylize_error *err)
{
    if (!ctx || !result)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is NULL", ctx ? "result" : "ctx");
    return stz_queue_run(ctx, req, result, err);
}

stylize_status stylize_ctx_cancel(stylize_ctx *ctx, uint64_t id)
{
    return ctx ? stz_queue_cancel(ctx, id) : STYLIZE_ERR_INVALID;
}

stylize_status stylize_ctx_stats(stylize_ctx *ctx, stylize_stats *stats)
{
    if (!ctx || !stats || !stz_tagged_set(stats))
        return STYLIZE_ERR_INVALID;
    pthread_mutex_lock(&ctx->lock);
    stylize_stats s = ctx->stats;
    s.waiting = (uint64_t)(ctx->waiting.count + ctx->ready.count);
    s.running = (uint64_t)ctx->running;
    pthread_mutex_unlock(&ctx->lock);
    s.code_hits = atomic_load(&ctx->env.code_hits);
    s.code_misses = atomic_load(&ctx->env.code_misses);
    stz_pool_stats pool;
    stz_pool_get_stats(ctx->env.pool, STZ_MEM_PURPOSES, &pool);
    s.pool_bytes = pool.bytes;
    s.pool_peak = pool.peak;
    s.pool_allocs = pool.allocs;
    s.pool_reuses = pool.reuses;
    stz_engines_stats(&ctx->env.engines, &s);
    stz_tagged_write(STZ_TAG_STATS, stats, &s);
    return STYLIZE_OK;
}
