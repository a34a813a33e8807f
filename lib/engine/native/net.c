#include "engine/native/net.h"
#include "engine/native/graph_read.h"

#include <stdlib.h>

static stylize_status part_load(stz_part *part, stz_safetensors *file, const char *key,
                                const stz_kernels *kernels, stylize_error *err)
{
    stylize_status status = stz_graph_read(file, key, &part->graph, err);
    if (status)
        return status;
    status = stz_part_init(part, kernels, err);
    if (status)
        stz_graph_free(&part->graph);
    return status;
}

/* The encoder makes the generator's codes, and its probe is a picture that both can read. */
static stylize_status check_encoder(const stz_native_net *net, stylize_error *err)
{
    const stz_graph *e = &net->encoder.graph, *g = &net->generator.graph;
    if (e->code_length != g->code_length)
        return stz_fail(err, STYLIZE_ERR_MODEL,
                        "the encoder makes codes of %d numbers, the generator takes %d", e->code_length,
                        g->code_length);
    const stz_op *last = &e->ops[e->count - 1];
    const int multiple = stz_max(e->multiple, g->multiple);
    if (last->kind != STZ_OP_CORRECT)
        return STYLIZE_OK;
    if (last->probe_width % e->multiple || last->probe_height % e->multiple ||
        last->probe_width % g->multiple || last->probe_height % g->multiple)
        return stz_fail(err, STYLIZE_ERR_MODEL,
                        "the probe is %dx%d pixels; its sides must be multiples of %d", last->probe_width,
                        last->probe_height, multiple);
    return STYLIZE_OK;
}

static void part_unload(stz_part *part)
{
    stz_part_free(part);
    stz_graph_free(&part->graph);
}

stylize_status stz_native_load_from(const stz_bundle *bundle, const char *path, const stz_kernels *kernels,
                                    stz_native_net **out, stylize_error *err)
{
    stz_native_net *net = calloc(1, sizeof *net);
    if (!net)
        return stz_nomem(err, sizeof *net);
    stylize_status status = stz_safetensors_find_file(bundle, path, &net->file, err);
    if (status)
        goto fail;
    net->loss = stz_safetensors_meta(net->file, "loss_graph") != NULL;
    status = part_load(&net->generator, net->file, net->loss ? "loss_graph" : "graph", kernels, err);
    if (status)
        goto fail_file;
    if (!net->loss && stz_safetensors_meta(net->file, "encoder_graph")) {
        status = part_load(&net->encoder, net->file, "encoder_graph", kernels, err);
        if (status)
            goto fail_generator;
        net->encodes = true;
        if ((status = check_encoder(net, err))) {
            stz_native_free(net);
            return status;
        }
    }
    *out = net;
    return STYLIZE_OK;

fail_generator:
    part_unload(&net->generator);
fail_file:
    stz_safetensors_close(net->file);
fail:
    free(net);
    return status;
}

stylize_status stz_native_load(const char *path, const stz_kernels *kernels, stz_native_net **out,
                               stylize_error *err)
{
    return stz_native_load_from(NULL, path, kernels, out, err);
}

void stz_native_free(stz_native_net *net)
{
    if (!net)
        return;
    part_unload(&net->generator);
    if (net->encodes)
        part_unload(&net->encoder);
    stz_safetensors_close(net->file);
    free(net);
}
