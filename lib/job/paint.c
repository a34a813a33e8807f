#include "job/paint.h"

#include <string.h>

#include "image/canvas.h"
#include "job/code.h"
#include "job/compose.h"
#include "job/picture.h"
#include "job/stats.h"
#include "job/tiling.h"

static void fail_all(stz_job **jobs, int n, stylize_status status, const stylize_error *err)
{
    for (int i = 0; i < n; i++) {
        jobs[i]->status = status;
        jobs[i]->err = *err;
    }
}

/* Pictures of one size in one engine call. Codes and paintings are there already. */
static void paint_batch(const stz_env *env, stz_job **jobs, int n, const float *codes, const stz_exec *exec)
{
    const stz_net *net = jobs[0]->net;
    stz_canvas canvas[STZ_BATCH_MAX];
    stz_apply apply[STZ_BATCH_MAX] = {{.out = {0}}};
    stylize_error err;
    stylize_status status = STYLIZE_OK;
    int open = 0;
    for (; open < n && status == STYLIZE_OK; open += status == STYLIZE_OK) {
        status = stz_canvas_open(&canvas[open], &jobs[open]->content, &jobs[open]->painted,
                                 net->model->multiple, env->pool, &err);
        apply[open] = (stz_apply){
            .in = stz_view_of(&canvas[open].in),
            .out = stz_view_of(&canvas[open].out),
            .code = net->model->code_length ? codes + (size_t)open * net->model->code_length : NULL};
    }
    if (status == STYLIZE_OK)
        status = net->engine->table->apply(net->engine->state, net->net, apply, n, exec, &err);
    for (int i = 0; i < open; i++)
        stz_canvas_close(&canvas[i], &jobs[i]->painted);
    if (status != STYLIZE_OK)
        fail_all(jobs, n, status, &err);
    for (int i = 0; i < n; i++)
        jobs[i]->report.batch_size = (uint32_t)n;
}

static stz_paint describe(const stz_job *job, const float *code)
{
    const bool cuda = job->content_in.memory == STYLIZE_MEMORY_CUDA;
    return (stz_paint){.in = cuda ? &job->content_in : &job->content,
                       .source =
                           cuda ? job->source : (stz_rect){0, 0, job->content.width, job->content.height},
                       .out = &job->painted,
                       .code = job->net->model->code_length ? code : NULL,
                       .strength = job->req.strength,
                       .preserve_color = job->req.preserve_color};
}

/* Whole pictures in one engine call, with all that would be done around it. */
static void paint_on_device(stz_job **jobs, int n, const float *codes, const stz_exec *exec)
{
    const stz_net *net = jobs[0]->net;
    stz_paint paint[STZ_BATCH_MAX] = {0};
    stylize_error err;
    for (int i = 0; i < n; i++)
        paint[i] = describe(jobs[i], codes + (size_t)i * net->model->code_length);
    const stylize_status status =
        net->engine->table->paint(net->engine->state, net->net, paint, n, exec, &err);
    if (status != STYLIZE_OK)
        fail_all(jobs, n, status, &err);
    for (int i = 0; i < n; i++)
        jobs[i]->report.batch_size = (uint32_t)n;
}

/* The same of one large picture: the device makes the smaller version too, from the picture where it lies. */
static stylize_status paint_frozen_on_device(const stz_env *env, stz_job *job, const float *code,
                                             const stz_exec *exec, stylize_error *err)
{
    const stz_net *net = job->net;
    const stz_engine *engine = net->engine->table;
    const size_t bytes = (size_t)net->model->stats_length * sizeof(float);
    stz_buf *stats = stz_pool_get(env->pool, STZ_MEM_SCRATCH, bytes);
    if (!stats)
        return stz_nomem(err, bytes);
    int width, height;
    stz_stats_size(job, &width, &height);
    const stylize_image small = {
        .width = (uint32_t)width, .height = (uint32_t)height, .format = STYLIZE_FORMAT_RGB8};
    stz_paint paint = describe(job, code);
    paint.out = &small;
    paint.stats_out = (float *)(void *)stats->data;
    stylize_status status = engine->paint(net->engine->state, net->net, &paint, 1, exec, err);
    if (status == STYLIZE_OK) {
        paint = describe(job, code);
        paint.stats = (const float *)(void *)stats->data;
        status = engine->paint(net->engine->state, net->net, &paint, 1, exec, err);
    }
    stz_buf_unref(stats);
    return status;
}

static void paint_one(stz_env *env, stz_job *job, float *code, const stz_exec *exec)
{
    switch (job->way) {
    case STZ_WAY_TASK:
    case STZ_WAY_CONTENT:
        break;
    case STZ_WAY_DEVICE:
        if (job->frozen)
            job->status = paint_frozen_on_device(env, job, code, exec, &job->err);
        else
            paint_on_device(&job, 1, code, exec);
        break;
    case STZ_WAY_TILING:
        job->status = stz_tiling_make(env, job, code, exec, &job->err);
        break;
    case STZ_WAY_TILE:
        job->status = stz_tiling_paint(env, job, code, exec, &job->err);
        break;
    case STZ_WAY_LAYERS:
        job->status = stz_paint_composed(env, job, code, exec, &job->err);
        break;
    case STZ_WAY_DEEP:
        job->status = stz_paint_picture(env, job, job->each, job->layers, code, exec, &job->err);
        break;
    case STZ_WAY_WHOLE:
    case STZ_WAY_TILED:
    case STZ_WAY_OPTIMIZE:
        job->status = stz_paint_picture(env, job, job->way, job->layers, code, exec, &job->err);
        break;
    }
}

/* Memory for the painting, in the caller's if the engine writes there itself. */
static stylize_status alloc_painted(const stz_env *env, stz_job *job)
{
    stylize_format format = job->deep ? STYLIZE_FORMAT_RGB16 : STYLIZE_FORMAT_RGB8;
    if (job->way == STZ_WAY_DEVICE) {
        format = job->content.format;
        if (job->target.pixels) {
            job->painted = job->target;
            return STYLIZE_OK;
        }
    }
    return stz_image_alloc(env->pool, job->content.width, job->content.height, format, &job->painted,
                           &job->err);
}

/* The style code, and memory for the painting, as far as they are not found on the way. */
static stylize_status begin(stz_env *env, stz_job *job, float *code, const stz_exec *exec)
{
    const bool by_layer = job->way == STZ_WAY_LAYERS, has_code = job->way == STZ_WAY_TILE;
    if (job->net->model->code_length && !by_layer && !has_code)
        job->status = stz_job_code(env, job, job->layers, exec, code, &job->err);
    if (job->status == STYLIZE_OK && !by_layer && job->way != STZ_WAY_TILING)
        job->status = alloc_painted(env, job);
    return job->status;
}

/* Leaves only the jobs that have something to paint, each with its code at its place in `codes`. */
static int begin_all(stz_env *env, stz_job **jobs, int n, float *codes, const stz_exec *exec)
{
    int left = 0;
    for (int i = 0; i < n; i++) {
        stz_job *job = jobs[i];
        const char *engine = job->net->engine->table->name;
        memcpy(job->report.engine, engine, strnlen(engine, sizeof job->report.engine - 1));
        float *code = codes + (size_t)left * job->net->model->code_length;
        if (job->way != STZ_WAY_CONTENT && begin(env, job, code, exec) == STYLIZE_OK)
            jobs[left++] = job;
    }
    return left;
}

/* Whether all of them fit into one engine run. */
static bool fit_together(stz_job *const *jobs, int n)
{
    uint64_t budget = UINT64_MAX;
    for (int i = 0; i < n; i++)
        budget = budget < jobs[i]->budget ? budget : jobs[i]->budget;
    return jobs[0]->need * (size_t)n <= budget;
}

void stz_step_paint(stz_env *env, stz_job *const *all, int n, const stz_exec *exec)
{
    const int code_length = all[0]->net->model->code_length;
    const size_t bytes = (size_t)n * code_length * sizeof(float);
    stz_job *jobs[STZ_BATCH_MAX];
    memcpy(jobs, all, (size_t)n * sizeof *jobs);
    stz_buf *codes = stz_pool_get(env->pool, STZ_MEM_SCRATCH, bytes + 1);
    if (!codes) {
        stylize_error err;
        stz_nomem(&err, bytes);
        fail_all(jobs, n, err.status, &err);
        return;
    }
    float *code = (float *)(void *)codes->data;
    n = begin_all(env, jobs, n, code, exec);
    if (n > 1 && fit_together(jobs, n)) {
        if (jobs[0]->way == STZ_WAY_DEVICE)
            paint_on_device(jobs, n, code, exec);
        else
            paint_batch(env, jobs, n, code, exec);
    } else {
        for (int i = 0; i < n; i++)
            paint_one(env, jobs[i], code + (size_t)i * code_length, exec);
    }
    stz_buf_unref(codes);
}
