/* Creation and destruction of a context; the networks it holds. */
#include "sched/ctx.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cpu.h"

#ifndef STZ_MODEL_DIR
#define STZ_MODEL_DIR "/usr/local/share/stylize/models"
#endif

static stylize_status check_options(const stylize_options *o, stylize_error *err)
{
    const struct {
        const char *name;
        uint64_t value, low, high;
    } ranges[] = {
        {"threads", o->threads, 0, 256},
        {"queue_length", o->queue_length, 1, 65536},
        {"batch_threshold", o->batch_threshold, 0, 65536},
        {"batch_max", o->batch_max, 1, 64},
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

static bool is_folder(const char *path)
{
    struct stat s;
    return !stat(path, &s) && S_ISDIR(s.st_mode);
}

/* <folder of this library>/../share/stylize/models: right in a build tree and wherever it is installed. */
static bool models_beside_library(char *path, size_t size)
{
    Dl_info info;
    if (!dladdr((void *)stylize_ctx_create, &info) || !info.dli_fname)
        return false;
    const char *slash = strrchr(info.dli_fname, '/');
    int folder = slash ? (int)(slash - info.dli_fname) : 1;
    const char *start = slash ? info.dli_fname : ".";
    static const char *const up[] = {"/../share/stylize/models", "/../../share/stylize/models"};
    for (size_t i = 0; i < STZ_LEN(up); i++)
        if ((size_t)snprintf(path, size, "%.*s%s", folder, start, up[i]) < size && is_folder(path))
            return true;
    return false;
}

static stylize_status find_models(const char *asked, char **out, stylize_error *err)
{
    char path[PATH_MAX];
    if (!asked)
        asked = getenv("STYLIZE_MODELS");
    if (!asked || !*asked) {
        if (models_beside_library(path, sizeof path))
            asked = path;
        else
            asked = STZ_MODEL_DIR;
    }
    if (!is_folder(asked))
        return stz_fail(err, STYLIZE_ERR_NOT_FOUND,
                        "model folder \"%s\" does not exist; set the option model_dir or STYLIZE_MODELS",
                        asked);
    *out = strdup(asked);
    return *out ? STYLIZE_OK : stz_nomem(err, strlen(asked) + 1);
}

static stylize_status copy_name(const char *name, char **out, stylize_error *err)
{
    *out = strdup(name && *name ? name : "auto");
    return *out ? STYLIZE_OK : stz_nomem(err, 16);
}

static stylize_status check_names(stylize_ctx *ctx, stylize_error *err)
{
    const char *d = ctx->device_name;
    int devices[STZ_CUDA_DEVICES];
    if (strcmp(d, "auto") && strcmp(d, "cpu") && stz_cuda_devices(d, devices) < 0)
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "device \"%s\" is not known; auto, cpu, cuda, cuda:N, cuda:N,M and cuda:all are", d);
    if (strcmp(ctx->engine_name, "auto") && !stz_engine_find(ctx->engine_name)) {
        char names[128] = "auto";
        for (int i = 0; stz_engine_at(i); i++)
            snprintf(names + strlen(names), sizeof names - strlen(names), ", %s", stz_engine_at(i)->name);
        return stz_fail(err, STYLIZE_ERR_NOT_FOUND, "engine \"%s\" is not known; this build has %s",
                        ctx->engine_name, names);
    }
    return STYLIZE_OK;
}

static stylize_status create_nets(stylize_ctx *ctx, stylize_error *err)
{
    int n = stz_style_lib_model_count(ctx->styles);
    ctx->nets = calloc((size_t)n + 1, sizeof *ctx->nets);
    if (!ctx->nets)
        return stz_nomem(err, ((size_t)n + 1) * sizeof *ctx->nets);
    for (; ctx->net_count < n; ctx->net_count++) {
        stz_ctx_net *net = &ctx->nets[ctx->net_count];
        net->model = stz_style_lib_model(ctx->styles, ctx->net_count);
        if (pthread_mutex_init(&net->lock, NULL))
            return stz_nomem(err, sizeof net->lock);
    }
    const stz_model *encoder = stz_style_lib_encoder(ctx->styles);
    if (encoder && ctx->opt.code_cache) {
        ctx->codes = stz_code_cache_create(ctx->opt.code_cache, encoder->code_length);
        if (!ctx->codes)
            return stz_nomem(err, (uint64_t)ctx->opt.code_cache * encoder->code_length * sizeof(float));
    }
    return STYLIZE_OK;
}

static void release(stylize_ctx *ctx)
{
    for (int i = 0; i < ctx->net_count; i++) {
        if (ctx->nets[i].net)
            ctx->nets[i].engine->table->unload(ctx->nets[i].engine->state, ctx->nets[i].net);
        pthread_mutex_destroy(&ctx->nets[i].lock);
    }
    free(ctx->nets);
    for (int i = 0; i < STZ_ENGINES_MAX; i++)
        if (ctx->engines[i].table)
            ctx->engines[i].table->close(ctx->engines[i].state);
    stz_code_cache_destroy(ctx->codes);
    stz_style_lib_close(ctx->styles);
    stz_queue_destroy(ctx);
    stz_pool_end(ctx->pool);
    pthread_mutex_destroy(&ctx->engine_lock);
    free(ctx->engine_name);
    free(ctx->device_name);
    free(ctx->model_dir);
    free(ctx);
}

static stylize_status fill(stylize_ctx *ctx, stylize_error *err)
{
    const stylize_options *o = &ctx->opt;
    ctx->worker_count = o->threads ? (int)o->threads : stz_min(stz_cpu_count(), 256);
    ctx->log = (stz_log){o->log, o->log_user, o->log_level};
    ctx->limits = (stz_limits){o->max_input_bytes, o->max_pixels, o->max_side, o->max_scans};
    stylize_status status;
    if ((status = copy_name(o->engine, &ctx->engine_name, err)) ||
        (status = copy_name(o->device, &ctx->device_name, err)) || (status = check_names(ctx, err)) ||
        (status = find_models(o->model_dir, &ctx->model_dir, err)))
        return status;
    ctx->pool = stz_pool_create(o->pool_keep);
    if (!ctx->pool)
        return stz_nomem(err, sizeof(stz_buf));
    if ((status = stz_style_lib_open(ctx->model_dir, &ctx->log, &ctx->styles, err)) ||
        (status = create_nets(ctx, err)) || (status = stz_queue_create(ctx, err)))
        return status;
    /* An engine asked for by name must be there from the start; others are opened when needed. */
    stz_open_engine *engine;
    if (strcmp(ctx->engine_name, "auto"))
        status = stz_engine_get(ctx, ctx->engine_name, &engine, err);
    else if (!strncmp(ctx->device_name, "cuda", 4))
        status = stz_engine_get(ctx, "torch", &engine, err);
    return status ? status : stz_workers_start(ctx, err);
}

stylize_status stylize_ctx_create(stylize_ctx **out, const stylize_options *o, stylize_error *err)
{
    if (!out)
        return stz_fail(err, STYLIZE_ERR_INVALID, "out is NULL");
    *out = NULL;
    stylize_options options;
    stylize_options_init(&options, sizeof options);
    if (o && !stz_struct_read(&options, sizeof options, sizeof options, o))
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "options are not initialised, or from a newer header; "
                        "call stylize_options_init first");
    stylize_status status = check_options(&options, err);
    if (status != STYLIZE_OK)
        return status;
    stylize_ctx *ctx = calloc(1, sizeof *ctx);
    if (!ctx)
        return stz_nomem(err, sizeof *ctx);
    if (pthread_mutex_init(&ctx->engine_lock, NULL)) {
        free(ctx);
        return stz_nomem(err, sizeof ctx->engine_lock);
    }
    ctx->opt = options;
    status = fill(ctx, err);
    if (status != STYLIZE_OK) {
        stz_workers_join(ctx);
        release(ctx);
        return status;
    }
    *out = ctx;
    return STYLIZE_OK;
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

stz_ctx_net *stz_ctx_net_find(stylize_ctx *ctx, const stz_model *model)
{
    for (int i = 0; i < ctx->net_count; i++)
        if (ctx->nets[i].model == model)
            return &ctx->nets[i];
    return NULL;
}

stylize_status stz_ctx_net_ready(stylize_ctx *ctx, stz_ctx_net *net, stylize_error *err)
{
    stylize_status status = STYLIZE_OK;
    pthread_mutex_lock(&net->lock);
    if (!net->engine)
        status = stz_select_engine(ctx, net->model, &net->engine, err);
    if (status == STYLIZE_OK && !net->net) {
        uint64_t start = stz_now_ns();
        status = net->engine->table->load(net->engine->state, net->model, &net->net, err);
        if (status == STYLIZE_OK)
            stz_log_line(&ctx->log, STYLIZE_LOG_INFO, "model \"%s\" loaded by engine %s in %.1f ms",
                         net->model->name, net->engine->table->name, (stz_now_ns() - start) * 1e-6);
        else
            net->net = NULL;
    }
    pthread_mutex_unlock(&net->lock);
    return status;
}
