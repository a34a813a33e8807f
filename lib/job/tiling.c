#include "job/tiling.h"

#include <stdlib.h>
#include <string.h>

#include "job/stats.h"
#include "job/tiled.h"
#include "job/tiling_bytes.h"
#include "job/whole.h"

/* Whether the tiling fits the network that it names, as this machine has it. */
static bool fits(const stz_tiling_view *v, const stz_model *m)
{
    const stz_tiling *t = &v->t;
    if (m->optimizes || v->code_length != m->code_length || t->multiple != m->multiple ||
        t->min_side != m->min_side)
        return false;
    return !v->stats_length ||
           (v->stats_length == m->stats_length && t->margin >= m->receptive_radius &&
            t->margin % m->grid == 0 && t->core_w % m->grid == 0 && t->core_h % m->grid == 0);
}

stylize_status stz_tiling_open(const stz_env *env, stz_job *job, const stz_model **model, stylize_error *err)
{
    const stylize_request *r = &job->req;
    if (r->styles || r->style_count || r->method || r->output_size || r->output_width || r->output_height)
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "styles, method and output size are in the tiling; the request must leave them out");
    stz_tiling_view view;
    stylize_status status = stz_tiling_read(r->tiling, r->tiling_size, &view, err);
    if (status != STYLIZE_OK)
        return status;
    const int count = view.t.columns * view.t.rows;
    if (r->tile >= (uint32_t)count)
        return stz_fail(err, STYLIZE_ERR_NOT_FOUND, "tile %u of a tiling that has %d", r->tile, count);
    *model = stz_style_lib_find_model(env->styles, view.model);
    if (!*model)
        return stz_fail(err, STYLIZE_ERR_NOT_FOUND, "the tiling is for model \"%.63s\", which is not here",
                        view.model);
    if (!fits(&view, *model))
        return stz_fail(err, STYLIZE_ERR_MODEL, "the tiling was made with another model \"%s\"", view.model);
    job->tile = stz_tiling_at(&view.t, (int)r->tile);
    job->part = stz_tile_part(&view.t, &job->tile);
    return STYLIZE_OK;
}

stylize_status stz_tiling_make(const stz_env *env, stz_job *job, const float *code, const stz_exec *exec,
                               stylize_error *err)
{
    const stz_model *m = job->net->model;
    const int width = (int)job->content.width, height = (int)job->content.height;
    stz_tiling t = {.width = width,
                    .height = height,
                    .core_w = width,
                    .core_h = height,
                    .columns = 1,
                    .rows = 1,
                    .multiple = m->multiple,
                    .min_side = m->min_side};
    stz_tiling_bytes bytes;
    stylize_status status =
        job->frozen ? stz_tiling_plan(job->net, width, height, job->budget, &t, err) : STYLIZE_OK;
    if (status == STYLIZE_OK)
        status = stz_tiling_new(&t, m, job->frozen, &bytes, err);
    if (status != STYLIZE_OK)
        return status;
    if (m->code_length)
        memcpy(bytes.code, code, (size_t)m->code_length * sizeof *code);
    if (job->frozen)
        status = stz_job_stats(env, job, code, exec, bytes.stats, err);
    if (status != STYLIZE_OK) {
        free(bytes.data);
        return status;
    }
    stz_tiling_seal(&bytes);
    *job->share = (stz_shared){bytes.data, bytes.size};
    return STYLIZE_OK;
}

stylize_status stz_tiling_paint(const stz_env *env, stz_job *job, float *code, const stz_exec *exec,
                                stylize_error *err)
{
    stz_tiling_view view; /* again: the memory is the caller's, and may not be what it was */
    stylize_status status = stz_tiling_read(job->req.tiling, job->req.tiling_size, &view, err);
    if (status == STYLIZE_OK && !fits(&view, job->net->model))
        status = stz_fail(err, STYLIZE_ERR_INVALID, "the tiling changed while it was in use");
    if (status != STYLIZE_OK)
        return status;
    memcpy(code, view.code, (size_t)view.code_length * sizeof(float));
    if (!view.stats_length)
        return stz_paint_whole(env, job, code, exec, err);
    const size_t bytes = (size_t)view.stats_length * sizeof(float);
    stz_buf *stats = stz_pool_get(env->pool, STZ_MEM_SCRATCH, bytes);
    if (!stats)
        return stz_nomem(err, bytes);
    memcpy(stats->data, view.stats, bytes);
    status = stz_paint_tile(env, job, &job->tile, (int)job->part.x, (int)job->part.y, code,
                            (const float *)(const void *)stats->data, exec, err);
    stz_buf_unref(stats);
    return status;
}
