#include "engine/native/back_plan.h"

#include "engine/native/conv_plan.h"
#include "engine/native/tiles.h"

static stylize_status refuse(const stz_layer *l, const char *what, stylize_error *err)
{
    return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "the native engine cannot differentiate operation %d: %s",
                    l->op, what);
}

stz_layer stz_back_layer(const stz_plan *p, int i)
{
    const stz_layer *l = &p->net->layers[i];
    stz_layer b = {.kind = STZ_CONV_SAME,
                   .op = l->op,
                   .in_channels = p->convs[i].columns,
                   .out_channels = l->in_channels,
                   .norm_in = -1,
                   .base = -1,
                   .stored = -1,
                   .unshuffle = 1,
                   .shrink = 1,
                   .pooled = -1,
                   .shuffle = 1,
                   .norm_out = -1,
                   .append = -1,
                   .tap = -1};
    if (l->kind == STZ_CONV_DOWN)
        b.kind = STZ_CONV_SPREAD;
    if (l->kind == STZ_CONV_LAST9) {
        b.kind = STZ_CONV_FIRST9;
        b.in_channels = 3;
        b.x = -1;
    }
    if (l->kind == STZ_CONV_FIRST9) {
        b.kind = STZ_CONV_LAST9;
        b.in_channels = l->out_channels;
        b.out = -1;
    }
    return b;
}

size_t stz_back_offsets(const stz_layers *net, const stz_kernels *k)
{
    size_t vectors = 0;
    for (int i = 0; i < net->count; i++) {
        const stz_layer *l = &net->layers[i];
        vectors +=
            (size_t)(stz_conv_columns(l, k) + stz_round_up(l->in_channels, k->lanes)) / (size_t)k->lanes;
    }
    return vectors;
}

stz_gradient_view stz_back_view(const stz_plan *p, int i)
{
    const stz_back *b = &p->backs[i];
    if (b->settled >= 0)
        return (stz_gradient_view){b->settled, p->layouts[b->settled], 0};
    stz_gradient_view v = {b->gradient, p->layouts[b->gradient], 0};
    v.start = b->border * (v.layout.row + v.layout.block);
    v.layout.height -= 2 * b->border;
    v.layout.width -= 2 * b->border;
    return v;
}

/* The layout of floats without a producer: one plane of whole vectors, rows an odd number of lines apart. */
static stz_layout new_layout(int height, int width, int channels, int block, int planes)
{
    stz_layout l = {.height = height, .width = width, .channels = channels, .block = block};
    l.row = (ptrdiff_t)((((size_t)width * (size_t)block + 15) / 16 | 1) * 16);
    l.plane = l.row * height;
    l.count = (size_t)l.plane * (size_t)planes + 16;
    return l;
}

/* The adjoint convolution's output: the gradient of the layer's input and of the border around it. */
static void plan_gradient(stz_plan *p, int i, ptrdiff_t *offsets)
{
    const stz_layer *l = &p->net->layers[i], own = stz_back_layer(p, i);
    stz_back *b = &p->backs[i];
    stz_conv *c = &b->conv;
    const stz_conv *forward = &p->convs[i];
    b->border = l->kind == STZ_CONV_FIRST9 || l->kind == STZ_CONV_LAST9 ? 4 : 1;
    b->upsample = l->kind == STZ_CONV_UP ? 2 : 1;
    const int height = forward->in.height * b->upsample + 2 * b->border;
    const int width = forward->in.width * b->upsample + 2 * b->border;
    stz_conv_plan(c, &own, p->kernels, height, width, stz_plan_tile_of(i, height, width), stz_plan_group);
    stz_conv_plan_output(c, &own, p->kernels, &p->layouts[b->gradient], offsets);
    if (own.kind == STZ_CONV_LAST9) {
        stz_layout *g = &p->layouts[b->gradient];
        *g = new_layout(height, width, 3, 3, 1);
    }
    c->adjoint = true;
    c->in.height = forward->out_height;
    c->in.width = forward->out_width;
}

/* The gradient moves if it lies on the upsampled grid or in other blocks than x. */
static void plan_settled(stz_plan *p, int i)
{
    const stz_layer *l = &p->net->layers[i];
    stz_back *b = &p->backs[i];
    const stz_layout *in = &p->convs[i].in;
    b->settled = -1;
    if (l->x < 0 || (b->upsample == 1 && p->layouts[b->gradient].block == in->block))
        return;
    b->settled = p->net->tensors + 4 * i + 1;
    p->layouts[b->settled] = *in;
}

/* Offsets of the vectors of a forward product in the gradient of what it wrote. */
static void plan_reading(stz_plan *p, int i, const stz_layout *g, ptrdiff_t *offsets)
{
    const stz_layer *l = &p->net->layers[i];
    stz_conv *c = &p->backs[i].conv;
    const stz_conv *forward = &p->convs[i];
    const int f = l->out < 0 ? 1 : l->shuffle, lanes = p->kernels->lanes, two = 2 * g->block;
    c->g_row = g->row * f;
    c->g_pixel = (ptrdiff_t)g->block * f;
    c->g_offset = offsets;
    c->t_row = forward->out_row;
    c->t_pixel = forward->out_pixel;
    c->t_offset = forward->vector_offset;
    for (int v = 0; v < forward->columns / lanes; v++) {
        const int n = v * lanes;
        offsets[v] = f == 2 ? n / two * g->row + n % two : n / g->block * g->plane + n % g->block;
    }
}

static stz_read choose_read(const stz_plan *p, int i)
{
    const stz_layers *net = p->net;
    const stz_layer *l = &net->layers[i];
    if (p->backs[i].start >= 0)
        return l->out >= 0 && l->relu ? STZ_READ_MASK : STZ_READ_PLAIN;
    const stz_layer *next = l + 1;
    if (next->norm_in >= 0)
        return STZ_READ_NORM;
    if (next->pooled >= 0)
        return STZ_READ_POOL;
    return l->relu || (next->relu_in && next->base < 0) ? STZ_READ_MASK : STZ_READ_PLAIN;
}

/* Where the gradient of the network's result is put, or of a feature map that no layer reads as it is. */
static void plan_start(stz_plan *p, int i)
{
    const stz_layer *l = &p->net->layers[i];
    const stz_conv *c = &p->convs[i];
    p->backs[i].start = -1;
    if (!stz_layers_ends(p->net, i) && !stz_layers_pooled_tap(p->net, i))
        return;
    p->backs[i].start = p->net->tensors + 4 * i + 3;
    stz_layout *g = &p->layouts[p->backs[i].start];
    if (l->out >= 0)
        *g = p->layouts[l->out];
    else if (l->kind == STZ_CONV_LAST9)
        *g = new_layout(c->out_height, c->out_width, 3, 3, 1);
    else
        *g = new_layout(c->out_height, c->out_width, c->columns, c->columns, 1);
}

/* Which later layer adds what layer i stored, or x if that was saved as it was. */
static stylize_status find_join(const stz_plan *p, int i, stylize_error *err)
{
    const stz_layer *l = &p->net->layers[i];
    p->backs[i].joins = -1;
    for (int k = i + 1; k < p->net->count; k++) {
        const stz_layer *other = &p->net->layers[k];
        if (other->base < 0 || (other->base != l->stored && other->base != l->x))
            continue;
        if (other->base == l->x && (l->norm_in >= 0 || l->relu_in))
            return refuse(l, "a value that is saved before a norm or relu", err);
        if (p->convs[k].in.block != p->convs[k].base.block)
            return refuse(other, "a sum of values that lie in other blocks", err);
        p->backs[i].joins = k;
    }
    return STYLIZE_OK;
}

stylize_status stz_back_plan(stz_plan *p, ptrdiff_t *offsets, stylize_error *err)
{
    const stz_layers *net = p->net;
    const int lanes = p->kernels->lanes;
    for (int i = net->count - 1; i >= 0; i--) {
        stz_back *b = &p->backs[i];
        b->gradient = net->tensors + 4 * i;
        plan_start(p, i);
        if (p->convs[i].columns > STZ_ADJOINT_VECTORS * lanes)
            return refuse(&net->layers[i], "too many channels", err);
        const stylize_status status = find_join(p, i, err);
        if (status)
            return status;
        plan_gradient(p, i, offsets);
        offsets += stz_round_up(net->layers[i].in_channels, lanes) / lanes;
        plan_settled(p, i);
        const stz_layout from = b->start >= 0 ? p->layouts[b->start] : stz_back_view(p, i + 1).layout;
        b->conv.read = choose_read(p, i);
        plan_reading(p, i, &from, offsets);
        offsets += p->convs[i].columns / lanes;
        b->expanded = -1;
        if (net->layers[i].kind == STZ_CONV_FIRST9) { /* its adjoint reads rows of plain floats */
            b->expanded = net->tensors + 4 * i + 2;
            const stz_layout *out = &p->layouts[net->layers[i].out];
            p->layouts[b->expanded] = b->conv.in = *out;
        }
    }
    return STYLIZE_OK;
}
