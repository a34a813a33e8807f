/* A network from elsewhere: all graphs are read, and whatever passes the checks must hold together. */
#include "engine/native/graph_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

volatile float graph_sink; /* not static: it must be written */

static void expect(bool ok)
{
    if (!ok)
        __builtin_trap();
}

static float sum(const float *values, size_t count)
{
    float s = 0;
    for (size_t i = 0; values && i < count; i++)
        s += values[i];
    return s;
}

/* Channels follow on each other, and every pointer has the memory behind it that the kernels will read. */
static void check(const stz_graph *g)
{
    int channels = 3, norm_channels = 0;
    for (int i = 0; i < g->count; i++) {
        const stz_op *op = &g->ops[i];
        if (op->kind == STZ_OP_CONV)
            graph_sink =
                sum(op->weight, (size_t)op->out * (size_t)op->in * (size_t)(op->kernel * op->kernel));
        if (op->kind == STZ_OP_LINEAR)
            graph_sink = sum(op->weight, (size_t)op->out * (size_t)op->in);
        if (op->kind == STZ_OP_CORRECT) {
            expect(i == g->count - 1 && op->in == g->statistics && op->out == g->code_length);
            const size_t hidden = (size_t)op->hidden;
            graph_sink = sum(op->weight, hidden * (size_t)op->in) +
                         sum(op->second, (size_t)op->out * hidden) + sum(op->bias, hidden) +
                         sum(op->probe, 3 * (size_t)op->probe_width * (size_t)op->probe_height);
            break;
        }
        graph_sink = sum(op->bias, (size_t)op->out);
        graph_sink = sum(op->gamma, (size_t)op->out) + sum(op->beta, (size_t)op->out);
        if (op->kind == STZ_OP_NORM) {
            expect(op->norm_offset == norm_channels);
            norm_channels += op->out;
        }
        if (op->kind == STZ_OP_LINEAR)
            continue;
        expect(op->in == channels);
        channels = op->out;
    }
    expect(norm_channels == g->norm_channels && g->count > 0);
    expect(g->multiple > 0 && stz_graph_radius(g) >= 0 && stz_graph_flop(g, 512, 512) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const keys[] = {"graph", "encoder_graph", "loss_graph"};
    stz_safetensors *file;
    stylize_error err;
    if (stz_safetensors_parse(data, size, &file, &err))
        return 0;
    for (size_t i = 0; i < STZ_LEN(keys); i++) {
        stz_graph graph;
        if (stz_graph_read(file, keys[i], &graph, &err))
            continue;
        check(&graph);
        stz_graph_free(&graph);
    }
    stz_safetensors_close(file);
    return 0;
}
