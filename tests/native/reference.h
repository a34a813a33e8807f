/*
 * The oracle of the native engine's tests: runs a graph with plain loops, one operation after the
 * other, sums in double precision, nothing fused, nothing clever.
 * Pictures are interleaved RGB floats without padding between rows, as in stz_view with STZ_F32.
 * Out of memory ends the program: it is for tests.
 */
#ifndef TESTS_REFERENCE_H
#define TESTS_REFERENCE_H

#include "engine/native/graph.h"

/* A generator. width and height: multiples of graph->multiple; out: as large as in.
 * code: code_length floats, NULL if that is 0. stats: means then biased variances of all norms, to use
 * instead of the picture's own, or NULL. stats_out: receives the picture's own, or NULL. */
void reference_apply(const stz_graph *graph, const float *in, int width, int height, const float *code,
                     const float *stats, float *stats_out, float *out);

/* An encoder. generator: paints its probe, NULL if it has none. code: receives graph->code_length floats. */
void reference_encode(const stz_graph *graph, const stz_graph *generator, const float *in, int width,
                      int height, float *code);

/* Between planar [3][height][width], as in the golden files, and interleaved. */
void reference_interleave(const float *planar, int width, int height, float *interleaved);
void reference_deinterleave(const float *interleaved, int width, int height, float *planar);

#endif
