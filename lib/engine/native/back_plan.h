/*
 * The way back: how the gradient of a network's result runs through its layers, last one first, to the
 * gradients of the picture, of the style code and of what a loss network sees. Part of a stz_plan that was
 * made for it; docs/native-engine.md has the idea.
 */
#ifndef STZ_BACK_PLAN_H
#define STZ_BACK_PLAN_H

#include "engine/native/plan_types.h"

/* A gradient of the input of a layer: where it lies. */
typedef struct stz_gradient_view {
    int tensor;
    stz_layout layout; /* without the border; `count` is not set */
    ptrdiff_t start;   /* floats from the tensor's start to its pixel (0, 0) */
} stz_gradient_view;

/* Fills plan->backs, their layouts and vector offsets (at `offsets`). Fails for the few graphs that the engine
 * runs but does not differentiate. */
stylize_status stz_back_plan(stz_plan *plan, ptrdiff_t *offsets, stylize_error *err);
/* How many of those offsets there are. */
size_t stz_back_offsets(const stz_layers *net, const stz_kernels *kernels);

/* Tensors that the way back takes besides those of the layers, four for each; the last is the gradient of the result. */
static inline int stz_back_tensors(const stz_layers *net) { return 4 * net->count; }
static inline int stz_back_result(const stz_layers *net) { return net->tensors + 4 * net->count - 1; }

/* Settling works in bands of rows, on one pixel of a row or two that fill whole vectors together. */
#define STZ_BACK_BAND 8
static inline int stz_back_items(int height) { return (height + STZ_BACK_BAND - 1) / STZ_BACK_BAND; }
static inline int stz_back_unit(const stz_layout *l, const stz_kernels *k)
{
    return l->block % k->lanes ? 2 * l->block : l->block;
}
static inline int stz_back_floats(const stz_layout *l, const stz_kernels *k)
{
    return (l->channels + l->block - 1) / l->block * stz_back_unit(l, k);
}

stz_gradient_view stz_back_view(const stz_plan *plan, int layer);
/* The layer whose adjoint convolution is planned, as a layer of its own. */
stz_layer stz_back_layer(const stz_plan *plan, int layer);

#endif
