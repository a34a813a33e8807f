/*
 * The numbers of a graph in memory of one's own, where training changes them. They stand in the order of
 * stz_back_weight_count, as the gradient of all weights does.
 */
#ifndef STZ_OWN_WEIGHTS_H
#define STZ_OWN_WEIGHTS_H

#include "engine/native/graph.h"

/* A run of the numbers of an operation: where the graph points to them, their place among all, their count. */
typedef struct stz_weight_run {
    const float **slot;
    size_t place, count;
} stz_weight_run;

/* How many runs the operation has, two at most. */
int stz_weight_runs(stz_graph *graph, int op, stz_weight_run out[2]);

typedef struct stz_own_weights {
    stz_graph *graph;
    float *x;
    const float **read_from; /* 2 * graph->count: where the graph pointed to before */
} stz_own_weights;

/* Copies the numbers to x; the graph reads them there from now on. UNSUPPORTED: the graph does not hold 32-bit floats of
 * a file, or uses a tensor twice, and nothing is changed. */
stylize_status stz_own_weights_begin(stz_own_weights *own, stylize_error *err);
/* The graph points to where it did before. */
void stz_own_weights_end(const stz_own_weights *own);

#endif
