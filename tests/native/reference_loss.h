/* The oracle of the method optimize: its loss in double precision, by the formulas of docs/optimize.md and plain loops.
 */
#ifndef TESTS_REFERENCE_LOSS_H
#define TESTS_REFERENCE_LOSS_H

#include "engine/engine.h"
#include "engine/native/graph.h"

/* A picture of interleaved doubles. */
typedef struct reference_picture {
    const double *data;
    int width, height;
} reference_picture;

/* Of a loss network with `layers` feature maps. */
typedef struct reference_loss {
    const stz_graph *graph;
    int layers;
    const float *style_weights, *content_weights;
    reference_picture content, styles[2];
    double shares[2];
    int style_count;
} reference_loss;

double reference_loss_of(const reference_loss *l, const double *x);

#endif
