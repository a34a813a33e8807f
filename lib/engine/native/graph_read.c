#include "engine/native/graph_read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/native/graph_encoder.h"
#include "engine/native/graph_reader.h"

/* ------------------------------------------------------------------ operations */

/* The kernel's side, from the weight tensor's last dimension. */
static stylize_status get_kernel(const stz_graph_reader *w, int *kernel)
{
    const char *name = json_string_value(json_object_get(w->json, "w"));
    const stz_tensor *t = stz_safetensors_find(w->file, name);
    if (!name || !t)
        return stz_graph_bad_op(w, "no tensor \"%.60s\" in the file", name ? name : "");
    if (t->dims != 4 || t->shape[3] > KERNEL_MAX || t->shape[3] % 2 == 0)
        return stz_graph_bad_op(w, "tensor \"%.60s\" is no kernel of odd sides up to %d", name, KERNEL_MAX);
    *kernel = (int)t->shape[3];
    return STYLIZE_OK;
}

/* ------------------------------------------------------------------ operations */

static stylize_status read_conv(stz_graph_reader *w, stz_op *op)
{
    stylize_status status;
    if ((status = stz_graph_int(w, "in", 1, CHANNELS_MAX, &op->in)) ||
        (status = stz_graph_int(w, "out", 1, CHANNELS_MAX, &op->out)) ||
        (status = stz_graph_int(w, "stride", 1, 2, &op->stride)) || (status = get_kernel(w, &op->kernel)))
        return status;
    if (op->in != w->channels)
        return stz_graph_bad_op(w, "takes %d channels, but %d come in", op->in, w->channels);
    const size_t out = (size_t)op->out, k = (size_t)op->kernel;
    status = stz_graph_tensor(w, "w", 4, (const size_t[]){out, (size_t)op->in, k, k}, &op->weight);
    if (!status && json_object_get(w->json, "b"))
        status = stz_graph_tensor(w, "b", 1, &out, &op->bias);
    w->level += op->stride == 2;
    w->begun = true;
    return status;
}

static stylize_status read_norm(stz_graph_reader *w, stz_op *op)
{
    const stylize_status status = stz_graph_int(w, "i", 0, OPS_MAX, &op->norm);
    if (status)
        return status;
    if (op->norm != w->graph->norms)
        return stz_graph_bad_op(w, "\"i\" is %d, but norms are numbered in order and this is number %d",
                                op->norm, w->graph->norms);
    op->norm_offset = w->graph->norm_channels;
    w->graph->norms++;
    w->graph->norm_channels += w->channels;
    const size_t channels = (size_t)w->channels;
    if (json_object_get(w->json, "gamma") || json_object_get(w->json, "beta")) {
        const stylize_status gamma = stz_graph_tensor(w, "gamma", 1, &channels, &op->gamma);
        return gamma ? gamma : stz_graph_tensor(w, "beta", 1, &channels, &op->beta);
    }
    w->steered = true;
    return w->encoder ? stz_graph_bad_op(w, "an encoder has no style code to steer it") : STYLIZE_OK;
}

static stylize_status read_clamp(stz_graph_reader *w, stz_op *op)
{
    const stylize_status low = stz_graph_float(w, "low", &op->value);
    const stylize_status high = low ? low : stz_graph_float(w, "high", &op->high);
    if (!high && op->value > op->high)
        return stz_graph_bad_op(w, "\"low\" is above \"high\"");
    return high;
}

static stylize_status read_value(stz_graph_reader *w, stz_op *op)
{
    return stz_graph_float(w, "value", &op->value);
}

static stylize_status read_save(stz_graph_reader *w, stz_op *op)
{
    if (w->saved_channels)
        return stz_graph_bad_op(w, "residual blocks do not nest");
    w->saved_channels = w->channels;
    w->saved_level = w->level;
    return STYLIZE_OK;
}

static stylize_status read_add(stz_graph_reader *w, stz_op *op)
{
    if (!w->saved_channels)
        return stz_graph_bad_op(w, "nothing was saved");
    if (w->saved_channels != w->channels || w->saved_level != w->level)
        return stz_graph_bad_op(w, "what was saved is of another size");
    w->saved_channels = 0;
    return STYLIZE_OK;
}

static stylize_status read_upsample(stz_graph_reader *w, stz_op *op)
{
    w->level--;
    return stz_graph_int(w, "factor", 2, 2, &op->factor);
}

static stylize_status read_shuffle(stz_graph_reader *w, stz_op *op)
{
    w->level--;
    op->out = w->channels / 4;
    if (w->channels % 4)
        return stz_graph_bad_op(w, "needs a multiple of 4 channels, but %d come in", w->channels);
    return stz_graph_int(w, "factor", 2, 2, &op->factor);
}

static stylize_status read_unshuffle(stz_graph_reader *w, stz_op *op)
{
    w->level++;
    w->multiple = stz_max(w->multiple, 1 << w->level);
    op->out = w->channels * 4;
    if (op->out > CHANNELS_MAX)
        return stz_graph_bad_op(w, "more than %d channels", CHANNELS_MAX);
    return stz_graph_int(w, "factor", 2, 2, &op->factor);
}

static stylize_status read_plain(stz_graph_reader *w, stz_op *op) { return STYLIZE_OK; }

/* The mean over 2x2 pixels. */
static stylize_status read_pool(stz_graph_reader *w, stz_op *op)
{
    w->level++;
    return stz_graph_int(w, "factor", 2, 2, &op->factor);
}

static stylize_status read_tap(stz_graph_reader *w, stz_op *op)
{
    w->taps++;
    return w->taps > STZ_LAYERS_MAX ? stz_graph_bad_op(w, "more than %d feature maps", STZ_LAYERS_MAX)
                                    : STYLIZE_OK;
}

/* What comes before it is a feature map, so nothing is lost; and a convolution has seen the picture. */
static stylize_status read_picture(stz_graph_reader *w, stz_op *op)
{
    const stylize_status status = stz_graph_int(w, "factor", 1, 8, &op->factor);
    if (status)
        return status;
    if (op->factor & (op->factor - 1))
        return stz_graph_bad_op(w, "\"factor\" is not 1, 2, 4 or 8");
    if (!w->number || op[-1].kind != STZ_OP_TAP)
        return stz_graph_bad_op(w, "it must follow a feature map (\"tap\")");
    op->out = 3;
    for (w->level = 0; op->factor >> w->level > 1;)
        w->level++;
    return STYLIZE_OK;
}

/* Members beyond these are refused: what is not understood must not be passed over. */
static const struct op_info {
    const char *name;
    stz_op_kind kind;
    stylize_status (*read)(stz_graph_reader *w, stz_op *op);
    const char *members[7];
} op_infos[] = {
    {"conv", STZ_OP_CONV, read_conv, {"w", "b", "in", "out", "stride"}},
    {"norm", STZ_OP_NORM, read_norm, {"i", "gamma", "beta"}},
    {"relu", STZ_OP_RELU, read_plain, {0}},
    {"sigmoid", STZ_OP_SIGMOID, read_plain, {0}},
    {"clamp", STZ_OP_CLAMP, read_clamp, {"low", "high"}},
    {"save", STZ_OP_SAVE, read_save, {0}},
    {"add_saved", STZ_OP_ADD_SAVED, read_add, {0}},
    {"upsample", STZ_OP_UPSAMPLE, read_upsample, {"factor"}},
    {"pixel_shuffle", STZ_OP_PIXEL_SHUFFLE, read_shuffle, {"factor"}},
    {"pixel_unshuffle", STZ_OP_PIXEL_UNSHUFFLE, read_unshuffle, {"factor"}},
    {"sub", STZ_OP_SUB, read_value, {"value"}},
    {"mul", STZ_OP_MUL, read_value, {"value"}},
    {"append_mean_std", STZ_OP_APPEND_MEAN_STD, stz_graph_mean_std, {0}},
    {"linear", STZ_OP_LINEAR, stz_graph_linear, {"w", "b", "in", "out"}},
    {"mean_pool", STZ_OP_MEAN_POOL, read_pool, {"factor"}},
    {"tap", STZ_OP_TAP, read_tap, {0}},
    {"picture", STZ_OP_PICTURE, read_picture, {"factor"}},
    {"correct", STZ_OP_CORRECT, stz_graph_correct, {"probe", "w", "b", "w2", "in", "hidden"}},
};

static const struct op_info *info_find(const char *name)
{
    for (size_t i = 0; name && i < STZ_LEN(op_infos); i++)
        if (!strcmp(op_infos[i].name, name))
            return &op_infos[i];
    return NULL;
}

static stylize_status check_members(const stz_graph_reader *w, const struct op_info *info)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)w->json, key, value) {
        bool known = !strcmp(key, "op");
        for (int i = 0; info->members[i]; i++)
            known = known || !strcmp(key, info->members[i]);
        if (!known)
            return stz_graph_bad_op(w, "member \"%.40s\" is not known", key);
    }
    return STYLIZE_OK;
}

/* Encoders end as a vector, generators stay pictures, loss networks are looked at on the way. */
static stylize_status check_place(const stz_graph_reader *w, stz_op_kind kind)
{
    const bool on_code = kind == STZ_OP_LINEAR || kind == STZ_OP_CORRECT;
    if ((on_code || kind == STZ_OP_APPEND_MEAN_STD) && !w->encoder)
        return stz_graph_bad_op(w, "only an encoder has it");
    const bool for_loss = kind == STZ_OP_MEAN_POOL || kind == STZ_OP_TAP || kind == STZ_OP_PICTURE;
    const bool scales = kind == STZ_OP_SUB || kind == STZ_OP_MUL;
    if (for_loss && !w->loss)
        return stz_graph_bad_op(w, "only a loss network has it");
    if (w->loss && !for_loss && kind != STZ_OP_CONV && kind != STZ_OP_RELU && !(scales && !w->begun))
        return stz_graph_bad_op(w, "a loss network does not have it here");
    if (w->ended)
        return stz_graph_bad_op(w, "nothing can follow \"correct\"");
    if (w->linear && !on_code && kind != STZ_OP_RELU)
        return stz_graph_bad_op(w,
                                "after a linear map only \"linear\", \"relu\" and \"correct\" are allowed");
    return STYLIZE_OK;
}

static stylize_status read_op(stz_graph_reader *w, stz_op *op)
{
    const char *name = json_string_value(json_object_get(w->json, "op"));
    const struct op_info *info = info_find(name);
    w->name = name ? name : "no name";
    if (!info)
        return stz_graph_bad_op(w, "not a known operation");
    stylize_status status;
    op->kind = info->kind;
    op->in = op->out = w->channels;
    if ((status = check_members(w, info)) || (status = check_place(w, info->kind)) ||
        (status = info->read(w, op)))
        return status;
    if (w->level < 0 || w->level > LEVEL_MAX)
        return stz_graph_bad_op(w,
                                w->level < 0 ? "larger than the picture" : "the picture is halved too often");
    w->deepest = stz_max(w->deepest, w->level);
    if (info->kind != STZ_OP_LINEAR && info->kind != STZ_OP_CORRECT)
        w->channels = op->out;
    return STYLIZE_OK;
}

/* ------------------------------------------------------------------ the whole list */

static stylize_status bad_graph(const stz_graph_reader *w, const char *what)
{
    return stz_fail(w->err, STYLIZE_ERR_MODEL, "%s: %s", w->key, what);
}

static stylize_status read_list(stz_graph_reader *w, const json_t *list)
{
    const size_t count = json_array_size(list);
    if (!json_is_array(list) || count == 0)
        return bad_graph(w, "not a list of operations");
    if (count > OPS_MAX)
        return bad_graph(w, "more than 1024 operations");
    w->graph->ops = calloc(count, sizeof *w->graph->ops);
    if (!w->graph->ops)
        return stz_nomem(w->err, count * sizeof *w->graph->ops);
    w->graph->count = (int)count;
    for (w->number = 0; w->number < (int)count; w->number++) {
        w->json = json_array_get(list, (size_t)w->number);
        const stylize_status status = read_op(w, &w->graph->ops[w->number]);
        if (status)
            return status;
    }
    if (w->saved_channels)
        return bad_graph(w, "ends inside a residual block");
    if (w->encoder)
        return w->linear ? STYLIZE_OK : bad_graph(w, "an encoder ends with a linear map");
    if (w->loss)
        return w->graph->ops[w->graph->count - 1].kind == STZ_OP_TAP
                   ? STYLIZE_OK
                   : bad_graph(w, "a loss network ends with a tap");
    if (w->channels != 3 || w->level != 0)
        return bad_graph(w, "does not end with 3 channels at the picture's size");
    return STYLIZE_OK;
}

/* Metadata is text; numbers and lists in it are JSON. NULL: not there. Free with json_decref. */
static stylize_status read_meta(const stz_graph_reader *w, const char *key, json_t **out)
{
    const char *text = stz_safetensors_meta(w->file, key);
    json_error_t where;
    *out = text ? json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &where) : NULL;
    if (text && !*out)
        return stz_fail(w->err, STYLIZE_ERR_MODEL, "metadata \"%s\" is not valid JSON: %.100s", key,
                        where.text);
    return STYLIZE_OK;
}

/* A number of the metadata; *value keeps what it has if there is none. */
static stylize_status meta_number(const stz_graph_reader *w, const char *key, double low, double high,
                                  double *value)
{
    json_t *json;
    stylize_status status = read_meta(w, key, &json);
    if (status || !json)
        return status;
    const double n = json_number_value(json);
    if (!json_is_number(json) || !(n >= low && n <= high))
        status = stz_fail(w->err, STYLIZE_ERR_MODEL, "metadata \"%s\" is not a number from %g to %g", key,
                          low, high);
    else
        *value = n;
    json_decref(json);
    return status;
}

static stylize_status check_norm_widths(const stz_graph_reader *w)
{
    json_t *widths;
    stylize_status status = read_meta(w, "norm_widths", &widths);
    if (status || !widths || w->encoder)
        goto done;
    bool fits = (int)json_array_size(widths) == w->graph->norms;
    for (int i = 0; fits && i < w->graph->count; i++) {
        const stz_op *op = &w->graph->ops[i];
        if (op->kind == STZ_OP_NORM)
            fits = json_integer_value(json_array_get(widths, (size_t)op->norm)) == op->out;
    }
    if (!fits)
        status = bad_graph(w, "metadata \"norm_widths\" is not what its norms need");
done:
    json_decref(widths);
    return status;
}

static stylize_status read_numbers(stz_graph_reader *w)
{
    stz_graph *g = w->graph;
    double eps = 1e-5, multiple = 1 << w->deepest;
    g->code_length = w->encoder ? w->vector : w->steered ? 2 * g->norm_channels : 0;
    double code_length = g->code_length;
    stylize_status status;
    if ((status = meta_number(w, "norm_eps", 1e-12, 1, &eps)) ||
        (status = meta_number(w, "code_length", 0, 1e9, &code_length)) ||
        (status = meta_number(w, "multiple_of", 1, MULTIPLE_MAX, &multiple)) ||
        (status = check_norm_widths(w)))
        return status;
    if (code_length != g->code_length)
        return bad_graph(w, "metadata \"code_length\" is not what its operations need");
    g->eps = (float)eps;
    g->multiple = w->encoder ? stz_max(1, w->multiple) : (int)multiple;
    if (!w->encoder && (multiple != (int)multiple || g->multiple % (1 << w->deepest)))
        return bad_graph(w, "metadata \"multiple_of\" does not fit how often the picture is halved");
    return STYLIZE_OK;
}

stylize_status stz_graph_read(stz_safetensors *file, const char *key, stz_graph *out, stylize_error *err)
{
    *out = (stz_graph){0};
    json_t *list = NULL;
    stz_graph_reader *w = calloc(1, sizeof *w);
    if (!w)
        return stz_nomem(err, sizeof *w);
    w->file = file;
    w->key = key;
    w->encoder = !strcmp(key, "encoder_graph");
    w->loss = !strcmp(key, "loss_graph");
    w->graph = out;
    w->channels = 3;
    w->err = err;
    stylize_status status = read_meta(w, key, &list);
    if (!status && !list)
        status = stz_fail(err, STYLIZE_ERR_MODEL, "no \"%s\" in the metadata", key);
    if (!status)
        status = read_list(w, list);
    if (!status)
        status = read_numbers(w);
    if (!status)
        status = stz_weights_resolve(file, w->refs, w->ref_count, &out->owned, err);
    if (status)
        stz_graph_free(out);
    json_decref(list);
    free(w);
    return status;
}

void stz_graph_free(stz_graph *graph)
{
    free(graph->ops);
    free(graph->owned);
    *graph = (stz_graph){0};
}
