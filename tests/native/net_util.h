/* Small networks with random weights, and runs of the native engine, for its tests. */
#ifndef TESTS_NET_UTIL_H
#define TESTS_NET_UTIL_H

#include "engine/native/back.h"

/* A graph being built. All memory is kept until net_free. */
typedef struct net_builder {
    stz_graph graph;
    float *memory[256];
    int blocks;
    unsigned seed;
    int channels;
} net_builder;

void net_begin(net_builder *b, unsigned seed);
float net_random(net_builder *b); /* -1 to 1 */
void net_op(net_builder *b, stz_op_kind kind);
void net_value(net_builder *b, stz_op_kind kind, float value, float high);
void net_conv(net_builder *b, int out, int kernel, int stride, bool bias);
void net_norm(net_builder *b, bool fixed); /* and its gamma and beta, from the code if not fixed */
void net_linear(net_builder *b, int in, int out);
void net_correct(net_builder *b, int in, int hidden, int width, int height); /* with a random probe */
float *net_code(net_builder *b); /* gammas about 1, betas about 0; NULL if it has none */
void net_free(net_builder *b);

/* The shapes of our networks, with other widths. */
void net_brush(net_builder *b, unsigned seed, int first, int middle, int up, int blocks);
void net_transformer(net_builder *b, unsigned seed, int width, int blocks);
/* The shape of a loss network: three depths, a map of features at each. */
void net_loss(net_builder *b, unsigned seed, int first, int second, int third);
/* After it: feature maps of one convolution each, of the picture or of its means. */
void net_filters(net_builder *b, int factor, int count, int kernel, int stride);
void net_encoder(net_builder *b, unsigned seed, int first, int second);
/* The same without its last linear map, from 70 numbers to a code of 33. */
void net_encoder_begin(net_builder *b, unsigned seed, int first, int second);

/* A network with what a run of it needs. */
typedef struct runner {
    stz_part part;
    stz_pool *pool;
    stz_scratch scratch;
    stz_team *team;
    stz_exec exec;
} runner;

void runner_open(runner *r, const stz_graph *graph, const stz_kernels *kernels, int threads);
void runner_close(runner *r);
/* Fails the test if the run fails. in, out: interleaved, no padding. */
void runner_apply(runner *r, const float *in, int width, int height, const float *code, const float *stats,
                  float *stats_out, float *out);

/* Forward, then back from `factors`, the gradient of the painting, or of a loss network's feature maps, one after
 * the other, each [channels][height][width]. picture, code, weights: receive gradients; out: the painting, or NULL. */
void runner_back(runner *r, const float *in, int width, int height, const float *code, const float *factors,
                 float *out, float *picture, float *code_gradient, float *weight_gradient);

float *picture_random(int width, int height, unsigned seed);     /* smooth with some noise, 0 to 1 */
double difference(const float *a, const float *b, size_t count); /* the largest; NaN counts as infinite */

/* Every set of kernels of this machine, one after the other; NULL after the last. */
const stz_kernels *kernels_at(int index);

#endif
