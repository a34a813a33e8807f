/* The torch engine at work: on a CPU through the plugin's own copies, on GPUs through gpu/. */
#include <stdint.h>

#include "engine/torch/torch_engine.h"

static stylize_status check_item(const torch_net *net, const stz_apply *a, const stz_apply *first,
                                 stylize_error *err)
{
    const char *text = NULL;
    if (a->in.width != first->in.width || a->in.height != first->in.height)
        text = "the pictures of a batch differ in size";
    else if (a->in.width < 1 || a->in.height < 1 || a->in.width % net->multiple ||
             a->in.height % net->multiple)
        text = "a side is not a multiple of what the network needs";
    else if (!a->in.data || !stz_torch_fits(&a->in) || (a->out.data && !stz_torch_fits(&a->out)))
        text = "a picture has no memory or float rows that are not aligned";
    else if (net->code_length && !a->code)
        text = "the style code is missing";
    else if ((a->stats || a->stats_out) && !net->stats_length)
        return stz_torch_fail_net(err, STYLIZE_ERR_UNSUPPORTED, net->name, "it cannot freeze its statistics");
    return text ? stz_torch_fail_net(err, STYLIZE_ERR_INVALID, net->name, text) : STYLIZE_OK;
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
    stz_torch_item items[STZ_TORCH_BATCH];
    int k = 0;
    for (; k < n && k < STZ_TORCH_BATCH && alike(batch, batch + k); k++)
        items[k] = (stz_torch_item){stz_torch_picture_of(&batch[k].in), stz_torch_picture_of(&batch[k].out),
                                    batch[k].code, batch[k].stats, batch[k].stats_out};
    reason why;
    const int code =
        e->plugin->apply(net->net[0], items, k, batch->in.width, batch->in.height, stz_torch_listen(&why));
    *done = k;
    return code == STZ_TORCH_OK ? STYLIZE_OK : stz_torch_fail_net(err, code, net->name, why.text);
}

static stylize_status apply_on_host(torch_engine *e, torch_net *net, const stz_apply *batch, int n,
                                    const stz_exec *exec, stylize_error *err)
{
    stylize_status status = STYLIZE_OK;
    for (int i = 0, done; i < n && status == STYLIZE_OK; i += done) {
        if (stz_cancelled(exec))
            return stz_torch_cancelled(err);
        status = run_some(e, net, batch + i, n - i, &done, err);
    }
    return status;
}

/* ------------------------------------------------------------------ on GPUs */

/* The device with least to do. */
static int choose_gpu(const torch_engine *e)
{
    int best = 0;
    for (int i = 1; i < e->devices.count; i++)
        if (stz_gpu_busy(e->gpu[i]) < stz_gpu_busy(e->gpu[best]))
            best = i;
    return best;
}

static stylize_image image_of(const stz_view *v)
{
    return (stylize_image){.pixels = v->data,
                           .stride = v->stride,
                           .width = (uint32_t)v->width,
                           .height = (uint32_t)v->height,
                           .format = STYLIZE_FORMAT_RGB8};
}

/* Statistics first where both are wanted: a run gives one of the two. */
static stylize_status apply_part(torch_engine *e, torch_net *net, const stz_apply *batch, int n, bool paint,
                                 const stz_exec *exec, stylize_error *err)
{
    stylize_image in[STZ_BATCH_MAX], out[STZ_BATCH_MAX];
    stz_gpu_item items[STZ_BATCH_MAX];
    for (int i = 0; i < n; i++) {
        in[i] = image_of(&batch[i].in);
        out[i] = image_of(&batch[i].out);
        const float *stats = batch[i].stats ? batch[i].stats : batch[i].stats_out;
        items[i] = (stz_gpu_item){.in = &in[i],
                                  .source = {0, 0, in[i].width, in[i].height},
                                  .out = paint ? &out[i] : NULL,
                                  .code = batch[i].code,
                                  .stats = paint ? stats : NULL,
                                  .stats_out = paint ? NULL : batch[i].stats_out,
                                  .strength = 1};
    }
    const int gpu = choose_gpu(e);
    return stz_gpu_run(e->gpu[gpu], &net->on_gpu[gpu], items, n, exec, err);
}

/* How many from the first on can share a run: those that want the same of it. */
static int alike_from(const stz_apply *batch, int n)
{
    int k = 1;
    while (k < n && k < STZ_BATCH_MAX && alike(batch, batch + k))
        k++;
    return k;
}

static stylize_status apply_on_gpu(torch_engine *e, torch_net *net, const stz_apply *batch, int n,
                                   const stz_exec *exec, stylize_error *err)
{
    stylize_status status = STYLIZE_OK;
    for (int i = 0, k; i < n && status == STYLIZE_OK; i += k) {
        k = alike_from(batch + i, n - i);
        if (batch[i].in.elem == STZ_F32 || (batch[i].out.data && batch[i].out.elem == STZ_F32)) {
            status = apply_on_host(e, net, batch + i, k, exec, err);
            continue;
        }
        if (batch[i].stats_out)
            status = apply_part(e, net, batch + i, k, false, exec, err);
        if (status == STYLIZE_OK && batch[i].out.data)
            status = apply_part(e, net, batch + i, k, true, exec, err);
    }
    return status;
}

stylize_status stz_torch_apply_batch(void *engine, void *net, const stz_apply *batch, int n,
                                     const stz_exec *exec, stylize_error *err)
{
    torch_engine *e = engine;
    if (((torch_net *)net)->loss)
        return stz_torch_fail_net(err, STYLIZE_ERR_UNSUPPORTED, ((torch_net *)net)->name,
                                  "a loss network paints nothing");
    for (int i = 0; i < n; i++) {
        const stylize_status status = check_item(net, batch + i, batch, err);
        if (status != STYLIZE_OK)
            return status;
    }
    return e->devices.count ? apply_on_gpu(e, net, batch, n, exec, err)
                            : apply_on_host(e, net, batch, n, exec, err);
}

/* A picture's memory is what it says; *gpu is where it lies, left alone for one of the host. */
static stylize_status check_place(const torch_engine *e, const stylize_image *image, const char *what,
                                  int *gpu, stylize_error *err)
{
    const int at = e->devices.table->where(image->pixels);
    if (image->memory == STYLIZE_MEMORY_HOST)
        return at < 0 ? STYLIZE_OK
                      : stz_fail(err, STYLIZE_ERR_INVALID,
                                 "%s lies on cuda:%d and says that it is in host memory", what, at);
    if (at != image->device)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s says that it lies on cuda:%d and lies in %s memory%s",
                        what, image->device, at < 0 ? "host" : "another device's",
                        at == -1 ? " (page-locked)" : "");
    for (int i = 0; i < e->devices.count; i++)
        if (e->devices.index[i] == image->device) {
            if (*gpu >= 0 && *gpu != i)
                return stz_fail(err, STYLIZE_ERR_INVALID, "content and result lie on different devices");
            *gpu = i;
            return STYLIZE_OK;
        }
    return stz_fail(err, STYLIZE_ERR_INVALID, "%s lies on cuda:%d; the context works on %s", what,
                    image->device, e->devices.name);
}

static stylize_status paint_some(torch_engine *e, torch_net *net, const stz_paint *batch, int n, int gpu,
                                 const stz_exec *exec, stylize_error *err)
{
    stz_gpu_item items[STZ_BATCH_MAX];
    for (int i = 0; i < n; i++)
        items[i] = (stz_gpu_item){.in = batch[i].in,
                                  .source = batch[i].source,
                                  .out = batch[i].out,
                                  .code = batch[i].code,
                                  .stats = batch[i].stats,
                                  .stats_out = batch[i].stats_out,
                                  .strength = batch[i].strength,
                                  .preserve_color = batch[i].preserve_color};
    gpu = gpu < 0 ? choose_gpu(e) : gpu;
    return stz_gpu_run(e->gpu[gpu], &net->on_gpu[gpu], items, n, exec, err);
}

/* Pictures that lie on the same device, or on the host, share a run. */
stylize_status stz_torch_paint(void *engine, void *net, const stz_paint *batch, int n, const stz_exec *exec,
                               stylize_error *err)
{
    torch_engine *e = engine;
    if (!e->devices.count)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "the torch engine is on the CPU%s%.96s",
                        *e->devices.note ? ": " : "", e->devices.note);
    int place[STZ_BATCH_MAX];
    for (int i = 0; i < n; i++) {
        place[i] = -1;
        stylize_status status = check_place(e, batch[i].in, "content", &place[i], err);
        if (status == STYLIZE_OK && !batch[i].stats_out)
            status = check_place(e, batch[i].out, "result's own memory", &place[i], err);
        if (status != STYLIZE_OK)
            return status;
    }
    stylize_status status = STYLIZE_OK;
    for (int i = 0, k; i < n && status == STYLIZE_OK; i += k) {
        for (k = 1; i + k < n && place[i + k] == place[i];)
            k++;
        status = paint_some(e, net, batch + i, k, place[i], exec, err);
    }
    return status;
}

stylize_status stz_torch_encode_style(void *engine, void *net, const stz_view *style, float *code,
                                      const stz_exec *exec, stylize_error *err)
{
    torch_net *n = net;
    if (n->loss)
        return stz_torch_fail_net(err, STYLIZE_ERR_UNSUPPORTED, n->name, "a loss network reads no styles");
    if (stz_cancelled(exec))
        return stz_torch_cancelled(err);
    if (!style->data || style->width < 1 || style->height < 1 || !stz_torch_fits(style))
        return stz_torch_fail_net(err, STYLIZE_ERR_INVALID, n->name,
                                  "the style picture is empty or not aligned");
    const stz_torch_picture p = stz_torch_picture_of(style);
    reason why;
    const int status =
        ((torch_engine *)engine)
            ->plugin->encode(n->net[0], &p, style->width, style->height, code, stz_torch_listen(&why));
    return status == STZ_TORCH_OK ? STYLIZE_OK : stz_torch_fail_net(err, status, n->name, why.text);
}
