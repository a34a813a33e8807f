/*
 * A loaded network: its generator and, if it has one, its style encoder. Each part keeps its
 * transformed weights, made when a plan first needs them and shared by all runs, and a few plans.
 */
#ifndef STZ_NET_H
#define STZ_NET_H

#include <pthread.h>

#include "engine/native/plan.h"

#define STZ_PLANS 16 /* sizes whose plans are kept */

/* Weights of one layer for one tile side. */
typedef struct stz_layer_weights {
    float *weights, *bias; /* bias: one for each column, zeros if the layer has none */
} stz_layer_weights;

typedef struct stz_part {
    stz_graph graph;
    stz_layers layers;
    const stz_kernels *kernels;
    pthread_mutex_t lock; /* of everything below */
    struct stz_part_plan {
        stz_plan *plan;
        int users;
        uint64_t used; /* clock of the last use */
    } plans[STZ_PLANS];
    uint64_t clock;
    /* Of each layer: tile 4 (and all that is not stride 1), tile 6; the same of its adjoint. */
    stz_layer_weights (*weights)[4];
    void **chunks; /* memory of the weights */
    int chunk_count;
} stz_part;

/* A file with a loss_graph is a loss network: its only part stands in the generator's place. */
typedef struct stz_native_net {
    stz_safetensors *file;
    stz_part generator, encoder;
    bool encodes, loss;
} stz_native_net;

stylize_status stz_native_load(const char *path, const stz_kernels *kernels, stz_native_net **out,
                               stylize_error *err);
/* From a bundle, or a file of the system without one. */
stylize_status stz_native_load_from(const stz_bundle *bundle, const char *path, const stz_kernels *kernels,
                                    stz_native_net **out, stylize_error *err);
void stz_native_free(stz_native_net *net);

/* Fuses part->graph, which the caller has filled and frees after the part. Everything else is zero. */
stylize_status stz_part_init(stz_part *part, const stz_kernels *kernels, stylize_error *err);
void stz_part_free(stz_part *part);

/* A plan with the weights it needs; to be given back. More sizes at once than are kept get plans of
 * their own. */
stylize_status stz_part_plan_get(stz_part *part, int width, int height, bool gradient, stz_plan **out,
                                 stylize_error *err);
void stz_part_plan_put(stz_part *part, stz_plan *plan);
/* Bytes that a run of this size takes, 0 if it cannot be planned. Asked before every run, so the plans that
 * are kept answer first. */
size_t stz_part_memory(stz_part *part, int width, int height, bool gradient);
/* The plan's weights once more, after the numbers that the graph points to have changed. Nobody may run the part. */
stylize_status stz_part_renew(stz_part *part, const stz_plan *plan, stylize_error *err);
const stz_layer_weights *stz_part_weights(const stz_part *part, const stz_plan *plan, int layer);
const stz_layer_weights *stz_part_back_weights(const stz_part *part, const stz_plan *plan, int layer);

#endif
