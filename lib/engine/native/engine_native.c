/* The engine table of the native CPU engine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/native/encode.h"
#include "engine/native/fit.h"
#include "engine/native/optimize.h"
#include "engine/native/run.h"
#include "engine/training.h"

typedef struct native {
    const stz_kernels *kernels;
    stz_pool *pool;
    const stz_log *log;
    stylize_precision precision;
    int threads;
} native;

/* A network, and what model.json says of it if it is a loss network. */
typedef struct native_net {
    stz_native_net *net;
    stz_loss_spec loss;
} native_net;

static stylize_status probe(stylize_error *err) { return STYLIZE_OK; }

static stylize_status open_engine(void **out, const stz_engine_config *config, stylize_error *err)
{
    if (config->device && strcmp(config->device, "auto") != 0 && strcmp(config->device, "cpu") != 0)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "the native engine runs on device cpu, not on %.32s",
                        config->device);
    native *n = calloc(1, sizeof *n);
    if (!n)
        return stz_nomem(err, sizeof *n);
    n->kernels = stz_kernels_get(config->precision == STYLIZE_PRECISION_FP16);
    n->pool = config->pool;
    n->log = config->log;
    n->precision = config->precision;
    n->threads = config->threads;
    *out = n;
    return STYLIZE_OK;
}

static void close_engine(void *engine) { free(engine); }

static void get_caps(void *engine, stz_engine_caps *caps)
{
    const native *n = engine;
    *caps = (stz_engine_caps){.device = "cpu", .batch_max = 1, .uses_team = true};
    snprintf(caps->detail, sizeof caps->detail, "%s%s, %d thread%s", stz_isa_name(n->kernels->isa),
             n->kernels->half ? ", fp16 storage" : "", n->threads, n->threads == 1 ? "" : "s");
}

/* What the file says must be what model.json says. */
static stylize_status check_model(const stz_native_net *net, const stz_model *model, stylize_error *err)
{
    const stz_graph *g = &net->generator.graph;
    if (net->loss != model->optimizes)
        return stz_fail(err, STYLIZE_ERR_MODEL, "model %s: its file holds %s", model->name,
                        net->loss ? "a loss network" : "no loss network");
    if (g->code_length != model->code_length)
        return stz_fail(err, STYLIZE_ERR_MODEL, "model %s: its style code has %d floats, the file wants %d",
                        model->name, model->code_length, g->code_length);
    if (net->loss && net->generator.layers.taps != model->layers)
        return stz_fail(err, STYLIZE_ERR_MODEL,
                        "model %s: it has weights for %d feature maps, the file makes %d", model->name,
                        model->layers, net->generator.layers.taps);
    if (net->loss && model->multiple % g->multiple)
        return stz_fail(err, STYLIZE_ERR_MODEL,
                        "model %s: \"multiple\" is %d, the file needs multiples of %d", model->name,
                        model->multiple, g->multiple);
    return STYLIZE_OK;
}

static stz_loss_spec loss_spec(const stz_model *m)
{
    stz_loss_spec s = {.layers = m->layers,
                       .multiple = m->multiple,
                       .radius = m->receptive_radius,
                       .smoothness = STZ_SMOOTHNESS};
    memcpy(s.style_weights, m->style_weights, sizeof s.style_weights);
    memcpy(s.content_weights, m->content_weights, sizeof s.content_weights);
    return s;
}

static stylize_status load(void *engine, const stz_model *model, void **out, stylize_error *err)
{
    const native *n = engine;
    const char *file = n->precision == STYLIZE_PRECISION_INT8 && model->native_int8_file
                           ? model->native_int8_file
                           : model->native_file;
    if (!file)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "model %s has no file for the native engine",
                        model->name);
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", model->dir, file) >= (int)sizeof path)
        return stz_fail(err, STYLIZE_ERR_MODEL, "model %s: the name of its file is too long", model->name);
    native_net *own = calloc(1, sizeof *own);
    if (!own)
        return stz_nomem(err, sizeof *own);
    own->loss = loss_spec(model);
    /* There are no gradients in half precision. */
    stylize_status status = stz_native_load_from(
        model->bundle, path, model->optimizes ? stz_kernels_get(false) : n->kernels, &own->net, err);
    if (!status && (status = check_model(own->net, model, err)))
        stz_native_free(own->net);
    if (status) {
        free(own);
        return status;
    }
    if (model->optimizes)
        own->loss.pixel_bytes = stz_objective_pixel(&own->net->generator, model->multiple);
    *out = own;
    return STYLIZE_OK;
}

static void unload(void *engine, void *net)
{
    native_net *own = net;
    stz_native_free(own->net);
    free(own);
}

static stz_part *generator(void *net) { return &((native_net *)net)->net->generator; }

static size_t memory(void *engine, void *net, int width, int height)
{
    return width < 1 || height < 1 ? 0 : stz_part_memory(generator(net), width, height, false);
}

static double flop(void *engine, void *net, int width, int height)
{
    return stz_graph_flop(&generator(net)->graph, width, height);
}

/* ------------------------------------------------------------------- calls */

static stylize_status check_view(const stz_view *v, int multiple, int least, const char *what,
                                 stylize_error *err)
{
    if (!v->data || v->width < least || v->height < least || v->width % multiple || v->height % multiple)
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "the %s is %dx%d pixels; sides must be multiples of %d, %d or more", what, v->width,
                        v->height, multiple, least);
    return STYLIZE_OK;
}

static stylize_status encode(void *engine, void *net, const stz_view *style, float *code,
                             const stz_exec *exec, stylize_error *err)
{
    const native *e = engine;
    stz_native_net *n = ((native_net *)net)->net;
    if (!n->encodes)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "this model cannot read a style from a picture");
    stylize_status status =
        check_view(style, stz_max(n->encoder.graph.multiple, 1), 16, "style picture", err);
    return status ? status : stz_run_encode(&n->encoder, &n->generator, style, code, e->pool, exec, err);
}

static stylize_status apply(void *engine, void *net, const stz_apply *batch, int count, const stz_exec *exec,
                            stylize_error *err)
{
    const native *e = engine;
    stz_native_net *n = ((native_net *)net)->net;
    if (n->loss)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "a loss network paints nothing");
    for (int i = 0; i < count; i++) {
        const stz_apply *a = &batch[i];
        stylize_status status =
            check_view(&a->in, stz_max(n->generator.graph.multiple, 1), 16, "picture", err);
        if (status)
            return status;
        if (a->out.data && (a->out.width != a->in.width || a->out.height != a->in.height))
            return stz_fail(err, STYLIZE_ERR_INVALID, "the result is %dx%d pixels, the picture %dx%d",
                            a->out.width, a->out.height, a->in.width, a->in.height);
        if (n->generator.graph.code_length && !a->code)
            return stz_fail(err, STYLIZE_ERR_INVALID, "a style code is missing");
        status = stz_run_apply(&n->generator, a, e->pool, exec, err);
        if (status)
            return status;
    }
    return STYLIZE_OK;
}

static stylize_status optimize(void *engine, void *net, const stz_optimize *job, const stz_exec *exec,
                               stylize_error *err)
{
    const native *e = engine;
    native_net *n = net;
    const int multiple = n->loss.multiple;
    if (!n->net->loss)
        return stz_fail(err, STYLIZE_ERR_INVALID, "it is no loss network");
    stylize_status status = check_view(&job->content, multiple, multiple, "content", err);
    if (!status)
        status = check_view(&job->out, multiple, multiple, "result", err);
    for (int i = 0; i < job->style_count && !status; i++)
        status = check_view(&job->styles[i], multiple, multiple, "style picture", err);
    if (status)
        return status;
    if (job->content.width != job->out.width || job->content.height != job->out.height ||
        job->out.elem != STZ_U8)
        return stz_fail(err, STYLIZE_ERR_INVALID, "the result must be bytes and have the content's size");
    if (job->style_count < 1 || job->style_count > STYLIZE_STYLES_MAX || job->iterations < 1)
        return stz_fail(err, STYLIZE_ERR_INVALID, "there is no style, or nothing to do");
    return stz_optimize_run(generator(net), &n->loss, job, e->pool, exec, err);
}

static double optimize_memory(void *engine, void *net, int width, int height, bool adam)
{
    const native_net *n = net;
    return stz_optimize_least(&n->loss, width, height, adam);
}

/* A generator of its own: the one that others paint with must stay as it is, and may be of another precision. */
static stylize_status fit_style(void *engine, void *net, const stz_model *model, stz_style_fit *fit,
                                const stz_exec *exec, stylize_error *err)
{
    const native *e = engine;
    native_net *n = net;
    if (!n->net->loss || !model->code_length || !model->native_file)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "model %s cannot learn a style with this engine",
                        model->name);
    stylize_status status = check_view(&fit->art, n->loss.multiple, 2 * n->loss.multiple, "artwork", err);
    if (status)
        return status;
    if (fit->pictures < 1 || fit->start_count < 1 || !fit->code_steps)
        return stz_fail(err, STYLIZE_ERR_INVALID, "there is nothing to begin with, or nothing to do");
    char path[4096];
    stz_native_net *generator;
    if (snprintf(path, sizeof path, "%s/%s", model->dir, model->native_file) >= (int)sizeof path)
        return stz_fail(err, STYLIZE_ERR_MODEL, "model %s: the name of its file is too long", model->name);
    status = stz_native_load_from(model->bundle, path, stz_kernels_get(false), &generator, err);
    if (status)
        return status;
    status = check_model(generator, model, err);
    if (!status)
        status = stz_fit_run(generator, &n->net->generator, &n->loss, fit, e->pool, exec, err);
    stz_native_free(generator);
    return status;
}

/* -------------------------------------------------------------------- peak */

#define PEAK_ROUNDS 2000000 /* some tens of milliseconds in all */
#define PEAK_ITEMS  8       /* for each thread */

typedef struct peak_job {
    const stz_kernels *kernels;
    atomic_ullong operations;
} peak_job;

static void peak_item(void *arg, int item, void *scratch)
{
    peak_job *j = arg;
    atomic_fetch_add(&j->operations, (unsigned long long)j->kernels->peak(PEAK_ROUNDS / PEAK_ITEMS));
}

/* The best of a few rounds: others may be using the machine. */
static double peak_gflops(void *engine, const stz_exec *exec)
{
    const native *n = engine;
    double best = 0;
    for (int i = 0; i < 4; i++) {
        peak_job job = {.kernels = n->kernels};
        const uint64_t start = stz_now_ns();
        stz_team_run(exec->team, peak_item, &job, PEAK_ITEMS * stz_max(stz_team_width(exec->team), 1));
        const double rate = (double)atomic_load(&job.operations) / (double)(stz_now_ns() - start);
        best = rate > best ? rate : best;
    }
    return best;
}

const stz_engine stz_engine_native = {
    .name = "native",
    .probe = probe,
    .open = open_engine,
    .close = close_engine,
    .caps = get_caps,
    .load = load,
    .unload = unload,
    .memory = memory,
    .flop = flop,
    .encode = encode,
    .apply = apply,
    .optimize = optimize,
    .optimize_memory = optimize_memory,
    .fit = fit_style,
    .training = &stz_training_native,
    .peak_gflops = peak_gflops,
};
