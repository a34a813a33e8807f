/* Which engine runs a model, and opening engines when they are first needed. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sched/ctx.h"

static const stz_engine *table[STZ_ENGINES_MAX] = {
    &stz_engine_native,
    &stz_engine_torch,
};

const stz_engine *stz_engine_at(int index)
{
    return index >= 0 && index < STZ_ENGINES_MAX ? table[index] : NULL;
}

const stz_engine *stz_engine_find(const char *name)
{
    for (int i = 0; stz_engine_at(i); i++)
        if (!strcmp(table[i]->name, name))
            return table[i];
    return NULL;
}

void stz_engine_register(const stz_engine *engine)
{
    for (int i = 0; i < STZ_ENGINES_MAX; i++) {
        if (table[i] && !strcmp(table[i]->name, engine->name))
            return;
        if (!table[i]) {
            table[i] = engine;
            return;
        }
    }
}

static stylize_status open_engine(stylize_ctx *ctx, stz_open_engine *slot, const stz_engine *engine,
                                  stylize_error *err)
{
    const stz_engine_config config = {
        .device = ctx->device_name,
        .threads = ctx->worker_count,
        .precision = ctx->opt.precision,
        .pool = ctx->pool,
        .pool_keep = ctx->opt.pool_keep,
        .log = &ctx->log,
    };
    stylize_status status = engine->open(&slot->state, &config, err);
    if (status != STYLIZE_OK)
        return status;
    slot->caps = (stz_engine_caps){.batch_max = 1};
    engine->caps(slot->state, &slot->caps);
    slot->table = engine;
    return STYLIZE_OK;
}

stylize_status stz_engine_get(stylize_ctx *ctx, const char *name, stz_open_engine **out, stylize_error *err)
{
    const stz_engine *engine = stz_engine_find(name);
    if (!engine)
        return stz_fail(err, STYLIZE_ERR_NOT_FOUND, "engine \"%s\" is not in this build", name);
    stylize_status status = STYLIZE_ERR_NOT_FOUND;
    pthread_mutex_lock(&ctx->engine_lock);
    for (int i = 0; i < STZ_ENGINES_MAX; i++) {
        stz_open_engine *slot = &ctx->engines[i];
        if (!slot->table)
            status = open_engine(ctx, slot, engine, err);
        else if (slot->table == engine)
            status = STYLIZE_OK;
        else
            continue;
        *out = slot;
        break;
    }
    pthread_mutex_unlock(&ctx->engine_lock);
    return status;
}

/* A cheap look before a heavy library is loaded for nothing. */
static bool cuda_likely(const char *device)
{
    if (!strncmp(device, "cuda", 4))
        return true;
    return !strcmp(device, "auto") && access("/dev/nvidiactl", F_OK) == 0;
}

static bool has_file(const stz_model *model, const char *engine)
{
    if (!strcmp(engine, "native"))
        return model->native_file || model->native_int8_file;
    if (!strcmp(engine, "torch"))
        return model->torch_file;
    return true;
}

stylize_status stz_select_engine(stylize_ctx *ctx, const stz_model *model, stz_open_engine **out,
                                 stylize_error *err)
{
    const char *asked = ctx->engine_name;
    if (strcmp(asked, "auto")) {
        if (!has_file(model, asked))
            return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "model \"%s\" has no file for the engine \"%s\"",
                            model->name, asked);
        return stz_engine_get(ctx, asked, out, err);
    }
    bool named_cuda = !strncmp(ctx->device_name, "cuda", 4);
    if (model->torch_file && cuda_likely(ctx->device_name)) {
        stylize_error why;
        stylize_status status = stz_engine_get(ctx, "torch", out, &why);
        if (status == STYLIZE_OK || named_cuda) {
            if (status != STYLIZE_OK && err)
                *err = why;
            return status;
        }
        stz_log_line(&ctx->log, STYLIZE_LOG_INFO, "not using CUDA: %s", why.message);
    }
    if (named_cuda)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "model \"%s\" has no file for the device \"%s\"",
                        model->name, ctx->device_name);
    return stz_engine_get(ctx, has_file(model, "native") ? "native" : "torch", out, err);
}
