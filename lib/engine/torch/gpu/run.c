/* Copied in, computed, copied out. */
#include "engine/torch/gpu/run.h"

#include <math.h>
#include <string.h>

#include "engine/torch/gpu/error.h"
#include "engine/torch/gpu/graph.h"

#define TRY(call)                                                                                            \
    do {                                                                                                     \
        const int code_ = (call);                                                                            \
        if (code_ != STZ_TORCH_OK)                                                                           \
            return code_;                                                                                    \
    } while (0)

/* The functions below return codes of the table, with the text in e. */

static void *stream(const gpu_run *run, int which)
{
    return run->gpu->table->stream(run->gpu->device, which);
}

static int copy(const gpu_run *run, int which, const stz_copy *c, const stz_torch_error *e)
{
    return run->gpu->table->copy(run->gpu->device, stream(run, which), c, e);
}

static int launch(const gpu_run *run, int op, const void *args, const stz_torch_error *e)
{
    return run->gpu->table->launch(run->gpu->device, stream(run, STZ_STREAM_RUN), op, args, e);
}

static int record(const gpu_run *run, void *event, int which, const stz_torch_error *e)
{
    return run->gpu->table->record(run->gpu->device, event, stream(run, which), e);
}

static int after(const gpu_run *run, int which, void *event, const stz_torch_error *e)
{
    return run->gpu->table->wait(run->gpu->device, stream(run, which), event, e);
}

/* ------------------------------------------------------------------ in */

static void stage(const gpu_run *run)
{
    for (int i = 0; i < run->n; i++) {
        const gpu_part *p = &run->part[i];
        const stylize_image *in = p->item->in;
        const stz_rect *s = &p->item->source;
        const size_t row = s->width * (size_t)p->channels;
        const uint8_t *from = in->pixels + s->y * (size_t)in->stride + s->x * (size_t)p->channels;
        for (uint32_t y = 0; p->in_stage && y < s->height; y++)
            memcpy(p->in_stage + y * row, from + y * (size_t)in->stride, row);
    }
}

static int copy_in(const gpu_run *run, const stz_torch_error *e)
{
    const stz_copy params = {run->params,      run->params_host, run->params_size,
                             run->params_size, run->params_size, 1};
    TRY(copy(run, STZ_STREAM_IN, &params, e));
    for (int i = 0; i < run->n; i++) {
        const gpu_part *p = &run->part[i];
        const stylize_image *in = p->item->in;
        const stz_rect *s = &p->item->source;
        const size_t row = s->width * (size_t)p->channels;
        if (!p->in_host)
            continue;
        const uint8_t *from = in->pixels + s->y * (size_t)in->stride + s->x * (size_t)p->channels;
        const stz_copy rows = {p->in, p->in_stage ? p->in_stage : from,
                               row,   p->in_stage ? row : (size_t)in->stride,
                               row,   s->height};
        TRY(copy(run, STZ_STREAM_IN, &rows, e));
    }
    return record(run, run->slot->in, STZ_STREAM_IN, e);
}

/* A program's picture: what the program has queued on its stream comes first. */
static int follow(const gpu_run *run, const stylize_image *image, const stz_torch_error *e)
{
    if (!image || image->memory == STYLIZE_MEMORY_HOST || !image->stream)
        return STZ_TORCH_OK;
    TRY(run->gpu->table->record(run->gpu->device, run->slot->caller, image->stream, e));
    return after(run, STZ_STREAM_RUN, run->slot->caller, e);
}

/* ------------------------------------------------------------------ computing */

static int scale_part(const gpu_run *run, const gpu_part *p, const stz_torch_error *e)
{
    const stz_rect *s = &p->item->source;
    int *translucent = (int *)(void *)(run->params + p->translucent_at);
    if (p->channels == 4) {
        const stz_op_translucent look = {p->in, (int64_t)p->in_pitch, (int)s->width, (int)s->height,
                                         translucent};
        TRY(launch(run, STZ_OP_TRANSLUCENT, &look, e));
    }
    const stz_op_down down = {p->in,       (int64_t)p->in_pitch, p->channels, (int)s->width,
                              translucent, p->down.taps,         p->temp};
    const stz_op_across across = {p->temp,     p->channels,    (int)s->width, run->height,
                                  translucent, p->across.taps, p->fitted,     (int64_t)p->fitted_pitch};
    TRY(launch(run, STZ_OP_DOWN, &down, e));
    return launch(run, STZ_OP_ACROSS, &across, e);
}

static int feed(const gpu_run *run, void *x, const stz_torch_error *e)
{
    stz_op_input op = {.n = run->n,
                       .width = run->width,
                       .height = run->height,
                       .padded_width = run->padded_width,
                       .padded_height = run->padded_height,
                       .out = stz_gpu_planes(run, x)};
    memcpy(op.scale, run->net->scale, sizeof op.scale);
    memcpy(op.shift, run->net->shift, sizeof op.shift);
    for (int i = 0; i < run->n; i++) {
        op.in[i] = run->part[i].fitted;
        op.pitch[i] = (int64_t)run->part[i].fitted_pitch;
        op.channels[i] = (uint8_t)run->part[i].channels;
    }
    return launch(run, STZ_OP_INPUT, &op, e);
}

/* y NULL: nothing was painted, the content is the result. */
static int deliver(const gpu_run *run, const stz_torch_batch *y, const stz_torch_error *e)
{
    stz_op_output op = {.n = run->n,
                        .width = run->width,
                        .height = run->height,
                        .scale = run->net->out_scale,
                        .bad = (int *)(void *)(run->params + run->bad_at)};
    if (y)
        op.y = (stz_planes){(void *)(uintptr_t)y->y, y->y_strides[0], y->y_strides[1],
                            y->y_strides[2],         y->y_strides[3], y->y_half};
    for (int i = 0; i < run->n; i++) {
        const gpu_part *p = &run->part[i];
        op.content[i] = p->fitted;
        op.content_pitch[i] = (int64_t)p->fitted_pitch;
        op.content_channels[i] = (uint8_t)p->channels;
        op.out[i] = p->out;
        op.out_pitch[i] = (int64_t)p->out_pitch;
        op.out_channels[i] = (uint8_t)p->out_channels;
        op.strength[i] = (uint16_t)(p->item->strength * STZ_MIX_ONE + 0.5f);
        op.preserve[i] = p->item->preserve_color;
    }
    return launch(run, STZ_OP_OUTPUT, &op, e);
}

static stz_torch_batch batch_of(const gpu_run *run)
{
    const stz_gpu_item *first = run->part[0].item;
    return (stz_torch_batch){
        .x = run->x,
        .code = run->net->code_length ? (const float *)(void *)(run->params + run->code_at) : NULL,
        .stats = first->stats ? (const float *)(void *)(run->params + run->stats_at) : NULL,
        .stats_out = first->stats_out ? run->stats_out : NULL,
        .n = run->n,
        .width = run->padded_width,
        .height = run->padded_height,
    };
}

static int run_graph(const gpu_run *run, gpu_bucket *b, const stz_torch_error *e)
{
    const stz_device_table *t = run->gpu->table;
    const size_t size = (size_t)run->n * (size_t)run->net->code_length * sizeof(float);
    TRY(feed(run, b->x->data, e));
    if (b->code) {
        const stz_copy code = {b->code->data, run->params + run->code_at, size, size, size, 1};
        TRY(copy(run, STZ_STREAM_RUN, &code, e));
    }
    TRY(t->replay(run->gpu->device, stream(run, STZ_STREAM_RUN), b->graph, e));
    TRY(deliver(run, &b->batch, e));
    return record(run, b->event, STZ_STREAM_RUN, e);
}

static int run_network(gpu_run *run, int tune, const stz_torch_error *e)
{
    stz_torch_batch batch = batch_of(run);
    gpu_call call = {run->net, &batch, *e};
    batch.tune = tune;
    TRY(feed(run, run->x, e));
    int code = run->gpu->table->run(run->gpu->device, stream(run, STZ_STREAM_RUN), stz_gpu_forward, &call);
    if (code == STZ_TORCH_OK && !batch.stats_out)
        code = deliver(run, &batch, e);
    run->kept = batch.kept;
    return code;
}

static int compute(gpu_run *run, const stz_torch_error *e)
{
    TRY(after(run, STZ_STREAM_RUN, run->slot->in, e));
    for (int i = 0; i < run->n; i++) {
        TRY(follow(run, run->part[i].item->in, e));
        TRY(follow(run, run->part[i].item->out, e));
        if (run->part[i].scaled)
            TRY(scale_part(run, &run->part[i], e));
    }
    const stz_gpu_item *first = run->part[0].item;
    int code, tune = 0;
    gpu_bucket *bucket =
        run->paints && !first->stats && !first->stats_out ? stz_gpu_bucket(run, &tune) : NULL;
    if (!run->paints)
        code = deliver(run, NULL, e);
    else if (bucket)
        code = run_graph(run, bucket, e);
    else
        code = run_network(run, tune, e);
    TRY(code);
    return record(run, run->slot->run, STZ_STREAM_RUN, e);
}

/* ------------------------------------------------------------------ out */

static int copy_out(const gpu_run *run, const stz_torch_error *e)
{
    const size_t stats = (size_t)run->n * (size_t)run->net->stats_length * sizeof(float);
    const size_t flags = (size_t)run->n * sizeof(int);
    TRY(after(run, STZ_STREAM_OUT, run->slot->run, e));
    for (int i = 0; i < run->n; i++) {
        const gpu_part *p = &run->part[i];
        const stylize_image *out = p->item->out;
        if (!p->out_host)
            continue;
        const stz_copy rows = {p->out_stage ? p->out_stage : out->pixels,
                               p->out,
                               p->out_stage ? p->out_pitch : (size_t)out->stride,
                               p->out_pitch,
                               p->out_pitch,
                               (size_t)run->height};
        TRY(copy(run, STZ_STREAM_OUT, &rows, e));
    }
    const stz_copy bad = {run->bad_back, run->params + run->bad_at, flags, flags, flags, 1};
    TRY(copy(run, STZ_STREAM_OUT, &bad, e));
    if (run->part[0].item->stats_out) {
        const stz_copy back = {run->stats_back, run->stats_out, stats, stats, stats, 1};
        TRY(copy(run, STZ_STREAM_OUT, &back, e));
    }
    TRY(record(run, run->slot->out, STZ_STREAM_OUT, e));
    return run->gpu->table->finish(run->gpu->device, run->slot->out, e);
}

static void unstage(const gpu_run *run)
{
    for (int i = 0; i < run->n; i++) {
        const gpu_part *p = &run->part[i];
        const stylize_image *out = p->item->out;
        for (int y = 0; p->out_stage && y < run->height; y++)
            memcpy(out->pixels + y * out->stride, p->out_stage + (size_t)y * p->out_pitch, p->out_pitch);
        if (p->item->stats_out)
            memcpy(p->item->stats_out, run->stats_back + (size_t)i * (size_t)run->net->stats_length,
                   (size_t)run->net->stats_length * sizeof(float));
    }
}

/* Nothing of this run is under way any more. */
static void settle(const gpu_run *run)
{
    void *const events[] = {run->slot->in, run->slot->run, run->slot->out};
    bool recorded[STZ_STREAMS];
    pthread_mutex_lock(&run->gpu->queueing); /* or it would become part of what another run captures */
    for (int i = 0; i < STZ_STREAMS; i++)
        recorded[i] = record(run, events[i], i, NULL) == STZ_TORCH_OK;
    pthread_mutex_unlock(&run->gpu->queueing);
    for (int i = 0; i < STZ_STREAMS; i++)
        if (recorded[i])
            run->gpu->table->finish(run->gpu->device, events[i], NULL);
}

static stylize_status check_values(const gpu_run *run, stylize_error *err)
{
    for (int i = 0; i < run->n; i++) {
        bool bad = run->bad_back[i] != 0;
        for (int k = 0; run->part[i].item->stats_out && k < run->net->stats_length; k++)
            bad |= !isfinite(run->part[i].item->stats_out[k]);
        if (bad)
            return stz_fail(err, STYLIZE_ERR_ENGINE, "cuda:%d: the %s has values that are not finite",
                            run->gpu->index,
                            run->part[i].item->stats_out ? "network's statistic" : "painting");
    }
    return STYLIZE_OK;
}

stylize_status stz_gpu_batch(stz_gpu *gpu, stz_gpu_net *net, gpu_slot *slot, const stz_gpu_item *items, int n,
                             stylize_error *err)
{
    gpu_run run = {.gpu = gpu, .net = net, .slot = slot};
    stylize_status status = stz_gpu_plan(&run, items, n, err);
    if (status != STYLIZE_OK)
        return status;
    gpu_reason why;
    const stz_torch_error *e = stz_gpu_listen(&why);
    stage(&run);
    int code = copy_in(&run, e);
    if (code == STZ_TORCH_OK) {
        pthread_mutex_lock(&gpu->queueing);
        code = compute(&run, e);
        pthread_mutex_unlock(&gpu->queueing);
    }
    if (code == STZ_TORCH_OK)
        code = copy_out(&run, e);
    if (code == STZ_TORCH_OK) {
        unstage(&run);
        status = check_values(&run, err);
    } else {
        settle(&run);
        status = stz_gpu_fail(gpu, code, &why, err);
    }
    net->drop(run.kept);
    stz_gpu_unplan(&run);
    return status;
}
