#include "engine/native/plan.h"

#include <stdlib.h>
#include <string.h>

#include "engine/native/conv_plan.h"
#include "engine/native/weight_plan.h"

static size_t round_line(size_t bytes) { return (bytes + 63) / 64 * 64; }

static stz_layout pooled_layout(const stz_layout *of)
{
    stz_layout l = *of;
    const ptrdiff_t planes = (l.channels + l.block - 1) / l.block;
    l.height /= 2;
    l.width /= 2;
    l.row = (ptrdiff_t)((((size_t)l.width * (size_t)l.block + 15) / 16 | 1) * 16);
    l.plane = l.row * l.height;
    l.count = (size_t)(l.plane * planes) + 32;
    return l;
}

/* The means of the picture, as interleaved floats without gaps. */
static stz_layout means_layout(int height, int width, const stz_kernels *k)
{
    stz_layout l = {.height = height, .width = width, .channels = 3, .block = 3};
    l.row = 3 * (ptrdiff_t)width;
    l.plane = l.row * height;
    l.count = ((size_t)l.plane + 32) * sizeof(float) / k->elem_size;
    return l;
}

/* What a layer stores is written in whole vectors, which must not reach into the next pixel: behind a pixel shuffle the
 * pixels are as long as their channels, and may be less than whole vectors. */
static stz_layout stored_layout(const stz_layout *in, const stz_kernels *k)
{
    stz_layout l = *in;
    if (l.block % k->lanes == 0)
        return l;
    const int planes = (l.channels + l.block - 1) / l.block;
    l.block = stz_round_up(l.block, k->lanes);
    stz_layout_rows(&l, k, planes);
    return l;
}

/* Returns the first of the offsets that are left. */
static ptrdiff_t *plan_convs(stz_plan *p)
{
    const stz_layers *net = p->net;
    ptrdiff_t *offsets = p->offsets;
    for (int i = 0; i < net->count; i++) {
        const stz_layer *l = &net->layers[i];
        stz_conv *c = &p->convs[i];
        int height = p->height / (l->unshuffle * l->shrink), width = p->width / (l->unshuffle * l->shrink);
        const int x = l->pooled >= 0 ? l->pooled : l->x;
        if (l->pooled >= 0)
            p->layouts[x] =
                l->x < 0 ? means_layout(height, width, p->kernels) : pooled_layout(&p->layouts[l->x]);
        if (x >= 0) {
            height = p->layouts[x].height;
            width = p->layouts[x].width;
        }
        stz_conv_plan(c, l, p->kernels, height, width, stz_plan_tile_of(i, height, width), stz_plan_group);
        if (l->x >= 0)
            c->in = p->layouts[x];
        if (l->base >= 0)
            c->base = p->layouts[l->base];
        if (l->stored >= 0)
            c->stored = p->layouts[l->stored] = stored_layout(&c->in, p->kernels);
        stz_conv_plan_output(c, l, p->kernels, l->out >= 0 ? &p->layouts[l->out] : NULL, offsets);
        offsets += c->columns / p->kernels->lanes;
    }
    return offsets;
}

typedef struct life {
    int tensor, first, last; /* steps, inclusive: layer i is step i, on the way back 2 * layers - 1 - i */
    size_t size;             /* 0: no such tensor */
} life;

static int by_size(const void *a, const void *b)
{
    const life *x = a, *y = b;
    if (x->size != y->size)
        return x->size < y->size ? 1 : -1;
    return x->tensor - y->tensor;
}

/* Staggered by lines, so that tensors do not fall on the same cache sets. */
static size_t size_of(const stz_plan *p, int tensor)
{
    return round_line(p->layouts[tensor].count * p->kernels->elem_size) + 64 * 5;
}

static void find_lives(const stz_plan *p, life *lives)
{
    const stz_layers *net = p->net;
    for (int i = 0; i < net->count; i++) {
        const stz_layer *l = &net->layers[i];
        const int made[] = {l->pooled, l->out, l->stored}, used[] = {l->x, l->base};
        for (int k = 0; k < 3; k++)
            if (made[k] >= 0)
                lives[made[k]] = (life){made[k], i, i, size_of(p, made[k])};
        for (int k = 0; k < 2; k++)
            if (used[k] >= 0)
                lives[used[k]].last = i;
    }
}

/* What was written forward stays until its layer has been passed on the way back. A gradient lives until the
 * layer before has read it, that of a sum until it has joined that of the stored copy. */
static void find_lives_back(const stz_plan *p, life *lives)
{
    const stz_layers *net = p->net;
    const int end = 2 * net->count - 1;
    for (int i = 0; i < net->count; i++) {
        const stz_layer *l = &net->layers[i];
        const stz_back *b = &p->backs[i];
        const int kept[] = {l->out, l->stored, l->pooled};
        for (int k = 0; k < 3; k++)
            if (kept[k] >= 0)
                lives[kept[k]].last = end - i;
        const int step = end - i, read = stz_min(step + 1, end);
        lives[b->gradient] = (life){b->gradient, step, read, size_of(p, b->gradient)};
        if (b->settled >= 0)
            lives[b->settled] = (life){b->settled, step, read, size_of(p, b->settled)};
        if (b->expanded >= 0)
            lives[b->expanded] = (life){b->expanded, step, step, size_of(p, b->expanded)};
        if (b->start >= 0)
            lives[b->start] = (life){b->start, step, step, size_of(p, b->start)};
    }
    for (int i = 0; i < net->count; i++)
        if (p->backs[i].joins >= 0)
            lives[stz_back_view(p, p->backs[i].joins).tensor].last = end - i;
}

/* The largest tensor first, each at the lowest place that is free while it lives. Returns the bytes. */
static size_t place_tensors(stz_plan *p, life *lives, int n)
{
    size_t end = 0;
    qsort(lives, (size_t)n, sizeof *lives, by_size);
    for (int i = 0; i < n && lives[i].size; i++) {
        size_t at = 0;
        for (int k = 0; k < i;) { /* moves up past every tensor in the way, then looks again */
            const size_t o = p->tensor_at[lives[k].tensor];
            const bool meets = lives[k].first <= lives[i].last && lives[i].first <= lives[k].last;
            if (meets && at < o + lives[k].size && o < at + lives[i].size) {
                at = o + lives[k].size;
                k = 0;
            } else {
                k++;
            }
        }
        p->tensor_at[lives[i].tensor] = at;
        end = at + lives[i].size > end ? at + lives[i].size : end;
    }
    return end;
}

static size_t take(size_t *at, size_t bytes)
{
    const size_t here = *at;
    *at = round_line(here + bytes);
    return here;
}

static void place_back(stz_plan *p, size_t *at)
{
    size_t records = 0;
    for (int i = 0; i < p->net->count; i++) {
        const stz_layer *l = &p->net->layers[i];
        const stz_layout *in = &p->convs[i].in;
        if (l->norm_in >= 0) {
            const size_t size =
                (size_t)stz_back_items(in->height) * 2 * (size_t)stz_back_floats(in, p->kernels);
            records = size > records ? size : records;
        }
        p->factors = stz_max(p->factors, p->convs[i].columns);
        if (l->x >= 0)
            p->factors = stz_max(p->factors, stz_back_floats(in, p->kernels));
    }
    p->factors = stz_round_up(p->factors + p->kernels->lanes, 16);
    p->back_at = take(at, 8 * sizeof(float) * (size_t)p->factors);
    p->sums_at = take(at, records * sizeof(float));
    p->stats_at = take(at, 2 * sizeof(float) * (size_t)(p->net->graph->norm_channels + 1));
}

static void place_rest(stz_plan *p, size_t at)
{
    const stz_layers *net = p->net;
    size_t records = 0;
    int channels = 1;
    for (int i = 0; i < net->count; i++) {
        const stz_layer *l = &net->layers[i];
        const stz_conv *c = &p->convs[i];
        channels = stz_max(channels, stz_max(l->in_channels, l->out_channels));
        if (l->norm_out < 0 && l->append < 0)
            continue;
        const size_t size = (size_t)c->items * (size_t)c->phases * stz_record_size(c->columns);
        records = size > records ? size : records;
        if (l->norm_out >= 0)
            p->norm_at[net->graph->ops[l->norm_out].norm] =
                take(&at, 2 * sizeof(float) * (size_t)stz_plan_padded(p->kernels, l->out_channels));
    }
    p->ones = stz_plan_padded(p->kernels, channels);
    p->ones_at = take(&at, 2 * sizeof(float) * (size_t)p->ones);
    p->records_at = take(&at, records * sizeof(float));
    p->moments_at = take(&at, 3 * sizeof(double) * (size_t)channels);
    p->vector_at = take(&at, sizeof(float) * (size_t)stz_max(net->vector_length, 2 * channels));
    if (p->backs)
        place_back(p, &at);
    p->arena = at;
}

static int tensor_count(const stz_plan *p)
{
    return p->net->tensors + (p->gradient ? stz_back_tensors(p->net) : 0);
}

static bool allocate(stz_plan *p, life **lives)
{
    const stz_layers *net = p->net;
    size_t vectors = 0;
    for (int i = 0; i < net->count; i++)
        vectors += (size_t)(stz_conv_columns(&net->layers[i], p->kernels) / p->kernels->lanes);
    const size_t tensors = (size_t)tensor_count(p) + 1;
    if (p->gradient)
        vectors += stz_back_offsets(net, p->kernels);
    p->backs = p->gradient ? calloc((size_t)net->count, sizeof *p->backs) : NULL;
    p->convs = calloc((size_t)net->count, sizeof *p->convs);
    p->layouts = calloc(tensors, sizeof *p->layouts);
    p->tensor_at = calloc(tensors, sizeof *p->tensor_at);
    p->offsets = calloc(vectors, sizeof *p->offsets);
    p->norm_at = calloc((size_t)net->graph->norms + 1, sizeof *p->norm_at);
    *lives = calloc(tensors, sizeof **lives);
    return (p->backs || !p->gradient) && p->convs && p->layouts && p->tensor_at && p->offsets && p->norm_at &&
           *lives;
}

static void find_scratch(stz_plan *p)
{
    size_t floats = 0;
    for (int i = 0; i < p->net->count; i++) {
        floats = p->convs[i].scratch > floats ? p->convs[i].scratch : floats;
        if (p->backs && p->backs[i].conv.scratch > floats)
            floats = p->backs[i].conv.scratch;
    }
    if (p->gradient) {
        const size_t own = stz_back_weight_scratch(p);
        floats = own > floats ? own : floats;
    }
    p->scratch = floats * sizeof(float);
}

stylize_status stz_plan_create(const stz_layers *net, const stz_kernels *kernels, int width, int height,
                               bool gradient, stz_plan **out, stylize_error *err)
{
    stz_plan *p = calloc(1, sizeof *p);
    if (!p)
        return stz_nomem(err, sizeof *p);
    p->net = net;
    p->kernels = kernels;
    p->width = width;
    p->height = height;
    p->gradient = gradient;
    life *lives = NULL;
    if (!allocate(p, &lives)) {
        free(lives);
        stz_plan_destroy(p);
        return stz_nomem(err, sizeof *p->convs * (uint64_t)net->count);
    }
    ptrdiff_t *const more_offsets = plan_convs(p);
    stylize_status status = gradient ? stz_back_plan(p, more_offsets, err) : STYLIZE_OK;
    if (status) {
        free(lives);
        stz_plan_destroy(p);
        return status;
    }
    find_lives(p, lives);
    if (gradient)
        find_lives_back(p, lives);
    place_rest(p, place_tensors(p, lives, tensor_count(p)));
    find_scratch(p);
    free(lives);
    *out = p;
    return STYLIZE_OK;
}

void stz_plan_destroy(stz_plan *p)
{
    if (!p)
        return;
    free(p->backs);
    free(p->convs);
    free(p->layouts);
    free(p->tensor_at);
    free(p->offsets);
    free(p->norm_at);
    free(p);
}
