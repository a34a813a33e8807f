#include "engine/native/layers.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* The value after the operations so far, as the next convolution would read it.
 */
typedef struct fuser {
    const stz_graph *graph;
    stz_layers *net;
    stylize_error *err;
    int op;
    stz_layer *last; /* the layer that wrote x; NULL: x is the picture */
    int x, norm, base;
    bool relu;
    int unshuffle, shrink;
    bool upsampled, pooled;
    int saved;        /* tensor, -1: none */
    bool save_wanted; /* `save` was there, the value is yet to be written by the
                       next layer */
    bool finishing;   /* operations on the final picture have begun */
    bool linear;
} fuser;

static const char *op_name(stz_op_kind kind)
{
    static const char *const names[] = {"conv",
                                        "norm",
                                        "relu",
                                        "sigmoid",
                                        "clamp",
                                        "save",
                                        "add_saved",
                                        "upsample",
                                        "pixel_shuffle",
                                        "pixel_unshuffle",
                                        "sub",
                                        "mul",
                                        "append_mean_std",
                                        "linear",
                                        "correct",
                                        "mean_pool",
                                        "tap",
                                        "picture"};
    return (size_t)kind < STZ_LEN(names) ? names[kind] : "?";
}

STZ_PRINTF(2, 3)
static stylize_status unsupported(const fuser *f, const char *format, ...)
{
    char text[160];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return stz_fail(f->err, STYLIZE_ERR_MODEL, "the native engine cannot run operation %d (%s): %s", f->op,
                    op_name(f->graph->ops[f->op].kind), text);
}

/* x is just as the last layer wrote it. */
static bool is_plain(const fuser *f)
{
    return f->last && f->norm < 0 && f->base < 0 && !f->relu && !f->upsampled && !f->pooled;
}

static stylize_status choose_kind(const fuser *f, const stz_op *op, stz_conv_kind *kind)
{
    if (op->kernel == 3) {
        if (f->upsampled && op->stride != 1)
            return unsupported(f, "stride 2 right after an upsampling");
        *kind = f->upsampled ? STZ_CONV_UP : op->stride == 2 ? STZ_CONV_DOWN : STZ_CONV_SAME;
        return STYLIZE_OK;
    }
    if (op->kernel == 9 && op->stride == 1 && !f->upsampled) {
        if (!f->last && f->unshuffle == 1) {
            *kind = STZ_CONV_FIRST9;
            return STYLIZE_OK;
        }
        if (f->last && op->out == 3 && f->base < 0 && !f->save_wanted) {
            *kind = STZ_CONV_LAST9;
            return STYLIZE_OK;
        }
    }
    return unsupported(f,
                       "kernel %d, stride %d, %d to %d channels; it has 3x3, and "
                       "9x9 as the first (3 to any) "
                       "and the last (any to 3)",
                       op->kernel, op->stride, op->in, op->out);
}

static stylize_status add_conv(fuser *f, const stz_op *op)
{
    stz_conv_kind kind = STZ_CONV_SAME;
    stylize_status status = choose_kind(f, op, &kind);
    if (status)
        return status;
    if (f->save_wanted && kind == STZ_CONV_DOWN)
        return unsupported(f, "a residual block that begins with stride 2");
    stz_layer *l = &f->net->layers[f->net->count++];
    *l = (stz_layer){.kind = kind,
                     .op = f->op,
                     .in_channels = op->in,
                     .out_channels = op->out,
                     .x = f->x,
                     .norm_in = f->norm,
                     .relu_in = f->relu,
                     .base = f->base,
                     .stored = -1,
                     .unshuffle = f->unshuffle,
                     .shrink = f->shrink,
                     .pooled = -1,
                     .shuffle = 1,
                     .norm_out = -1,
                     .append = -1,
                     .tap = -1};
    if (f->pooled || f->shrink > 1)
        l->pooled = f->net->tensors++;
    if (f->save_wanted)
        f->saved = l->stored = f->net->tensors++;
    l->out = f->net->tensors++;
    f->last = l;
    f->x = l->out;
    f->norm = f->base = -1;
    f->relu = f->upsampled = f->pooled = f->save_wanted = false;
    f->unshuffle = f->shrink = 1;
    return STYLIZE_OK;
}

static stylize_status add_norm(fuser *f)
{
    if (!is_plain(f) || f->last->append >= 0)
        return unsupported(f, "it must follow a convolution, with at most a pixel "
                              "shuffle or relu between");
    f->norm = f->last->norm_out = f->op;
    f->net->stat_layers = f->net->count;
    return STYLIZE_OK;
}

static stylize_status add_relu(fuser *f)
{
    if (f->linear)
        return STYLIZE_OK; /* on the code vector */
    if (!f->last || f->upsampled || f->pooled)
        return unsupported(f, "it must follow a convolution, norm or sum");
    if (is_plain(f) && f->saved != f->x && f->last->append < 0 && f->last->tap < 0)
        f->last->relu = true;
    else
        f->relu = true;
    return STYLIZE_OK;
}

static stylize_status add_save(fuser *f)
{
    if (!f->last || f->upsampled || f->pooled)
        return unsupported(f, "it must follow a convolution, norm or sum");
    if (is_plain(f))
        f->saved = f->x;
    else
        f->save_wanted = true;
    return STYLIZE_OK;
}

static stylize_status add_saved(fuser *f)
{
    if (f->save_wanted || f->saved < 0 || f->base >= 0 || f->relu || f->upsampled)
        return unsupported(f, "it must follow a convolution, with at most a norm between");
    f->base = f->saved;
    f->saved = -1;
    return STYLIZE_OK;
}

static stylize_status add_shuffle(fuser *f)
{
    if (!is_plain(f) || f->saved == f->x || f->last->append >= 0 || f->last->shuffle != 1 ||
        f->last->kind == STZ_CONV_UP)
        return unsupported(f, "it must follow a convolution without upsampling");
    f->last->shuffle = 2;
    return STYLIZE_OK;
}

/* sub, mul, clamp and sigmoid: on the picture at the beginning, on the result
 * at the end. */
static stylize_status add_pointwise(fuser *f, const stz_op *op)
{
    stz_layers *n = f->net;
    if (!f->last) {
        if (op->kind != STZ_OP_SUB && op->kind != STZ_OP_MUL)
            return unsupported(f, "only sub and mul can stand before the first convolution");
        const float mul = op->kind == STZ_OP_MUL ? op->value : 1,
                    sub = op->kind == STZ_OP_SUB ? op->value : 0;
        n->in_mul *= mul;
        n->in_add = n->in_add * mul - sub;
        return STYLIZE_OK;
    }
    if (!is_plain(f) || f->last->relu)
        return unsupported(f, "it must follow the last convolution, with at most a "
                              "pixel shuffle between");
    f->finishing = true;
    if (op->kind == STZ_OP_CLAMP) {
        n->out_low = fminf(fmaxf(n->out_low, op->value), op->high);
        n->out_high = fminf(fmaxf(n->out_high, op->value), op->high);
        return STYLIZE_OK;
    }
    if (n->sigmoid || (op->kind == STZ_OP_SIGMOID && (n->out_low > -INFINITY || n->out_high < INFINITY)))
        return unsupported(f, "after a sigmoid or before it only a clamp that follows is possible");
    if (op->kind == STZ_OP_SIGMOID) {
        n->sigmoid = true;
        return STYLIZE_OK;
    }
    if (op->kind == STZ_OP_MUL && !(op->value > 0))
        return unsupported(f, "a factor of %g, it must be positive here", (double)op->value);
    const float mul = op->kind == STZ_OP_MUL ? op->value : 1, sub = op->kind == STZ_OP_SUB ? op->value : 0;
    n->out_mul *= mul;
    n->out_add = n->out_add * mul - sub;
    n->out_low = n->out_low * mul - sub;
    n->out_high = n->out_high * mul - sub;
    return STYLIZE_OK;
}

static stylize_status add_append(fuser *f)
{
    if (!is_plain(f) || f->last->append >= 0)
        return unsupported(f, "it must follow a convolution, with at most a relu between");
    const int factor = f->last->shuffle * f->last->shuffle;
    f->last->append = f->net->vector_length;
    f->net->vector_length += 2 * (f->last->out_channels / factor);
    return STYLIZE_OK;
}

/* Both look at what a convolution and a relu have written: the gradient is zero where that is. */
static stylize_status add_look(fuser *f, stz_op_kind kind)
{
    if (!is_plain(f) || !f->last->relu || f->last->shuffle != 1 || (kind == STZ_OP_TAP && f->last->tap >= 0))
        return unsupported(f, "it must follow a convolution and a relu");
    if (kind == STZ_OP_TAP)
        f->last->tap = f->net->taps++;
    else
        f->pooled = true;
    return STYLIZE_OK;
}

static stylize_status add_picture(fuser *f, const stz_op *op)
{
    if (!is_plain(f) || f->last->tap < 0)
        return unsupported(f, "it must follow a tap");
    f->last = NULL;
    f->x = -1;
    f->shrink = op->factor;
    return STYLIZE_OK;
}

static stylize_status add_op(fuser *f, const stz_op *op)
{
    const bool pointwise = op->kind == STZ_OP_SUB || op->kind == STZ_OP_MUL || op->kind == STZ_OP_CLAMP ||
                           op->kind == STZ_OP_SIGMOID;
    if (f->finishing && !pointwise)
        return unsupported(f, "nothing but sub, mul, clamp and sigmoid can follow those");
    switch (op->kind) {
    case STZ_OP_CONV:
        return add_conv(f, op);
    case STZ_OP_NORM:
        return add_norm(f);
    case STZ_OP_RELU:
        return add_relu(f);
    case STZ_OP_SAVE:
        return add_save(f);
    case STZ_OP_ADD_SAVED:
        return add_saved(f);
    case STZ_OP_UPSAMPLE:
        if (!f->last || f->upsampled || f->pooled || op->factor != 2)
            return unsupported(f, "one factor 2 between two convolutions is possible");
        f->upsampled = true;
        return STYLIZE_OK;
    case STZ_OP_PIXEL_SHUFFLE:
        return add_shuffle(f);
    case STZ_OP_PIXEL_UNSHUFFLE:
        if (f->last || f->unshuffle != 1 || op->factor != 2)
            return unsupported(f, "one factor 2 before the first convolution is possible");
        f->unshuffle = 2;
        return STYLIZE_OK;
    case STZ_OP_SUB:
    case STZ_OP_MUL:
    case STZ_OP_CLAMP:
    case STZ_OP_SIGMOID:
        return add_pointwise(f, op);
    case STZ_OP_APPEND_MEAN_STD:
        return add_append(f);
    case STZ_OP_LINEAR:
        if (!f->linear)
            f->net->first_linear = f->op;
        f->linear = true;
        return STYLIZE_OK;
    case STZ_OP_CORRECT:
        return STYLIZE_OK; /* on the code */
    case STZ_OP_MEAN_POOL:
    case STZ_OP_TAP:
        return add_look(f, op->kind);
    case STZ_OP_PICTURE:
        return add_picture(f, op);
    }
    return unsupported(f, "not known");
}

/* The last layer of a generator writes the picture. */
static stylize_status end_picture(fuser *f)
{
    stz_layer *l = f->last;
    f->op = f->graph->count - 1;
    if (!l || !is_plain(f) || l->relu || l->norm_out >= 0)
        return unsupported(f, "the last convolution may be followed by pixel "
                              "shuffle, sub, mul, clamp, sigmoid only");
    if (l->kind == STZ_CONV_DOWN || l->kind == STZ_CONV_UP || l->kind == STZ_CONV_FIRST9 ||
        l->out_channels != 3 * l->shuffle * l->shuffle)
        return unsupported(f, "the last convolution must have stride 1, no "
                              "upsampling, and lead to 3 channels");
    l->out = -1;
    f->net->tensors--; /* it was the newest: nothing comes after it */
    return STYLIZE_OK;
}

stylize_status stz_layers_build(const stz_graph *graph, stz_layers *out, stylize_error *err)
{
    *out = (stz_layers){.graph = graph,
                        .in_mul = 1,
                        .out_mul = 1,
                        .out_low = -INFINITY,
                        .out_high = INFINITY,
                        .first_linear = -1};
    out->layers = calloc((size_t)graph->count, sizeof *out->layers);
    if (!out->layers)
        return stz_nomem(err, (uint64_t)graph->count * sizeof *out->layers);
    fuser f = {.graph = graph,
               .net = out,
               .err = err,
               .x = -1,
               .norm = -1,
               .base = -1,
               .saved = -1,
               .unshuffle = 1,
               .shrink = 1};
    stylize_status status = STYLIZE_OK;
    for (; f.op < graph->count && !status; f.op++)
        status = add_op(&f, &graph->ops[f.op]);
    if (!status && out->first_linear < 0 && !out->taps)
        status = end_picture(&f);
    if (status)
        stz_layers_free(out);
    return status;
}

void stz_layers_free(stz_layers *layers)
{
    free(layers->layers);
    layers->layers = NULL;
}
