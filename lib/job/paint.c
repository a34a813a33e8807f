/* The engine step: style codes, whole pictures, batches. Tiles are in tile.c, what is made of several
 * engine runs or at another size in compose.c. */
#include "job/paint.h"

#include <math.h>
#include <string.h>

#include "image/canvas.h"
#include "job/tiling.h"

static bool finite_code(const float *code, int n)
{
    for (int i = 0; i < n; i++)
        if (!isfinite(code[i]))
            return false;
    return true;
}

/* A style picture of the size at which the network reads it: strokes follow that size. Very long
 * pictures are scaled further down, so that the longer side stays within four times the shorter. */
static stylize_status read_picture(stylize_ctx *ctx, const stz_model *m, const stylize_image *in,
                                   stylize_image *out, stylize_error *err)
{
    stylize_image decoded = {0}, pixels = *in;
    stylize_status status;
    if (stz_is_encoded(in->format)) {
        const stz_decode_hint hint = {(uint32_t)m->style_size, (uint32_t)m->style_size};
        status = stz_codec_decode(in->pixels, in->size, &ctx->limits, &hint, ctx->pool, &decoded, err);
        if (status != STYLIZE_OK)
            return stz_about(err, status, "style picture");
        pixels = decoded;
    }
    const double shorter = fmin(pixels.width, pixels.height), longer = fmax(pixels.width, pixels.height);
    const double scale = fmin(m->style_size / shorter, 4.0 * m->style_size / longer);
    const int mult = m->style_multiple;
    const int w = stz_max((int)lround(pixels.width * scale) / mult * mult, mult);
    const int h = stz_max((int)lround(pixels.height * scale) / mult * mult, mult);
    if (w < m->style_min_side || h < m->style_min_side)
        status = stz_fail(err, STYLIZE_ERR_INVALID,
                          "the style picture is %ux%u; its sides may differ by %d times at most",
                          pixels.width, pixels.height, 4 * m->style_size / m->style_min_side);
    else
        status = stz_resize(&pixels, (stz_rect){0, 0, pixels.width, pixels.height}, (uint32_t)w, (uint32_t)h,
                            ctx->pool, out, err);
    stylize_image_free(&decoded);
    return status;
}

static stylize_status encode_picture(stylize_ctx *ctx, stz_ctx_net *net, const stylize_image *picture,
                                     const stz_exec *exec, float *code, stylize_error *err)
{
    const stz_engine *engine = net->engine->table;
    if (!engine->encode)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "engine %s cannot read style pictures", engine->name);
    stylize_image style = {0};
    stylize_status status = read_picture(ctx, net->model, picture, &style, err);
    if (status == STYLIZE_OK)
        status = stz_to_rgb(&style, ctx->pool, err);
    if (status == STYLIZE_OK) {
        const stz_view view = stz_view_of(&style);
        status = engine->encode(net->engine->state, net->net, &view, code, exec, err);
    }
    stylize_image_free(&style);
    if (status == STYLIZE_OK && !finite_code(code, net->model->code_length))
        status = stz_fail(err, STYLIZE_ERR_ENGINE,
                          "the style picture gave a code with numbers that are not finite");
    return status;
}

static void count_code(stylize_ctx *ctx, bool hit)
{
    pthread_mutex_lock(&ctx->lock);
    ctx->stats.code_hits += hit;
    ctx->stats.code_misses += !hit;
    pthread_mutex_unlock(&ctx->lock);
}

stylize_status stz_picture_code(stylize_ctx *ctx, stz_ctx_net *net, const stylize_image *picture,
                                const stz_exec *exec, float *code, bool *cached, stylize_error *err)
{
    stylize_image p;
    stylize_status status = stz_image_check(picture, "style picture", &p, err);
    if (status != STYLIZE_OK)
        return status;
    if (!cached || !ctx->codes)
        return encode_picture(ctx, net, &p, exec, code, err);
    stz_code_ticket ticket;
    const stz_code_key key = stz_code_cache_key(ctx->codes, net->model, &p);
    const stz_code_state state = stz_code_cache_get(ctx->codes, key, exec, code, &ticket);
    *cached = state == STZ_CODE_HIT;
    if (state == STZ_CODE_CANCELLED)
        return stz_fail(err, STYLIZE_ERR_CANCELLED, "the request was cancelled");
    count_code(ctx, *cached);
    if (*cached)
        return STYLIZE_OK;
    status = encode_picture(ctx, net, &p, exec, code, err);
    if (status == STYLIZE_OK)
        stz_code_cache_put(ctx->codes, &ticket, code);
    else
        stz_code_cache_abandon(ctx->codes, &ticket);
    return status;
}

stylize_status stz_job_code(stylize_ctx *ctx, stz_job *job, const stz_layer *layer, const stz_exec *exec,
                            float *code, stylize_error *err)
{
    const int n = job->net->model->code_length;
    stz_buf *part = stz_pool_get(ctx->pool, STZ_MEM_SCRATCH, (size_t)n * sizeof(float));
    if (!part)
        return stz_nomem(err, (uint64_t)n * sizeof(float));
    float *picture_code = (float *)(void *)part->data;
    stylize_status status = STYLIZE_OK;
    for (size_t i = layer->first; i < layer->first + layer->count; i++) {
        const float *from = picture_code;
        if (job->library[i]) {
            from = stz_style_code(job->library[i], job->net->model);
        } else {
            bool cached = false;
            status =
                stz_picture_code(ctx, job->net, job->styles[i].picture, exec, picture_code, &cached, err);
            if (status != STYLIZE_OK)
                break;
            job->pictures_read++;
            job->pictures_cached += cached;
        }
        const float w = job->styles[i].weight;
        for (int k = 0; k < n; k++)
            code[k] = (i > layer->first ? code[k] : 0) + w * from[k];
    }
    job->report.code_cached = job->pictures_read && job->pictures_read == job->pictures_cached;
    stz_buf_unref(part);
    return status;
}

bool stz_job_plain(const stz_job *job)
{
    return !job->task && !job->share && !job->req.tiling && !job->net->model->optimizes &&
           !stz_job_composed(job) && job->req.strength != STYLIZE_STRENGTH_AUTO;
}

bool stz_job_on_device(const stz_job *job)
{
    return job->net && stz_job_plain(job) && job->net->engine->table->paint && job->net->engine->caps.memory;
}

bool stz_job_in_cuda(const stz_job *job)
{
    return job->content_in.memory == STYLIZE_MEMORY_CUDA || job->target.memory == STYLIZE_MEMORY_CUDA;
}

/* An engine with memory of its own may use that, unless the request says how much. */
static uint64_t budget_of(const stylize_ctx *ctx, const stz_job *job)
{
    const uint64_t own = job->net->engine->caps.memory;
    if (job->req.memory_budget)
        return job->req.memory_budget;
    return own > ctx->opt.memory_budget ? own : ctx->opt.memory_budget;
}

static bool whole_on_device(const stylize_ctx *ctx, const stz_job *job)
{
    return stz_job_on_device(job) &&
           stz_paint_memory(job->net, job->content.width, job->content.height) <= budget_of(ctx, job);
}

/* Where the engine writes: into the caller's memory if there is any. */
static stylize_status alloc_painted(stylize_ctx *ctx, stz_job *job)
{
    if (whole_on_device(ctx, job)) {
        if (job->target.pixels) {
            job->painted = job->target;
            return STYLIZE_OK;
        }
        return stz_image_alloc(ctx->pool, job->content.width, job->content.height, job->content.format,
                               &job->painted, &job->err);
    }
    return stz_image_alloc(ctx->pool, job->content.width, job->content.height, STYLIZE_FORMAT_RGB8,
                           &job->painted, &job->err);
}

size_t stz_paint_memory(const stz_ctx_net *net, uint32_t width, uint32_t height)
{
    const int m = net->model->multiple;
    return net->engine->table->memory(net->engine->state, net->net, stz_round_up((int)width, m),
                                      stz_round_up((int)height, m));
}

stylize_status stz_paint_whole(stylize_ctx *ctx, stz_job *job, const float *code, const stz_exec *exec,
                               stylize_error *err)
{
    stz_canvas canvas;
    const stz_ctx_net *net = job->net;
    stylize_status status =
        stz_canvas_open(&canvas, &job->work, &job->painted, net->model->multiple, ctx->pool, err);
    if (status != STYLIZE_OK)
        return status;
    const stz_apply apply = {.in = stz_view_of(&canvas.in), .out = stz_view_of(&canvas.out), .code = code};
    status = net->engine->table->apply(net->engine->state, net->net, &apply, 1, exec, err);
    stz_canvas_close(&canvas, &job->painted);
    return status;
}

static void fail_all(stz_job **jobs, int n, stylize_status status, const stylize_error *err)
{
    for (int i = 0; i < n; i++) {
        jobs[i]->status = status;
        jobs[i]->err = *err;
    }
}

/* Pictures of one size in one engine call. Codes and paintings are there already. */
static void paint_batch(stylize_ctx *ctx, stz_job **jobs, int n, const float *codes, const stz_exec *exec)
{
    const stz_ctx_net *net = jobs[0]->net;
    stz_canvas canvas[64];
    stz_apply apply[64] = {{.out = {0}}};
    stylize_error err;
    stylize_status status = STYLIZE_OK;
    int open = 0;
    for (; open < n && status == STYLIZE_OK; open += status == STYLIZE_OK) {
        status = stz_canvas_open(&canvas[open], &jobs[open]->content, &jobs[open]->painted,
                                 net->model->multiple, ctx->pool, &err);
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

/* Whole pictures in one engine call, with all that would be done around it. */
static void paint_on_device(stz_job **jobs, int n, const float *codes, const stz_exec *exec)
{
    const stz_ctx_net *net = jobs[0]->net;
    stz_paint paint[64];
    stylize_error err;
    for (int i = 0; i < n; i++) {
        const stz_job *job = jobs[i];
        const bool cuda = job->content_in.memory == STYLIZE_MEMORY_CUDA;
        paint[i] = (stz_paint){
            .in = cuda ? &job->content_in : &job->content,
            .source = cuda ? job->source : (stz_rect){0, 0, job->content.width, job->content.height},
            .out = &job->painted,
            .code = net->model->code_length ? codes + (size_t)i * net->model->code_length : NULL,
            .strength = job->req.strength,
            .preserve_color = job->req.preserve_color};
    }
    const stylize_status status =
        net->engine->table->paint(net->engine->state, net->net, paint, n, exec, &err);
    if (status != STYLIZE_OK)
        fail_all(jobs, n, status, &err);
    for (int i = 0; i < n; i++) {
        jobs[i]->finished = status == STYLIZE_OK;
        jobs[i]->report.batch_size = (uint32_t)n;
    }
}

stylize_status stz_paint_picture(stylize_ctx *ctx, stz_job *job, const stz_layer *layer, const float *code,
                                 uint64_t budget, const stz_exec *exec, stylize_error *err)
{
    if (job->net->model->optimizes)
        return stz_paint_optimized(ctx, job, layer, budget, exec, err);
    return stz_paint_memory(job->net, job->work.width, job->work.height) <= budget
               ? stz_paint_whole(ctx, job, code, exec, err)
               : stz_paint_tiled(ctx, job, code, budget, exec, err);
}

static void paint_one(stylize_ctx *ctx, stz_job *job, float *code, const stz_exec *exec)
{
    if (job->share || job->req.tiling) {
        job->status = job->share ? stz_tiling_make(ctx, job, code, budget_of(ctx, job), exec, &job->err)
                                 : stz_tiling_paint(ctx, job, code, budget_of(ctx, job), exec, &job->err);
        return;
    }
    if (whole_on_device(ctx, job)) {
        paint_on_device(&job, 1, code, exec);
        return;
    }
    if (stz_job_in_cuda(job)) {
        job->status =
            stz_fail(&job->err, STYLIZE_ERR_LIMIT,
                     "%ux%u in CUDA memory is painted in one piece, which needs %zu bytes; %llu may be used",
                     job->content.width, job->content.height,
                     stz_paint_memory(job->net, job->content.width, job->content.height),
                     (unsigned long long)budget_of(ctx, job));
        return;
    }
    job->status = stz_job_composed(job)
                      ? stz_paint_composed(ctx, job, code, budget_of(ctx, job), exec, &job->err)
                      : stz_paint_picture(ctx, job, job->layers, code, budget_of(ctx, job), exec, &job->err);
}

/* Leaves only the jobs that have something to paint, each with its code at its place in `codes`. */
static int begin(stylize_ctx *ctx, stz_job **jobs, int n, float *codes, const stz_exec *exec)
{
    int left = 0;
    for (int i = 0; i < n; i++) {
        stz_job *job = jobs[i];
        const stz_model *model = job->net->model;
        memcpy(job->report.engine, job->net->engine->table->name,
               strnlen(job->net->engine->table->name, sizeof job->report.engine - 1));
        if (job->req.strength == 0 && !stz_job_in_cuda(job))
            continue; /* the content is the result */
        if (model->code_length && !job->req.tiling && !stz_job_composed(job))
            job->status = stz_job_code(ctx, job, job->layers, exec, codes + (size_t)left * model->code_length,
                                       &job->err);
        if (job->status == STYLIZE_OK && !job->share && !stz_job_composed(job) &&
            (whole_on_device(ctx, job) || !stz_job_in_cuda(job)))
            job->status = alloc_painted(ctx, job);
        if (job->status == STYLIZE_OK)
            jobs[left++] = job;
    }
    return left;
}

/* One call for all, where all of them are the same way of painting. */
static bool paint_together(stylize_ctx *ctx, stz_job **jobs, int n, const float *codes, const stz_exec *exec)
{
    int device = 0, cuda = 0;
    for (int i = 0; i < n; i++) {
        device += whole_on_device(ctx, jobs[i]);
        cuda += stz_job_in_cuda(jobs[i]);
    }
    if (device == n)
        paint_on_device(jobs, n, codes, exec);
    else if (device == 0 && cuda == 0)
        paint_batch(ctx, jobs, n, codes, exec);
    else
        return false;
    return true;
}

void stz_step_paint(stylize_ctx *ctx, stz_job *const *all, int n, const stz_exec *exec)
{
    const stz_ctx_net *net = all[0]->net;
    stz_job *jobs[64];
    memcpy(jobs, all, (size_t)n * sizeof *jobs);
    stz_buf *codes =
        stz_pool_get(ctx->pool, STZ_MEM_SCRATCH, (size_t)n * net->model->code_length * sizeof(float) + 1);
    if (!codes) {
        stylize_error err;
        stz_nomem(&err, (uint64_t)n * net->model->code_length * sizeof(float));
        fail_all(jobs, n, err.status, &err);
        return;
    }
    float *code = (float *)(void *)codes->data;
    n = begin(ctx, jobs, n, code, exec);
    uint64_t budget = UINT64_MAX;
    for (int i = 0; i < n; i++)
        budget = budget < budget_of(ctx, jobs[i]) ? budget : budget_of(ctx, jobs[i]);
    const bool together =
        n > 1 && stz_paint_memory(net, jobs[0]->content.width, jobs[0]->content.height) * (size_t)n <= budget;
    if (!together || !paint_together(ctx, jobs, n, code, exec)) {
        for (int i = 0; i < n; i++)
            paint_one(ctx, jobs[i], code + (size_t)i * net->model->code_length, exec);
    }
    stz_buf_unref(codes);
}
