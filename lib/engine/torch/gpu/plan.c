#include "engine/torch/gpu/plan.h"

#include <string.h>

#include "image/resize.h"

#define ALIGN 256u

/* Counts addresses up from 0 to know the sizes, then from where the memory is. */
typedef struct cursor {
    uintptr_t at;
} cursor;

/* No overflow: a batch has at most 32 pictures of 2^40 pixels of 12 bytes. */
static void *take(cursor *c, size_t size)
{
    void *p = (void *)c->at;
    c->at += (size + ALIGN - 1) / ALIGN * ALIGN;
    return p;
}

static size_t reserve(size_t *at, size_t size)
{
    const size_t here = *at;
    *at += (size + ALIGN - 1) / ALIGN * ALIGN;
    return here;
}

static void reserve_axis(size_t *at, uint32_t in, uint32_t out, bool weights, gpu_axis *axis)
{
    size_t size = 0;
    stz_taps_size(in, out, &size);
    axis->coef_at = reserve(at, size);
    axis->weight_at = weights ? reserve(at, size) : 0;
}

static void reserve_params(gpu_run *run)
{
    size_t at = 0;
    const size_t n = (size_t)run->n;
    run->code_at = reserve(&at, n * (size_t)run->net->code_length * sizeof(float));
    run->stats_at = reserve(&at, n * (size_t)run->net->stats_length * sizeof(float));
    run->bad_at = reserve(&at, n * sizeof(int));
    for (int i = 0; i < run->n; i++) {
        gpu_part *p = &run->part[i];
        const stz_rect *s = &p->item->source;
        if (!p->scaled)
            continue;
        p->translucent_at = reserve(&at, sizeof(int));
        reserve_axis(&at, s->height, (uint32_t)run->height, p->channels == 4, &p->down);
        reserve_axis(&at, s->width, (uint32_t)run->width, p->channels == 4, &p->across);
    }
    run->params_size = at;
}

static void place_part(const gpu_run *run, gpu_part *p, cursor *device, cursor *pinned)
{
    const stylize_image *in = p->item->in, *out = p->item->out;
    const stz_rect *s = &p->item->source;
    const size_t row = s->width * (size_t)p->channels;
    const bool readable = p->in_host && run->gpu->table->where(in->pixels) == -1;
    p->in_pitch = p->in_host ? row : (size_t)in->stride;
    p->in = p->in_host ? take(device, row * s->height)
                       : in->pixels + s->y * (size_t)in->stride + s->x * (size_t)p->channels;
    p->in_stage = p->in_host && !readable ? take(pinned, row * s->height) : NULL;
    p->fitted = p->in;
    p->fitted_pitch = p->in_pitch;
    if (p->scaled) {
        const size_t sample = p->channels == 4 ? sizeof(float) : sizeof(int16_t);
        p->temp = take(device, (size_t)run->height * row * sample);
        p->fitted_pitch = (size_t)run->width * (size_t)p->channels;
        p->fitted = take(device, p->fitted_pitch * (size_t)run->height);
    }
    if (!out || p->item->stats_out)
        return;
    p->out_pitch = p->out_host ? (size_t)run->width * (size_t)p->out_channels : (size_t)out->stride;
    p->out = p->out_host ? take(device, p->out_pitch * (size_t)run->height) : out->pixels;
    p->out_stage = p->out_host && run->gpu->table->where(out->pixels) != -1
                       ? take(pinned, p->out_pitch * (size_t)run->height)
                       : NULL;
}

static void place(gpu_run *run, cursor *device, cursor *pinned)
{
    const size_t n = (size_t)run->n, stats = n * (size_t)run->net->stats_length * sizeof(float);
    const size_t samples = n * 3 * (size_t)run->padded_width * (size_t)run->padded_height;
    run->params = take(device, run->params_size);
    run->params_host = take(pinned, run->params_size);
    run->x = take(device, samples * (run->net->is_half ? 2 : 4));
    run->stats_out = take(device, stats);
    run->stats_back = take(pinned, stats);
    run->bad_back = take(pinned, n * sizeof(int));
    for (int i = 0; i < run->n; i++)
        place_part(run, &run->part[i], device, pinned);
}

static void describe(gpu_run *run, const stz_gpu_item *items)
{
    const int multiple = run->net->multiple;
    const stylize_image *out = items[0].out;
    run->width = out ? (int)out->width : (int)items[0].source.width;
    run->height = out ? (int)out->height : (int)items[0].source.height;
    run->padded_width = stz_round_up(run->width, multiple);
    run->padded_height = stz_round_up(run->height, multiple);
    run->paints = false;
    for (int i = 0; i < run->n; i++) {
        gpu_part *p = &run->part[i];
        *p = (gpu_part){.item = &items[i]};
        p->channels = stz_bytes_per_pixel(items[i].in->format);
        p->out_channels = items[i].out ? stz_bytes_per_pixel(items[i].out->format) : 0;
        p->in_host = items[i].in->memory == STYLIZE_MEMORY_HOST;
        p->out_host = items[i].out && !items[i].stats_out && items[i].out->memory == STYLIZE_MEMORY_HOST;
        p->scaled = (int)items[i].source.width != run->width || (int)items[i].source.height != run->height;
        run->paints |= items[i].stats_out || items[i].strength > 0;
    }
}

/* ------------------------------------------------------------------ parameters */

static const void *on_device(const gpu_run *run, const void *host)
{
    return host ? run->params + ((const uint8_t *)host - run->params_host) : NULL;
}

static void make_axis(gpu_run *run, gpu_axis *axis, uint32_t in, uint32_t out)
{
    stz_taps coef, weight = {0};
    stz_taps_make(&coef, in, out, false, run->params_host + axis->coef_at);
    if (axis->weight_at)
        stz_taps_make(&weight, in, out, true, run->params_host + axis->weight_at);
    axis->taps = (stz_op_taps){
        .first = on_device(run, coef.first),
        .count = on_device(run, coef.count),
        .coef = on_device(run, coef.coef),
        .weight_first = on_device(run, weight.first),
        .weight_count = on_device(run, weight.count),
        .weight = on_device(run, weight.weight),
        .step = coef.step,
        .outputs = out,
    };
}

static void fill_params(gpu_run *run)
{
    float *code = (float *)(void *)(run->params_host + run->code_at);
    float *stats = (float *)(void *)(run->params_host + run->stats_at);
    const size_t code_length = (size_t)run->net->code_length, stats_length = (size_t)run->net->stats_length;
    memset(run->params_host + run->bad_at, 0, (size_t)run->n * sizeof(int));
    for (int i = 0; i < run->n; i++) {
        gpu_part *p = &run->part[i];
        if (code_length && p->item->code)
            memcpy(code + (size_t)i * code_length, p->item->code, code_length * sizeof(float));
        else
            memset(code + (size_t)i * code_length, 0, code_length * sizeof(float));
        if (p->item->stats)
            memcpy(stats + (size_t)i * stats_length, p->item->stats, stats_length * sizeof(float));
        if (!p->scaled)
            continue;
        memset(run->params_host + p->translucent_at, 0, sizeof(int));
        make_axis(run, &p->down, p->item->source.height, (uint32_t)run->height);
        make_axis(run, &p->across, p->item->source.width, (uint32_t)run->width);
    }
}

stylize_status stz_gpu_plan(gpu_run *run, const stz_gpu_item *items, int n, stylize_error *err)
{
    cursor device = {0}, pinned = {0};
    run->n = n;
    describe(run, items);
    reserve_params(run);
    place(run, &device, &pinned);
    const size_t bytes = device.at, host_bytes = pinned.at;
    run->device = stz_pool_get(run->gpu->pool, STZ_MEM_ARENA, bytes);
    if (!run->device)
        return stz_fail(err, STYLIZE_ERR_NOMEM, "cuda:%d: out of memory: %zu bytes for %d picture%s",
                        run->gpu->index, bytes, n, n == 1 ? "" : "s");
    run->pinned = stz_pool_get(run->gpu->pinned, STZ_MEM_ARENA, host_bytes);
    if (!run->pinned) {
        stz_buf_unref(run->device);
        return stz_nomem(err, host_bytes);
    }
    device.at = (uintptr_t)run->device->data;
    pinned.at = (uintptr_t)run->pinned->data;
    place(run, &device, &pinned);
    fill_params(run);
    return STYLIZE_OK;
}

void stz_gpu_unplan(gpu_run *run)
{
    stz_buf_unref(run->pinned);
    stz_buf_unref(run->device);
}

stz_planes stz_gpu_planes(const gpu_run *run, void *data)
{
    const int64_t w = run->padded_width, h = run->padded_height;
    if (run->net->channels_last)
        return (stz_planes){data, h * w * 3, 1, w * 3, 3, run->net->is_half};
    return (stz_planes){data, 3 * h * w, h * w, w, 1, run->net->is_half};
}
