/* How the gradients of weights are cut into items, and what they take. */
#ifndef STZ_WEIGHT_PLAN_H
#define STZ_WEIGHT_PLAN_H

#include "engine/native/plan_types.h"

/* The work of one layer, without its pictures and records. */
stz_weight_gradient stz_weight_plan(const stz_plan *plan, int layer);
/* Among the points of a transform: where the parts of the records lie, in floats, and the tiles of a chunk. */
#define STZ_WEIGHT_TILES 8 /* of an item that transforms */
typedef struct stz_weight_points {
    int tiles;
    size_t v_point, d_point, d_at, products_at, bias_at, floats;
} stz_weight_points;
stz_weight_points stz_weight_points_of(const stz_conv *conv);

/* Floats of scratch that the gradients of weights need. */
size_t stz_back_weight_scratch(const stz_plan *plan);
/* Bytes of the records that the gradients of all weights need. */
size_t stz_back_record_bytes(const stz_plan *plan);

/* Numbers of a gradient of all weights: of the operations in their order, a convolution's weights as in the graph, then
 * its bias if it has one; gamma, then beta of a norm that has them of its own. */
size_t stz_back_weight_count(const stz_graph *graph);
/* Where those of one operation begin. */
size_t stz_back_weight_place(const stz_graph *graph, int op);

#endif
