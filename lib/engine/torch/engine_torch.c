/* The torch engine: the plugin's functions behind the engine table. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/torch/torch_engine.h"

/* ------------------------------------------------------------------ engine */

static stylize_status torch_probe(stylize_error *err)
{
    char path[1024];
    return stz_torch_plugin_find(path, sizeof path, err);
}

static int count_of(const torch_engine *e) { return stz_max(e->devices.count, 1); }

static void torch_close(void *engine)
{
    torch_engine *e = engine;
    if (!e)
        return;
    for (int i = 0; i < STZ_CUDA_DEVICES; i++) {
        if (e->torch[i])
            e->plugin->close(e->torch[i]);
        stz_gpu_close(e->gpu[i]);
    }
    free(e);
}

/* Half of what is free is for one run; the rest for the weights, graphs and the other slot. */
static stylize_status open_gpu(torch_engine *e, int i, uint64_t keep, stylize_error *err)
{
    const stz_torch_devices *d = &e->devices;
    stz_device_info info;
    reason why;
    const int code = d->table->info(d->index[i], &info, stz_torch_listen(&why));
    if (code != STZ_TORCH_OK)
        return stz_fail(err, (stylize_status)code, "torch engine: cuda:%d: %s", d->index[i], why.text);
    e->memory = i == 0 || info.free / 2 < e->memory ? info.free / 2 : e->memory;
    return stz_gpu_open(d->table, d->index[i], keep, &e->gpu[i], err);
}

static stylize_status open_torch(torch_engine *e, int i, stylize_error *err)
{
    const stz_torch_devices *d = &e->devices;
    const int cuda = d->table && !d->table->host_tensors ? d->index[i] : -1;
    reason why;
    const int code = e->plugin->open(cuda, e->threads, e->precision, &e->torch[i], e->version,
                                     sizeof e->version, stz_torch_listen(&why));
    return code == STZ_TORCH_OK ? STYLIZE_OK
                                : stz_fail(err, (stylize_status)code, "torch engine: %s", why.text);
}

/* On a CPU libtorch is the reference, in fp32. */
static stylize_status choose_precision(torch_engine *e, stylize_precision precision, stylize_error *err)
{
    e->precision = precision == STYLIZE_PRECISION_TF32   ? STZ_TORCH_TF32
                   : precision == STYLIZE_PRECISION_FP16 ? STZ_TORCH_HALF
                                                         : STZ_TORCH_FP32;
    if (precision == STYLIZE_PRECISION_INT8)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED,
                        "torch engine: int8 is not offered; fp32, tf32 and fp16 are");
    if (precision == STYLIZE_PRECISION_FP16 && !e->devices.count)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED,
                        "torch engine: fp32 is the only precision on a CPU%s%.96s",
                        *e->devices.note ? ", which it is on: " : "", e->devices.note);
    return STYLIZE_OK;
}

static stylize_status start(torch_engine *e, const stz_engine_config *config, stylize_error *err)
{
    stylize_status status = stz_torch_plugin_get(&e->plugin, err);
    if (status == STYLIZE_OK)
        status =
            stz_torch_find_devices(e->plugin, config->device ? config->device : "auto", &e->devices, err);
    if (status == STYLIZE_OK)
        status = choose_precision(e, config->precision, err);
    for (int i = 0; i < count_of(e) && status == STYLIZE_OK; i++)
        status = open_torch(e, i, err);
    for (int i = 0; i < e->devices.count && status == STYLIZE_OK; i++)
        status = open_gpu(e, i, config->pool_keep, err);
    return status;
}

static stylize_status torch_open(void **engine, const stz_engine_config *config, stylize_error *err)
{
    if (config->precision == STYLIZE_PRECISION_INT8)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED,
                        "torch engine: int8 is not offered; fp32, tf32 and fp16 are");
    torch_engine *e = calloc(1, sizeof *e);
    if (!e)
        return stz_nomem(err, sizeof *e);
    e->threads = stz_clamp(config->threads, 1, 256);
    const stylize_status status = start(e, config, err);
    if (status != STYLIZE_OK) {
        torch_close(e);
        return status;
    }
    if (e->devices.count && config->pool) { /* pictures of the context are copied from where they lie */
        const stz_allocator pinned = stz_gpu_pinned(e->devices.table);
        stz_pool_set_allocator(config->pool, STZ_MEM_PICTURE, &pinned);
    }
    if (*e->devices.note)
        stz_log_line(config->log, STYLIZE_LOG_INFO, "torch engine: not using CUDA: %s", e->devices.note);
    stz_log_line(config->log, STYLIZE_LOG_INFO, "torch engine: libtorch %s on %s, %d threads, %s", e->version,
                 e->devices.name, e->threads, e->plugin->path);
    *engine = e;
    return STYLIZE_OK;
}

static void torch_caps(void *engine, stz_engine_caps *caps)
{
    static const char *const names[] = {"fp32", "fp16", "tf32"};
    const torch_engine *e = engine;
    const int gpus = e->devices.count;
    /* two runs on a device: one computes while the other copies */
    *caps = (stz_engine_caps){.batch_max = gpus ? STZ_GPU_BATCH_MAX : STZ_TORCH_BATCH,
                              .parallel_max = gpus ? 2 * gpus : 1,
                              .memory = e->memory};
    memcpy(caps->device, e->devices.name, sizeof caps->device);
    memcpy(caps->note, e->devices.note, sizeof caps->note);
    if (gpus)
        snprintf(caps->detail, sizeof caps->detail, "libtorch %s, %s", e->version, names[e->precision]);
    else
        snprintf(caps->detail, sizeof caps->detail, "libtorch %s, %d thread%s", e->version, e->threads,
                 e->threads == 1 ? "" : "s");
}

static void torch_stats(void *engine, stylize_stats *stats)
{
    const torch_engine *e = engine;
    for (int i = 0; i < e->devices.count; i++) {
        stz_gpu_stats s;
        stz_gpu_get_stats(e->gpu[i], &s);
        stats->device_images += s.images;
        stats->device_bytes += s.bytes;
        stats->device_peak += s.peak;
        stats->device_allocs += s.allocs;
        stats->device_reuses += s.reuses;
        stats->device_trims += s.trims;
        stats->device_splits += s.splits;
        stats->device_graphs += s.graphs;
        stats->device_replays += s.replays;
    }
}

/* ------------------------------------------------------------------ networks */

static stylize_status check_model(const stz_model *m, stylize_error *err)
{
    if (!m->torch_file && !m->torch_encoder_file)
        return stz_torch_fail_net(err, STYLIZE_ERR_UNSUPPORTED, m->name,
                                  "model.json names no TorchScript file (\"torch\")");
    bool ok =
        m->range > 0 && isfinite(m->range) && m->code_length >= 0 && m->stats_length >= 0 && m->multiple > 0;
    for (int c = 0; c < 3; c++)
        ok = ok && isfinite(m->mean[c]) && isfinite(m->std[c]) && m->std[c] > 0;
    return ok ? STYLIZE_OK
              : stz_torch_fail_net(err, STYLIZE_ERR_MODEL, m->name,
                                   "range, std and multiple must be above 0");
}

/* dir/file in *path, which the caller frees; NULL for no file. */
static stylize_status join(const stz_model *m, const char *file, char **path, stylize_error *err)
{
    *path = NULL;
    if (!file)
        return STYLIZE_OK;
    if (asprintf(path, "%s/%s", m->dir, file) < 0) {
        *path = NULL;
        return stz_nomem(err, strlen(m->dir) + strlen(file) + 2);
    }
    if (stz_os_readable(*path))
        return STYLIZE_OK;
    return stz_fail(err, STYLIZE_ERR_MODEL, "torch engine: network \"%s\": its file cannot be read: %s",
                    m->name, *path);
}

static int trial_side(int least, int min_side, int multiple)
{
    return stz_round_up(stz_clamp(min_side, least, 1 << 16), stz_max(multiple, 1));
}

static stylize_status load_files(torch_engine *e, const stz_model *m, const char *apply, const char *encode,
                                 torch_net *net, stylize_error *err)
{
    const stz_torch_spec spec = {
        .apply_path = apply,
        .encode_path = encode       ? encode
                       : m->encodes ? apply
                                    : NULL,
        .code_length = m->code_length,
        .stats_length = m->stats_length,
        .trial_side = trial_side(128, m->min_side, m->multiple),
        .trial_style_side = trial_side(64, m->style_min_side, m->style_multiple),
        .range = m->range,
        .mean = {m->mean[0], m->mean[1], m->mean[2]},
        .std = {m->std[0], m->std[1], m->std[2]},
    };
    reason why;
    int code = STZ_TORCH_OK;
    for (int i = 0; i < count_of(e) && code == STZ_TORCH_OK; i++)
        code = e->plugin->load(e->torch[i], &spec, &net->net[i], stz_torch_listen(&why));
    return code == STZ_TORCH_OK ? STYLIZE_OK : stz_torch_fail_net(err, code, m->name, why.text);
}

/* What kernels need to know of it. */
static void describe_on_gpus(const torch_engine *e, const stz_model *m, torch_net *net)
{
    for (int i = 0; i < e->devices.count; i++) {
        stz_gpu_net *g = &net->on_gpu[i];
        *g = (stz_gpu_net){.net = net->net[i],
                           .forward = e->plugin->forward,
                           .drop = e->plugin->drop,
                           .code_length = m->code_length,
                           .stats_length = m->stats_length,
                           .multiple = m->multiple,
                           .out_scale = 255.0f / m->range};
        e->plugin->input_form(g->net, &g->is_half, &g->channels_last);
        for (int c = 0; c < 3; c++) {
            g->scale[c] = m->range / (255.0f * m->std[c]);
            g->shift[c] = m->mean[c] * m->range / m->std[c];
        }
    }
}

static void torch_unload(void *engine, void *net)
{
    const torch_engine *e = engine;
    torch_net *n = net;
    if (!n)
        return;
    for (int i = 0; i < e->devices.count; i++)
        stz_gpu_forget(e->gpu[i], &n->on_gpu[i]);
    for (int i = 0; i < count_of(e); i++)
        e->plugin->unload(n->net[i]);
    e->plugin->loss_unload(n->loss);
    free(n);
}

static stylize_status torch_load(void *engine, const stz_model *m, void **out, stylize_error *err)
{
    char *apply = NULL, *encode = NULL;
    torch_net *net = NULL;
    stylize_status status = check_model(m, err);
    if (status == STYLIZE_OK)
        status = join(m, m->torch_file, &apply, err);
    if (status == STYLIZE_OK)
        status = join(m, m->torch_encoder_file, &encode, err);
    if (status != STYLIZE_OK)
        goto end;
    net = calloc(1, sizeof *net);
    if (!net) {
        status = stz_nomem(err, sizeof *net);
        goto end;
    }
    snprintf(net->name, sizeof net->name, "%s", m->name);
    net->code_length = m->code_length;
    net->stats_length = m->stats_length;
    net->multiple = m->multiple;
    status = m->optimizes ? stz_torch_load_loss(engine, m, apply, net, err)
                          : load_files(engine, m, apply, encode, net, err);
    if (status == STYLIZE_OK) {
        if (!m->optimizes)
            describe_on_gpus(engine, m, net);
        *out = net;
    } else {
        torch_unload(engine, net);
    }
end:
    free(encode);
    free(apply);
    return status;
}

/* What load measured are the tensors. Around them go the scratch of the convolutions and what the
 * allocator leaves unused: found to be up to a fourth of it, and some MiB whatever the size. */
static size_t torch_memory(void *engine, void *net, int width, int height)
{
    if (((torch_net *)net)->loss)
        return 0;
    const double bytes = ((torch_engine *)engine)->plugin->bytes(((torch_net *)net)->net[0]);
    return (size_t)(1.25 * bytes * width * height) + (8u << 20);
}

static double torch_flop(void *engine, void *net, int width, int height) { return 0; }

const stz_engine stz_engine_torch = {
    .name = "torch",
    .probe = torch_probe,
    .open = torch_open,
    .close = torch_close,
    .caps = torch_caps,
    .load = torch_load,
    .unload = torch_unload,
    .memory = torch_memory,
    .flop = torch_flop,
    .paint = stz_torch_paint,
    .stats = torch_stats,
    .encode = stz_torch_encode_style,
    .apply = stz_torch_apply_batch,
    .optimize = stz_torch_optimize_picture,
};
