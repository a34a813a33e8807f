/* Creation and destruction of a context. */
#include <stdlib.h>
#include <string.h>

#include "api/model_dir.h"
#include "api/style_dir.h"
#include "base/cpu.h"
#include "base/tagged.h"
#include "codec/names.h"
#include "sched/choose.h"
#include "sched/queue.h"
#include "sched/worker.h"
#include "style/library.h"
#include "style/own.h"

static stylize_status check_options(const stylize_options *o, stylize_error *err)
{
    const struct {
        const char *name;
        uint64_t value, low, high;
    } ranges[] = {
        {"threads", o->threads, 0, 256},
        {"queue_length", o->queue_length, 1, 65536},
        {"batch_threshold", o->batch_threshold, 0, 65536},
        {"batch_max", o->batch_max, 1, STZ_BATCH_MAX},
        {"max_input_bytes", o->max_input_bytes, 1, (uint64_t)1 << 40},
        {"max_pixels", o->max_pixels, 256, (uint64_t)1 << 40},
        {"max_side", o->max_side, 16, 1 << 20},
        {"max_scans", o->max_scans, 1, 100000},
        {"memory_budget", o->memory_budget, (uint64_t)32 << 20, (uint64_t)1 << 44},
        {"code_cache", o->code_cache, 0, 65536},
        {"precision", (uint64_t)o->precision, STYLIZE_PRECISION_FP32, STYLIZE_PRECISION_TF32},
        {"log_level", (uint64_t)o->log_level, 0, STYLIZE_LOG_DEBUG},
    };
    for (size_t i = 0; i < STZ_LEN(ranges); i++)
        if (ranges[i].value < ranges[i].low || ranges[i].value > ranges[i].high)
            return stz_fail(err, STYLIZE_ERR_INVALID, "option %s is %llu; %llu to %llu are allowed",
                            ranges[i].name, (unsigned long long)ranges[i].value,
                            (unsigned long long)ranges[i].low, (unsigned long long)ranges[i].high);
    return STYLIZE_OK;
}

static stylize_status create_codes(stylize_ctx *ctx, stylize_error *err)
{
    const stz_model *encoder = stz_style_lib_encoder(ctx->env.styles);
    if (!encoder || !ctx->opt.code_cache)
        return STYLIZE_OK;
    ctx->env.codes = stz_code_cache_create(ctx->opt.code_cache, encoder->code_length);
    return ctx->env.codes
               ? STYLIZE_OK
               : stz_nomem(err, (uint64_t)ctx->opt.code_cache * encoder->code_length * sizeof(float));
}

static void release(stylize_ctx *ctx)
{
    stz_nets_destroy(&ctx->env.nets);
    stz_engines_destroy(&ctx->env.engines);
    stz_code_cache_destroy(ctx->env.codes);
    if (ctx->env.styles)
        stz_style_lib_close(ctx->env.styles);
    stz_queue_destroy(ctx);
    if (ctx->env.pool)
        stz_pool_end(ctx->env.pool);
    stz_bundle_destroy(ctx->bundle);
    free(ctx->model_dir);
    free(ctx->style_dir);
    free(ctx);
}

static stylize_status create_engines(stylize_ctx *ctx, stylize_error *err)
{
    const stylize_options *o = &ctx->opt;
    const stz_engine_config config = {
        .threads = ctx->worker_count,
        .precision = o->precision,
        .pool = ctx->env.pool,
        .pool_keep = o->pool_keep,
        .log = &ctx->env.log,
    };
    return stz_engines_create(&ctx->env.engines, o->engine, o->device, &config, err);
}

/* Models and styles from a folder, or from memory, where nothing of the environment counts. */
static stylize_status open_styles(stylize_ctx *ctx, const stylize_embed *embed, stylize_error *err)
{
    const stylize_options *o = &ctx->opt;
    stz_env *env = &ctx->env;
    stylize_status status;
    if (!embed->files)
        status = stz_model_dir_find(o->model_dir, &ctx->model_dir, err);
    else if (o->model_dir)
        status =
            stz_fail(err, STYLIZE_ERR_INVALID, "option model_dir and files in memory exclude each other");
    else if (!(ctx->model_dir = strdup(STZ_BUNDLE_DIR)))
        status = stz_nomem(err, sizeof STZ_BUNDLE_DIR);
    else
        status = stz_bundle_create(embed->files, embed->file_count, &ctx->bundle, err);
    if (!status)
        status = ctx->bundle ? stz_style_lib_open_bundle(ctx->bundle, &env->log, &env->styles, err)
                             : stz_style_lib_open(ctx->model_dir, &env->log, &env->styles, err);
    if (!status)
        status = stz_style_dir_find(ctx->bundle && !o->style_dir ? "" : o->style_dir, &ctx->style_dir, err);
    if (!status && ctx->style_dir)
        status = stz_own_styles_open(env->styles, ctx->style_dir, &env->log, err);
    return status;
}

static stylize_status fill(stylize_ctx *ctx, const stylize_embed *embed, stylize_error *err)
{
    const stylize_options *o = &ctx->opt;
    stz_env *env = &ctx->env;
    ctx->no_threads = embed->no_threads != 0;
    ctx->worker_count = ctx->no_threads ? 1 : o->threads ? (int)o->threads : stz_min(stz_cpu_count(), 256);
    env->log = (stz_log){o->log, o->log_user, o->log_level};
    env->limits = (stz_limits){.max_bytes = o->max_input_bytes,
                               .max_pixels = o->max_pixels,
                               .max_side = o->max_side,
                               .max_scans = o->max_scans,
                               .tolerant = o->tolerant != 0};
    stylize_status status = stz_formats_read(o->formats, &env->limits.formats, err);
    if (status != STYLIZE_OK)
        return status;
    env->memory_budget = o->memory_budget;
    env->pool = stz_pool_create(o->pool_keep);
    if (!env->pool)
        return stz_nomem(err, sizeof(stz_buf));
    if ((status = create_engines(ctx, err)) || (status = open_styles(ctx, embed, err)) ||
        (status = stz_nets_create(&env->nets, env->styles, err)) || (status = create_codes(ctx, err)) ||
        (status = stz_queue_create(ctx, err)))
        return status;
    /* An engine asked for by name must be there from the start; others are opened when needed. */
    status = stz_engines_open_asked(&env->engines, err);
    return status ? status : stz_workers_start(ctx, err);
}

static stylize_status create(stylize_ctx **out, const stylize_options *o, const stylize_embed *embed,
                             stylize_error *err)
{
    if (!out)
        return stz_fail(err, STYLIZE_ERR_INVALID, "out is NULL");
    *out = NULL;
    stylize_options options;
    stylize_options_init(&options, sizeof options);
    if (o && !stz_tagged_read(STZ_TAG_OPTIONS, &options, o))
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "options are not initialised, or from a newer header; "
                        "call stylize_options_init first");
    stylize_status status = check_options(&options, err);
    if (status != STYLIZE_OK)
        return status;
    stylize_ctx *ctx = calloc(1, sizeof *ctx);
    if (!ctx)
        return stz_nomem(err, sizeof *ctx);
    ctx->opt = options;
    status = fill(ctx, embed, err);
    if (status != STYLIZE_OK) {
        stz_workers_join(ctx);
        release(ctx);
        return status;
    }
    *out = ctx;
    return STYLIZE_OK;
}

stylize_status stylize_ctx_create(stylize_ctx **out, const stylize_options *o, stylize_error *err)
{
    const stylize_embed none = {.files = NULL};
    return create(out, o, &none, err);
}

stylize_status stylize_ctx_create_embedded(stylize_ctx **out, const stylize_options *o,
                                           const stylize_embed *embed, stylize_error *err)
{
    stylize_embed ours;
    if (out)
        *out = NULL;
    if (!embed || !stz_tagged_read(STZ_TAG_EMBED, &ours, embed))
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "embed is not initialised, or from a newer header; call stylize_embed_init first");
    if (!ours.files && ours.file_count)
        return stz_fail(err, STYLIZE_ERR_INVALID, "file_count is %zu and files is NULL", ours.file_count);
    if (ours.no_threads > 1)
        return stz_fail(err, STYLIZE_ERR_INVALID, "no_threads is %u; 0 and 1 are allowed", ours.no_threads);
    return create(out, o, &ours, err);
}

void stylize_ctx_destroy(stylize_ctx *ctx, stylize_destroy_mode mode)
{
    if (!ctx)
        return;
    pthread_mutex_lock(&ctx->lock);
    ctx->closing = true;
    if (mode == STYLIZE_CANCEL) {
        atomic_store(&ctx->cancel_all, 1);
        for (int i = 0; i < ctx->jobs_used; i++)
            atomic_store(&ctx->jobs[i].cancel, 1);
    }
    stz_workers_notify(ctx);
    pthread_mutex_unlock(&ctx->lock);
    stz_workers_join(ctx);
    release(ctx);
}
