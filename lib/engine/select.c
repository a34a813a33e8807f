#include "engine/select.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "engine/devices.h"

static stylize_status check_names(const char *name, const char *device, stylize_error *err)
{
    int devices[STZ_CUDA_DEVICES];
    if (strcmp(device, "auto") && strcmp(device, "cpu") && stz_cuda_devices(device, devices) < 0)
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "device \"%s\" is not known; auto, cpu, cuda, cuda:N, cuda:N,M and cuda:all are",
                        device);
    if (strcmp(name, "auto") && !stz_engine_find(name)) {
        char names[128] = "auto";
        for (int i = 0; stz_engine_at(i); i++)
            snprintf(names + strlen(names), sizeof names - strlen(names), ", %s", stz_engine_at(i)->name);
        return stz_fail(err, STYLIZE_ERR_NOT_FOUND, "engine \"%s\" is not known; this build has %s", name,
                        names);
    }
    return STYLIZE_OK;
}

stylize_status stz_engines_create(stz_engines *e, const char *name, const char *device,
                                  const stz_engine_config *config, stylize_error *err)
{
    name = name && *name ? name : "auto";
    device = device && *device ? device : "auto";
    const stylize_status status = check_names(name, device, err);
    if (status != STYLIZE_OK)
        return status;
    *e = (stz_engines){.name = strdup(name), .device = strdup(device), .config = *config};
    if (!e->name || !e->device || pthread_mutex_init(&e->lock, NULL)) {
        free(e->name);
        free(e->device);
        *e = (stz_engines){0};
        return stz_nomem(err, strlen(name) + strlen(device) + 2);
    }
    e->config.device = e->device;
    return STYLIZE_OK;
}

void stz_engines_destroy(stz_engines *e)
{
    if (!e->name) /* never created */
        return;
    for (int i = 0; i < STZ_ENGINES_MAX; i++)
        if (e->open[i].table)
            e->open[i].table->close(e->open[i].state);
    pthread_mutex_destroy(&e->lock);
    free(e->name);
    free(e->device);
}

static stylize_status open_engine(const stz_engines *e, stz_open_engine *slot, const stz_engine *engine,
                                  stylize_error *err)
{
    const stylize_status status = engine->open(&slot->state, &e->config, err);
    if (status != STYLIZE_OK)
        return status;
    slot->caps = (stz_engine_caps){.batch_max = 1};
    engine->caps(slot->state, &slot->caps);
    slot->table = engine;
    return STYLIZE_OK;
}

stylize_status stz_engines_get(stz_engines *e, const char *name, stz_open_engine **out, stylize_error *err)
{
    const stz_engine *engine = stz_engine_find(name);
    if (!engine)
        return stz_fail(err, STYLIZE_ERR_NOT_FOUND, "engine \"%s\" is not in this build", name);
    stylize_status status = STYLIZE_ERR_NOT_FOUND;
    pthread_mutex_lock(&e->lock);
    for (int i = 0; i < STZ_ENGINES_MAX; i++) {
        stz_open_engine *slot = &e->open[i];
        if (!slot->table)
            status = open_engine(e, slot, engine, err);
        else if (slot->table == engine)
            status = STYLIZE_OK;
        else
            continue;
        *out = slot;
        break;
    }
    pthread_mutex_unlock(&e->lock);
    return status;
}

static bool names_cuda(const stz_engines *e) { return !strncmp(e->device, "cuda", 4); }

stylize_status stz_engines_open_asked(stz_engines *e, stylize_error *err)
{
    stz_open_engine *engine;
    if (strcmp(e->name, "auto"))
        return stz_engines_get(e, e->name, &engine, err);
    return names_cuda(e) ? stz_engines_get(e, "torch", &engine, err) : STYLIZE_OK;
}

/* A cheap look before a heavy library is loaded for nothing. */
static bool cuda_likely(const stz_engines *e)
{
    return names_cuda(e) || (!strcmp(e->device, "auto") && stz_os_taken("/dev/nvidiactl"));
}

static bool has_file(const stz_model *model, const char *engine)
{
    if (!strcmp(engine, "native"))
        return model->native_file || model->native_int8_file;
    if (!strcmp(engine, "torch"))
        return model->torch_file;
    return true;
}

stylize_status stz_engines_choose(stz_engines *e, const stz_model *model, stz_open_engine **out,
                                  stylize_error *err)
{
    if (strcmp(e->name, "auto")) {
        if (!has_file(model, e->name))
            return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "model \"%s\" has no file for the engine \"%s\"",
                            model->name, e->name);
        return stz_engines_get(e, e->name, out, err);
    }
    if (model->torch_file && cuda_likely(e)) {
        stylize_error why;
        const stylize_status status = stz_engines_get(e, "torch", out, &why);
        if (status == STYLIZE_OK || names_cuda(e)) {
            if (status != STYLIZE_OK && err)
                *err = why;
            return status;
        }
        stz_log_line(e->config.log, STYLIZE_LOG_INFO, "not using CUDA: %s", why.message);
    }
    if (names_cuda(e))
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "model \"%s\" has no file for the device \"%s\"",
                        model->name, e->device);
    return stz_engines_get(e, has_file(model, "native") ? "native" : "torch", out, err);
}

void stz_engines_stats(stz_engines *e, stylize_stats *stats)
{
    pthread_mutex_lock(&e->lock);
    for (int i = 0; i < STZ_ENGINES_MAX; i++)
        if (e->open[i].table && e->open[i].table->stats)
            e->open[i].table->stats(e->open[i].state, stats);
    pthread_mutex_unlock(&e->lock);
}
