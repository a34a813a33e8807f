/*
 * A plan: everything about running a network at one picture size that does not depend on the picture.
 * Layouts, tiles and groups of each layer, and where each tensor lies in one arena; tensors whose
 * lives do not overlap share memory. A plan is read-only once made.
 */
#ifndef STZ_PLAN_H
#define STZ_PLAN_H

#include "engine/native/back_plan.h"

struct stz_plan {
    const stz_layers *net;
    const stz_kernels *kernels;
    int width, height;
    stz_conv *convs;     /* one for each layer */
    stz_layout *layouts; /* of each tensor */
    size_t *tensor_at;   /* bytes from the start of the arena */
    ptrdiff_t *offsets;  /* memory of the convs' vector_offset */
    size_t *norm_at;     /* of each norm: its scale and shift, bytes */
    size_t ones_at;      /* scale and shift of a value without a norm: `ones` floats each */
    int ones;
    size_t records_at, moments_at, vector_at;
    size_t arena, scratch; /* bytes; scratch: for each thread */
    bool gradient;         /* nothing is overwritten that the way back needs */
    stz_back *backs;       /* one for each layer, or NULL */
    size_t back_at;        /* factors of the reading and settling of one layer, `factors` floats each */
    int factors;
    size_t sums_at;  /* records of settling */
    size_t stats_at; /* means, then variances of all norms */
};

/* Tuning for tests and measurements: 0 or an output tile side (4, 6) for all stride-1 layers, and a
 * number of tiles in a group. */
extern int stz_plan_tile, stz_plan_group;

/* gradient: also for the way back; kernels that store halves cannot. */
stylize_status stz_plan_create(const stz_layers *net, const stz_kernels *kernels, int width, int height,
                               bool gradient, stz_plan **out, stylize_error *err);
void stz_plan_destroy(stz_plan *plan);

/* The side of the output tiles of a stride-1 layer. */
int stz_plan_tile_of(int layer, int height, int width);
/* Output channel of each column, -1: none. columns ints. */
void stz_plan_columns(const stz_layer *layer, const stz_conv *conv, const stz_kernels *kernels,
                      int *column_of);
/* Input channel of each depth index. in_channels ints. */
void stz_plan_channels(const stz_layer *layer, int *channel_of);
/* Floats that scale or shift of so many channels take. */
static inline int stz_plan_padded(const stz_kernels *k, int channels)
{
    return stz_round_up(channels, 16) + k->lanes;
}

#endif
