/*
 * A plan: everything about running a network at one picture size that does not depend on the picture.
 * Layouts, tiles and groups of each layer, and where each tensor lies in one arena; tensors whose
 * lives do not overlap share memory. A plan is read-only once made.
 */
#ifndef STZ_PLAN_H
#define STZ_PLAN_H

#include "engine/native/back_plan.h"
#include "engine/native/tiles.h"

/* gradient: also for the way back; kernels that store halves cannot. */
stylize_status stz_plan_create(const stz_layers *net, const stz_kernels *kernels, int width, int height,
                               bool gradient, stz_plan **out, stylize_error *err);
void stz_plan_destroy(stz_plan *plan);

/* Floats that scale or shift of so many channels take. */
static inline int stz_plan_padded(const stz_kernels *k, int channels)
{
    return stz_round_up(channels, 16) + k->lanes;
}

#endif
