/*
 * The oracle of gradients: a graph forward and back with plain loops in double precision, one operation after
 * the other. The number that is differentiated is the inner product of the result (or of the feature maps of a
 * loss network) with given factors. Out of memory ends the program: it is for tests.
 */
#ifndef TESTS_REFERENCE_BACK_H
#define TESTS_REFERENCE_BACK_H

#include "engine/native/graph.h"

typedef struct reference_gradient {
    double *picture; /* interleaved */
    double *code;    /* NULL if the graph has none */
    double *
        weights; /* of all operations in order: weights, then bias of a convolution; gamma, then beta of a norm */
    size_t weight_count;
    double
        corner; /* how near a relu is to its corner, as a part of the deviation of what it is given: nearer than the
                      rounding of fp32, and other arithmetic is on another side of it */
} reference_gradient;

/* factors: of a painting, width x height x 3, interleaved; of a loss network all feature maps one after the
 * other, each [channels][height][width]. result: receives what the factors are of, or NULL. Returns the number. */
double reference_back(const stz_graph *graph, const double *in, int width, int height, const double *code,
                      const double *factors, reference_gradient *gradient, double *result);
void reference_gradient_free(reference_gradient *gradient);

/* Numbers in the result. */
size_t reference_result_count(const stz_graph *graph, int width, int height);

#endif
