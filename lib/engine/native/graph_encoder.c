/* Operations of an encoder. */
#include "engine/native/graph_encoder.h"

stylize_status stz_graph_mean_std(stz_graph_reader *w, stz_op *op)
{
    w->vector += 2 * w->channels;
    w->graph->statistics = w->vector;
    return w->vector > VECTOR_MAX ? stz_graph_bad_op(w, "a vector of more than %d numbers", VECTOR_MAX)
                                  : STYLIZE_OK;
}

stylize_status stz_graph_linear(stz_graph_reader *w, stz_op *op)
{
    stylize_status status;
    if ((status = stz_graph_int(w, "in", 1, VECTOR_MAX, &op->in)) ||
        (status = stz_graph_int(w, "out", 1, VECTOR_MAX, &op->out)))
        return status;
    if (op->in != w->vector)
        return stz_graph_bad_op(w, "takes %d numbers, but %d come in", op->in, w->vector);
    const size_t out = (size_t)op->out;
    status = stz_graph_tensor(w, "w", 2, (const size_t[]){out, (size_t)op->in}, &op->weight);
    if (!status && json_object_get(w->json, "b"))
        status = stz_graph_tensor(w, "b", 1, &out, &op->bias);
    w->vector = op->out;
    w->linear = true;
    return status;
}

#define PROBE_MIN 16
#define PROBE_MAX 1024

static stylize_status get_probe(stz_graph_reader *w, stz_op *op)
{
    const char *name = json_string_value(json_object_get(w->json, "probe"));
    const stz_tensor *t = stz_safetensors_find(w->file, name);
    if (!name || !t)
        return stz_graph_bad_op(w, "no tensor \"%.60s\" in the file", name ? name : "");
    if (t->dims != 3)
        return stz_graph_bad_op(w, "tensor \"%.60s\" is no picture of 3 dimensions", name);
    for (int i = 0; i < 2; i++)
        if (t->shape[i] < PROBE_MIN || t->shape[i] > PROBE_MAX)
            return stz_graph_bad_op(w, "the sides of the probe are not from %d to %d", PROBE_MIN, PROBE_MAX);
    op->probe_height = (int)t->shape[0];
    op->probe_width = (int)t->shape[1];
    return stz_graph_tensor(w, "probe", 3, (const size_t[]){t->shape[0], t->shape[1], 3}, &op->probe);
}

stylize_status stz_graph_correct(stz_graph_reader *w, stz_op *op)
{
    stylize_status status;
    if (!w->linear)
        return stz_graph_bad_op(w, "there is no code yet");
    if ((status = stz_graph_int(w, "in", 1, VECTOR_MAX, &op->in)) ||
        (status = stz_graph_int(w, "hidden", 1, VECTOR_MAX, &op->hidden)) || (status = get_probe(w, op)))
        return status;
    if (op->in != w->graph->statistics)
        return stz_graph_bad_op(w, "takes %d numbers, but there are %d statistics", op->in,
                                w->graph->statistics);
    const size_t hidden = (size_t)op->hidden;
    op->out = w->vector;
    w->ended = true;
    if ((status = stz_graph_tensor(w, "w", 2, (const size_t[]){hidden, (size_t)op->in}, &op->weight)) ||
        (status = stz_graph_tensor(w, "b", 1, &hidden, &op->bias)))
        return status;
    return stz_graph_tensor(w, "w2", 2, (const size_t[]){(size_t)op->out, hidden}, &op->second);
}
