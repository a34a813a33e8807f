#include "engine/native/net.h"

#include "engine/native/conv_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/os.h"

static int weight_kind(const stz_conv *c) { return c->kind == STZ_CONV_SAME && c->m == 6; }

const stz_layer_weights *stz_part_weights(const stz_part *part, const stz_plan *plan, int layer)
{
    return &part->weights[layer][weight_kind(&plan->convs[layer])];
}

const stz_layer_weights *stz_part_back_weights(const stz_part *part, const stz_plan *plan, int layer)
{
    return &part->weights[layer][2 + weight_kind(&plan->backs[layer].conv)];
}

/* ----------------------------------------------------------------- weights */

static void transform_layer(const stz_part *part, const stz_plan *plan, int i, float *weights, float *bias,
                            int *columns, int *channels)
{
    const stz_layer *l = &part->layers.layers[i];
    const stz_conv *c = &plan->convs[i];
    const stz_op *op = &part->graph.ops[l->op];
    const bool scaled = l->out < 0;
    stz_plan_columns(l, c, plan->kernels, columns);
    stz_plan_channels(l, channels);
    const stz_weight_job job = {.conv = c,
                                .source = op->weight,
                                .out_channels = l->out_channels,
                                .in_channels = l->in_channels,
                                .kernel = op->kernel,
                                .column_of = columns,
                                .channel_of = channels,
                                .out = weights};
    part->kernels->weights(&job);
    for (int n = 0; n < c->columns; n++)
        if (columns[n] >= 0)
            bias[n] = op->bias ? op->bias[columns[n]] : 0;
    if (!scaled)
        return;
    /* The factor and offset at the end of the network become part of its last convolution. */
    const stz_layers *net = &part->layers;
    if (net->out_mul != 1)
        for (size_t k = 0; k < c->weight_count; k++)
            weights[k] *= net->out_mul;
    for (int n = 0; n < c->columns; n++)
        if (columns[n] >= 0)
            bias[n] = bias[n] * net->out_mul + net->out_add;
}

/* The weights of an adjoint convolution are those of its layer, turned around and with inputs and outputs
 * changed. Its channels are the columns of the layer's product. memory: room for them. */
static void transform_back(const stz_part *part, const stz_plan *plan, int i, float *weights, float *memory,
                           int *columns, int *channels)
{
    const stz_layer own = stz_back_layer(plan, i);
    const stz_conv *c = &plan->backs[i].conv;
    const stz_op *op = &part->graph.ops[own.op];
    const int taps = op->kernel * op->kernel;
    if (own.kind == STZ_CONV_SAME || own.kind == STZ_CONV_SPREAD)
        stz_plan_columns(&part->layers.layers[i], &plan->convs[i], plan->kernels, columns);
    for (int n = 0; n < own.in_channels; n++) {
        const int from = own.kind == STZ_CONV_SAME || own.kind == STZ_CONV_SPREAD ? columns[n] : n;
        for (int o = 0; o < op->in; o++)
            for (int t = 0; t < taps; t++)
                memory[((ptrdiff_t)o * own.in_channels + n) * taps + t] =
                    from < 0 ? 0 : op->weight[((ptrdiff_t)from * op->in + o) * taps + taps - 1 - t];
        channels[n] = n;
    }
    for (int n = 0; n < c->columns; n++)
        columns[n] = n < op->in ? n : -1;
    part->kernels->weights(&(stz_weight_job){.conv = c,
                                             .source = memory,
                                             .out_channels = op->in,
                                             .in_channels = own.in_channels,
                                             .kernel = op->kernel,
                                             .column_of = columns,
                                             .channel_of = channels,
                                             .out = weights});
}

/* What the weights of the plan that are not there yet take. */
typedef struct wanted {
    size_t floats, turned; /* turned: the longest source of an adjoint */
    int widest;
} wanted;

static size_t floats_of(const stz_conv *c) { return (c->weight_count + (size_t)c->columns + 31) / 16 * 16; }

static wanted count_weights(const stz_part *part, const stz_plan *plan)
{
    wanted w = {0};
    for (int i = 0; i < part->layers.count; i++) {
        const stz_op *op = &part->graph.ops[part->layers.layers[i].op];
        const stz_conv *c = &plan->convs[i];
        w.widest = stz_max(w.widest, stz_max(c->columns, c->in_channels));
        if (!stz_part_weights(part, plan, i)->weights)
            w.floats += floats_of(c);
        if (!plan->backs)
            continue;
        const stz_conv *back = &plan->backs[i].conv;
        const size_t turned =
            (size_t)(op->in * op->kernel * op->kernel) * (size_t)stz_max(c->columns, op->out);
        w.widest = stz_max(w.widest, stz_max(back->columns, back->in_channels));
        w.turned = turned > w.turned ? turned : w.turned;
        if (!stz_part_back_weights(part, plan, i)->weights)
            w.floats += floats_of(back);
    }
    return w;
}

/* The next place in a chunk. A stride-2 convolution has gaps between its parts. */
static void place_weights(stz_layer_weights *w, const stz_conv *c, float **at)
{
    const size_t count = (c->weight_count + 15) / 16 * 16;
    *w = (stz_layer_weights){*at, *at + count};
    if (c->kind == STZ_CONV_DOWN)
        memset(*at, 0, count * sizeof **at);
    memset(*at + count, 0, (size_t)c->columns * sizeof **at);
    *at += floats_of(c);
}

/* What transforming one layer after the other needs; in one block that begins at `columns`. */
typedef struct workspace {
    int *columns, *channels;
    float *turned;
} workspace;

static bool workspace_open(workspace *w, const wanted *want)
{
    w->columns = malloc(sizeof *w->columns * 2 * (size_t)want->widest + sizeof(float) * want->turned);
    if (!w->columns)
        return false;
    w->channels = w->columns + want->widest;
    w->turned = (float *)(void *)(w->channels + want->widest);
    return true;
}

/* Caller holds the lock. Room for the weights that the plan needs and that are not there yet. */
static stylize_status add_chunk(stz_part *part, size_t floats, float **out, stylize_error *err)
{
    /* The kernels ask for weights up to two panels past the end; that reads nothing, but stays in here. */
    const size_t bytes = (floats * sizeof(float) + STZ_OS_HUGE - 1) / STZ_OS_HUGE * STZ_OS_HUGE;
    void **chunks = realloc(part->chunks, sizeof *chunks * (size_t)(part->chunk_count + 1));
    if (!chunks)
        return stz_nomem(err, sizeof *chunks);
    part->chunks = chunks;
    void *memory = stz_os_alloc(STZ_OS_HUGE, bytes);
    if (!memory)
        return stz_nomem(err, bytes);
    chunks[part->chunk_count++] = memory;
    *out = memory;
    return STYLIZE_OK;
}

/* Caller holds the lock. Makes the weights that the plan needs and that are not there yet; with `again` also those that
 * are there. */
static stylize_status make_weights(stz_part *part, const stz_plan *plan, bool again, stylize_error *err)
{
    const wanted want = count_weights(part, plan);
    workspace w;
    float *at = NULL;
    if (want.floats == 0 && !again)
        return STYLIZE_OK;
    if (!workspace_open(&w, &want))
        return stz_nomem(err, sizeof(float) * want.turned);
    if (want.floats) {
        const stylize_status status = add_chunk(part, want.floats, &at, err);
        if (status) {
            free(w.columns);
            return status;
        }
    }
    for (int i = 0; i < part->layers.count; i++) {
        stz_layer_weights *own = &part->weights[i][weight_kind(&plan->convs[i])];
        const bool there = own->weights,
                   back_there = plan->backs && stz_part_back_weights(part, plan, i)->weights;
        if (!there)
            place_weights(own, &plan->convs[i], &at);
        if (!there || again)
            transform_layer(part, plan, i, own->weights, own->bias, w.columns, w.channels);
        if (!plan->backs)
            continue;
        own = &part->weights[i][2 + weight_kind(&plan->backs[i].conv)];
        if (!back_there)
            place_weights(own, &plan->backs[i].conv, &at);
        if (!back_there || again)
            transform_back(part, plan, i, own->weights, w.turned, w.columns, w.channels);
    }
    free(w.columns);
    return STYLIZE_OK;
}

stylize_status stz_part_renew(stz_part *part, const stz_plan *plan, stylize_error *err)
{
    pthread_mutex_lock(&part->lock);
    const stylize_status status = make_weights(part, plan, true, err);
    pthread_mutex_unlock(&part->lock);
    return status;
}

/* ------------------------------------------------------------------- plans */

/* Caller holds the lock. A place for a new plan: free, or the one not used for longest; NULL: all in use. */
static struct stz_part_plan *find_place(stz_part *part)
{
    struct stz_part_plan *best = NULL;
    for (int i = 0; i < STZ_PLANS; i++) {
        struct stz_part_plan *p = &part->plans[i];
        if (!p->plan)
            return p;
        if (!p->users && (!best || p->used < best->used))
            best = p;
    }
    return best;
}

/* Caller holds the lock. */
static stylize_status plan_get(stz_part *part, int width, int height, bool gradient, stz_plan **out,
                               stylize_error *err)
{
    for (int i = 0; i < STZ_PLANS; i++) {
        struct stz_part_plan *p = &part->plans[i];
        if (!p->plan || p->plan->width != width || p->plan->height != height || p->plan->gradient != gradient)
            continue;
        p->users++;
        p->used = ++part->clock;
        *out = p->plan;
        return STYLIZE_OK;
    }
    stz_plan *plan;
    stylize_status status =
        stz_plan_create(&part->layers, part->kernels, width, height, gradient, &plan, err);
    if (status)
        return status;
    status = make_weights(part, plan, false, err);
    if (status) {
        stz_plan_destroy(plan);
        return status;
    }
    struct stz_part_plan *place = find_place(part);
    if (place) {
        stz_plan_destroy(place->plan);
        *place = (struct stz_part_plan){plan, 1, ++part->clock};
    }
    *out = plan;
    return STYLIZE_OK;
}

stylize_status stz_part_plan_get(stz_part *part, int width, int height, bool gradient, stz_plan **out,
                                 stylize_error *err)
{
    pthread_mutex_lock(&part->lock);
    stylize_status status = plan_get(part, width, height, gradient, out, err);
    pthread_mutex_unlock(&part->lock);
    return status;
}

void stz_part_plan_put(stz_part *part, stz_plan *plan)
{
    bool kept = false;
    pthread_mutex_lock(&part->lock);
    for (int i = 0; i < STZ_PLANS; i++)
        if (part->plans[i].plan == plan) {
            part->plans[i].users--;
            kept = true;
        }
    pthread_mutex_unlock(&part->lock);
    if (!kept)
        stz_plan_destroy(plan);
}

size_t stz_part_memory(stz_part *part, int width, int height, bool gradient)
{
    size_t bytes = 0;
    stz_plan *plan;
    pthread_mutex_lock(&part->lock);
    for (int i = 0; i < STZ_PLANS && !bytes; i++) {
        plan = part->plans[i].plan;
        if (plan && plan->width == width && plan->height == height && plan->gradient == gradient)
            bytes = plan->arena + plan->scratch;
    }
    pthread_mutex_unlock(&part->lock);
    if (!bytes && !stz_plan_create(&part->layers, part->kernels, width, height, gradient, &plan, NULL)) {
        bytes = plan->arena + plan->scratch;
        stz_plan_destroy(plan);
    }
    return bytes;
}

/* ----------------------------------------------------------------- loading */

stylize_status stz_part_init(stz_part *part, const stz_kernels *kernels, stylize_error *err)
{
    stylize_status status = stz_layers_build(&part->graph, &part->layers, err);
    if (status)
        return status;
    part->weights = calloc((size_t)part->layers.count + 1, sizeof *part->weights);
    if (!part->weights) {
        status = stz_nomem(err, sizeof *part->weights * (uint64_t)part->layers.count);
        goto fail_layers;
    }
    if (pthread_mutex_init(&part->lock, NULL)) {
        status = stz_nomem(err, sizeof part->lock);
        goto fail_weights;
    }
    part->kernels = kernels;
    return STYLIZE_OK;

fail_weights:
    free(part->weights);
fail_layers:
    stz_layers_free(&part->layers);
    return status;
}

void stz_part_free(stz_part *part)
{
    for (int i = 0; i < STZ_PLANS; i++)
        stz_plan_destroy(part->plans[i].plan);
    for (int i = 0; i < part->chunk_count; i++)
        stz_os_free(part->chunks[i]);
    free(part->chunks);
    free(part->weights);
    pthread_mutex_destroy(&part->lock);
    stz_layers_free(&part->layers);
}
