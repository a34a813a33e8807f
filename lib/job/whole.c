#include "job/whole.h"

#include "image/canvas.h"
#include "job/deep.h"
#include "job/stats.h"

static stylize_status run_deep(const stz_env *env, stz_job *job, const float *code, const float *stats,
                               const stz_exec *exec, stylize_error *err)
{
    const int multiple = job->net->model->multiple;
    const stz_rect inner = {0, 0, job->work.width, job->work.height};
    const stz_rect outer = {0, 0, (uint32_t)stz_round_up((int)inner.width, multiple),
                            (uint32_t)stz_round_up((int)inner.height, multiple)};
    return stz_deep_apply(env, job, outer, inner, code, stats, exec, err);
}

/* With the statistics given, or those of the picture. */
static stylize_status run(const stz_env *env, stz_job *job, const float *code, const float *stats,
                          const stz_exec *exec, stylize_error *err)
{
    stz_canvas canvas;
    const stz_net *net = job->net;
    if (job->deep)
        return run_deep(env, job, code, stats, exec, err);
    stylize_status status =
        stz_canvas_open(&canvas, &job->work, &job->painted, net->model->multiple, env->pool, err);
    if (status != STYLIZE_OK)
        return status;
    const stz_apply apply = {
        .in = stz_view_of(&canvas.in), .out = stz_view_of(&canvas.out), .code = code, .stats = stats};
    status = net->engine->table->apply(net->engine->state, net->net, &apply, 1, exec, err);
    stz_canvas_close(&canvas, &job->painted);
    return status;
}

stylize_status stz_paint_whole(const stz_env *env, stz_job *job, const float *code, const stz_exec *exec,
                               stylize_error *err)
{
    if (!job->frozen)
        return run(env, job, code, NULL, exec, err);
    const size_t bytes = (size_t)job->net->model->stats_length * sizeof(float);
    stz_buf *stats = stz_pool_get(env->pool, STZ_MEM_SCRATCH, bytes);
    if (!stats)
        return stz_nomem(err, bytes);
    float *values = (float *)(void *)stats->data;
    stylize_status status = stz_job_stats(env, job, code, exec, values, err);
    if (status == STYLIZE_OK)
        status = run(env, job, code, values, exec, err);
    stz_buf_unref(stats);
    return status;
}
