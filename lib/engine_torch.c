/* The torch engine: the plugin's functions behind the engine table. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"
#include "torch_plugin.h"

#define BATCH_MAX 8

/* The plugin's codes are the library's. */
_Static_assert((int)STZ_TORCH_OK == (int)STYLIZE_OK && (int)STZ_TORCH_INVALID == (int)STYLIZE_ERR_INVALID &&
                   (int)STZ_TORCH_NOMEM == (int)STYLIZE_ERR_NOMEM &&
                   (int)STZ_TORCH_MODEL == (int)STYLIZE_ERR_MODEL &&
                   (int)STZ_TORCH_UNSUPPORTED == (int)STYLIZE_ERR_UNSUPPORTED &&
                   (int)STZ_TORCH_ENGINE == (int)STYLIZE_ERR_ENGINE,
               "one numbering");

typedef struct torch_engine {
    const stz_torch_plugin *plugin;
    stz_torch *torch;
    int threads;
    char device[64];
    char version[48];
} torch_engine;

typedef struct torch_net {
    stz_torch_net *net;
    char name[64];
    int code_length, stats_length, multiple;
} torch_net;

/* A text for the plugin to fill, and where it goes. */
typedef struct reason {
    char text[192];
    stz_torch_error error;
} reason;

static const stz_torch_error *listen(reason *r)
{
    r->text[0] = 0;
    r->error = (stz_torch_error){r->text, sizeof r->text};
    return &r->error;
}

static stylize_status fail_net(stylize_error *err, int code, const char *name, const char *text)
{
    return stz_fail(err, (stylize_status)code, "torch engine: network \"%s\": %s", name, text);
}

/* ------------------------------------------------------------------ engine */

static stylize_status torch_probe(stylize_error *err)
{
    char path[1024];
    return stz_torch_plugin_find(path, sizeof path, err);
}

static void torch_close(void *engine)
{
    torch_engine *e = engine;
    if (!e)
        return;
    if (e->torch)
        e->plugin->close(e->torch);
    free(e);
}

static stylize_status start(torch_engine *e, const char *device, stylize_error *err)
{
    int cuda;
    stylize_status status = stz_torch_plugin_get(&e->plugin, err);
    if (status == STYLIZE_OK)
        status = stz_torch_device(e->plugin, device, &cuda, e->device, sizeof e->device, err);
    if (status != STYLIZE_OK)
        return status;
    reason why;
    const int code =
        e->plugin->open(cuda, e->threads, &e->torch, e->version, sizeof e->version, listen(&why));
    if (code != STZ_TORCH_OK)
        return stz_fail(err, (stylize_status)code, "torch engine: %s", why.text);
    return STYLIZE_OK;
}

static stylize_status torch_open(void **engine, const stz_engine_config *config, stylize_error *err)
{
    if (config->precision != STYLIZE_PRECISION_FP32)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "torch engine: fp32 is the only precision");
    torch_engine *e = calloc(1, sizeof *e);
    if (!e)
        return stz_nomem(err, sizeof *e);
    e->threads = stz_clamp(config->threads, 1, 256);
    const stylize_status status = start(e, config->device ? config->device : "auto", err);
    if (status != STYLIZE_OK) {
        torch_close(e);
        return status;
    }
    stz_log_line(config->log, STYLIZE_LOG_INFO, "torch engine: libtorch %s on %s, %d threads, %s", e->version,
                 e->device, e->threads, e->plugin->path);
    *engine = e;
    return STYLIZE_OK;
}

static void torch_caps(void *engine, stz_engine_caps *caps)
{
    const torch_engine *e = engine;
    *caps = (stz_engine_caps){.batch_max = BATCH_MAX, .parallel_max = 1, .uses_team = false};
    snprintf(caps->device, sizeof caps->device, "%s", e->device);
    snprintf(caps->detail, sizeof caps->detail, "libtorch %s, %d thread%s", e->version, e->threads,
             e->threads == 1 ? "" : "s");
}

/* ------------------------------------------------------------------ networks */

static stylize_status check_model(const stz_model *m, stylize_error *err)
{
    if (!m->torch_file && !m->torch_encoder_file)
        return fail_net(err, STYLIZE_ERR_UNSUPPORTED, m->name,
                        "model.json names no TorchScript file (\"torch\")");
    bool ok =
        m->range > 0 && isfinite(m->range) && m->code_length >= 0 && m->stats_length >= 0 && m->multiple > 0;
    for (int c = 0; c < 3; c++)
        ok = ok && isfinite(m->mean[c]) && isfinite(m->std[c]) && m->std[c] > 0;
    return ok ? STYLIZE_OK
              : fail_net(err, STYLIZE_ERR_MODEL, m->name, "range, std and multiple must be above 0");
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
    if (access(*path, R_OK) == 0)
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
    const int code = e->plugin->load(e->torch, &spec, &net->net, listen(&why));
    return code == STZ_TORCH_OK ? STYLIZE_OK : fail_net(err, code, m->name, why.text);
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
    status = load_files(engine, m, apply, encode, net, err);
    if (status == STYLIZE_OK)
        *out = net;
    else
        free(net);
end:
    free(encode);
    free(apply);
    return status;
}

static void torch_unload(void *engine, void *net)
{
    torch_net *n = net;
    if (!n)
        return;
    ((torch_engine *)engine)->plugin->unload(n->net);
    free(n);
}

/* What load measured are the tensors. Around them go the scratch of the convolutions and what the
 * allocator leaves unused: found to be up to a fourth of it, and some MiB whatever the size. */
static size_t torch_memory(void *engine, void *net, int width, int height)
{
    const double bytes = ((torch_engine *)engine)->plugin->bytes(((torch_net *)net)->net);
    return (size_t)(1.25 * bytes * width * height) + (8u << 20);
}

static double torch_flop(void *engine, void *net, int width, int height) { return 0; }

/* ------------------------------------------------------------------ running */

static stz_torch_picture picture(const stz_view *v)
{
    return (stz_torch_picture){v->data, v->stride, v->elem == STZ_F32};
}

/* Floats are addressed as such, so their rows must start at one. */
static bool fits(const stz_view *v)
{
    return v->elem == STZ_U8 || (v->stride % 4 == 0 && (uintptr_t)v->data % 4 == 0);
}

static stylize_status check_item(const torch_net *net, const stz_apply *a, const stz_apply *first,
                                 stylize_error *err)
{
    const char *text = NULL;
    if (a->in.width != first->in.width || a->in.height != first->in.height)
        text = "the pictures of a batch differ in size";
    else if (a->in.width < 1 || a->in.height < 1 || a->in.width % net->multiple ||
             a->in.height % net->multiple)
        text = "a side is not a multiple of what the network needs";
    else if (!a->in.data || !fits(&a->in) || (a->out.data && !fits(&a->out)))
        text = "a picture has no memory or float rows that are not aligned";
    else if (net->code_length && !a->code)
        text = "the style code is missing";
    else if ((a->stats || a->stats_out) && !net->stats_length)
        return fail_net(err, STYLIZE_ERR_UNSUPPORTED, net->name, "it cannot freeze its statistics");
    return text ? fail_net(err, STYLIZE_ERR_INVALID, net->name, text) : STYLIZE_OK;
}

static bool alike(const stz_apply *a, const stz_apply *b)
{
    return !a->out.data == !b->out.data && !a->stats == !b->stats && !a->stats_out == !b->stats_out &&
           a->in.elem == b->in.elem;
}

/* Runs the first pictures of the batch that can share a forward; returns how many in *done. */
static stylize_status run_some(torch_engine *e, torch_net *net, const stz_apply *batch, int n, int *done,
                               stylize_error *err)
{
    stz_torch_item items[BATCH_MAX];
    int k = 0;
    for (; k < n && k < BATCH_MAX && alike(batch, batch + k); k++)
        items[k] = (stz_torch_item){picture(&batch[k].in), picture(&batch[k].out), batch[k].code,
                                    batch[k].stats, batch[k].stats_out};
    reason why;
    const int code = e->plugin->apply(net->net, items, k, batch->in.width, batch->in.height, listen(&why));
    *done = k;
    return code == STZ_TORCH_OK ? STYLIZE_OK : fail_net(err, code, net->name, why.text);
}

static stylize_status cancelled(stylize_error *err)
{
    return stz_fail(err, STYLIZE_ERR_CANCELLED, "cancelled");
}

static stylize_status torch_apply(void *engine, void *net, const stz_apply *batch, int n,
                                  const stz_exec *exec, stylize_error *err)
{
    stylize_status status = STYLIZE_OK;
    for (int i = 0; i < n && status == STYLIZE_OK; i++)
        status = check_item(net, batch + i, batch, err);
    for (int i = 0, done; i < n && status == STYLIZE_OK; i += done) {
        if (stz_cancelled(exec))
            return cancelled(err);
        status = run_some(engine, net, batch + i, n - i, &done, err);
    }
    return status;
}

static stylize_status torch_encode(void *engine, void *net, const stz_view *style, float *code,
                                   const stz_exec *exec, stylize_error *err)
{
    torch_net *n = net;
    if (stz_cancelled(exec))
        return cancelled(err);
    if (!style->data || style->width < 1 || style->height < 1 || !fits(style))
        return fail_net(err, STYLIZE_ERR_INVALID, n->name, "the style picture is empty or not aligned");
    const stz_torch_picture p = picture(style);
    reason why;
    const int status =
        ((torch_engine *)engine)->plugin->encode(n->net, &p, style->width, style->height, code, listen(&why));
    return status == STZ_TORCH_OK ? STYLIZE_OK : fail_net(err, status, n->name, why.text);
}

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
    .encode = torch_encode,
    .apply = torch_apply,
};
