/*
 * Fusion: the operations of a graph become layers, each one convolution with everything around it that
 * costs no pass of its own. What stands before a convolution (norm, relu, the sum of a residual block,
 * upsampling, unshuffling the picture) is done while its input is read; what follows (bias, relu, pixel
 * shuffle, the sums for a norm, the end of the network) while its output is written.
 */
#ifndef STZ_LAYERS_H
#define STZ_LAYERS_H

#include "engine/native/graph.h"
#include "engine/native/kernel.h"

typedef struct stz_layer {
    stz_conv_kind kind;
    int op; /* the convolution in the graph */
    int in_channels, out_channels;
    /* Input: max(norm(x) [+ base], 0 if relu_in), also written to `stored`. Tensors by index, -1: none. */
    int x;       /* -1: the picture; in a loss network several layers read it */
    int norm_in; /* operation, or -1 */
    bool relu_in;
    int base, stored;
    int unshuffle; /* of the picture: 1 or 2 */
    int shrink;    /* of the picture: its means over so many pixels on each side are read; 1: itself */
    int pooled;    /* tensor: the means over 2x2 pixels of x, or of the picture, which are read in its place;
                      -1: none */
    /* Output. */
    int out; /* tensor, -1: the picture */
    bool relu;
    int shuffle;  /* 1 or 2 */
    int norm_out; /* operation of the norm that needs statistics of the output, or -1 */
    int append;   /* where its means go in the code vector, or -1 */
    int tap;      /* number of the feature map that it makes, or -1 */
} stz_layer;

typedef struct stz_layers {
    const stz_graph *graph;
    stz_layer *layers;
    int count;
    int tensors;
    int stat_layers; /* layers up to the last that feeds a norm */
    float in_mul, in_add;
    float out_mul, out_add, out_low, out_high; /* clamp(x * mul + add), after that: */
    bool sigmoid;                              /* instead: clamp(sigmoid(x * mul + add)) */
    int vector_length;                         /* floats collected by append_mean_std */
    int first_linear;                          /* operation, or -1 */
    int taps;                                  /* feature maps of a loss network; others have none */
} stz_layers;

/* Whether no later layer reads what this one wrote: the next begins at the picture, or there is none. */
static inline bool stz_layers_ends(const stz_layers *layers, int layer)
{
    return layer + 1 == layers->count || layers->layers[layer + 1].x < 0;
}

/* Whether the layer's feature map is read as means over 2x2 pixels, so that their gradients are of two sizes. */
static inline bool stz_layers_pooled_tap(const stz_layers *layers, int layer)
{
    return !stz_layers_ends(layers, layer) && layers->layers[layer].tap >= 0 &&
           layers->layers[layer + 1].pooled >= 0;
}

stylize_status stz_layers_build(const stz_graph *graph, stz_layers *out, stylize_error *err);
void stz_layers_free(stz_layers *layers);

#endif
