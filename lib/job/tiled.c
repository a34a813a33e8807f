#include "job/tiled.h"

#include "image/canvas.h"
#include "job/deep.h"
#include "job/stats.h"

stylize_status stz_paint_tile(const stz_env *env, stz_job *job, const stz_tile *tile, int x, int y,
                              const float *code, const float *stats, const stz_exec *exec, stylize_error *err)
{
    const stz_net *net = job->net;
    stylize_image in, out;
    const uint32_t w = (uint32_t)tile->ow, h = (uint32_t)tile->oh;
    if (job->deep) /* the whole picture is there: x and y are 0 */
        return stz_deep_apply(
            env, job, (stz_rect){(uint32_t)tile->ox, (uint32_t)tile->oy, w, h},
            (stz_rect){(uint32_t)tile->x, (uint32_t)tile->y, (uint32_t)tile->w, (uint32_t)tile->h}, code,
            stats, exec, err);
    stylize_status status = stz_image_alloc(env->pool, w, h, STYLIZE_FORMAT_RGB8, &in, err);
    if (status != STYLIZE_OK)
        return status;
    status = stz_image_alloc(env->pool, w, h, STYLIZE_FORMAT_RGB8, &out, err);
    if (status == STYLIZE_OK) {
        stz_extract(&job->work, tile->ox - x, tile->oy - y, &in);
        const stz_apply apply = {
            .in = stz_view_of(&in), .out = stz_view_of(&out), .code = code, .stats = stats};
        status = net->engine->table->apply(net->engine->state, net->net, &apply, 1, exec, err);
        if (status == STYLIZE_OK)
            stz_copy_rgb(&out, tile->x - tile->ox, tile->y - tile->oy, &job->painted, tile->x - x,
                         tile->y - y, tile->w, tile->h);
        stylize_image_free(&out);
    }
    stylize_image_free(&in);
    return status;
}

static stylize_status paint_tiles(const stz_env *env, stz_job *job, const stz_tiling *t, const float *code,
                                  const float *stats, const stz_exec *exec, stylize_error *err)
{
    const int count = t->columns * t->rows;
    stylize_status status = STYLIZE_OK;
    job->report.tiles = (job->report.tiles > 1 ? job->report.tiles : 0) + (uint32_t)count; /* of all layers */
    for (int i = 0; i < count && status == STYLIZE_OK; i++) {
        const stz_tile tile = stz_tiling_at(t, i);
        if (stz_cancelled(exec))
            status = stz_fail(err, STYLIZE_ERR_CANCELLED, "the request was cancelled");
        else
            status = stz_paint_tile(env, job, &tile, 0, 0, code, stats, exec, err);
        if (status == STYLIZE_OK && !stz_job_painted(job, (float)(i + 1) / (float)count))
            status = stz_fail(err, STYLIZE_ERR_CANCELLED, "the request was cancelled");
    }
    return status;
}

stylize_status stz_paint_tiled(const stz_env *env, stz_job *job, const float *code, const stz_exec *exec,
                               stylize_error *err)
{
    const stz_model *m = job->net->model;
    const int width = (int)job->work.width, height = (int)job->work.height;
    if (!m->stats_length)
        return stz_fail(
            err, STYLIZE_ERR_LIMIT,
            "model \"%s\" cannot work in tiles: %dx%d needs %zu bytes and the memory budget is %llu", m->name,
            width, height, job->need, (unsigned long long)job->budget);
    stz_tiling tiling;
    stylize_status status = stz_tiling_plan(job->net, width, height, job->budget, &tiling, err);
    if (status != STYLIZE_OK)
        return status;
    stz_buf *stats = stz_pool_get(env->pool, STZ_MEM_SCRATCH, (size_t)m->stats_length * sizeof(float));
    if (!stats)
        return stz_nomem(err, (uint64_t)m->stats_length * sizeof(float));
    float *values = (float *)(void *)stats->data;
    status = stz_job_stats(env, job, code, exec, values, err);
    if (status == STYLIZE_OK)
        status = paint_tiles(env, job, &tiling, code, values, exec, err);
    stz_buf_unref(stats);
    return status;
}
