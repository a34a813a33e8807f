/*
 * A network as a checked list of operations with its tensors. Read from the metadata of a
 * safetensors file: `graph` (the generator), `encoder_graph` (the style encoder), `loss_graph` (a loss network
 * that only looks at pictures), all JSON lists.
 *
 * Operations and their members (all convolutions pad by reflection, (kernel - 1) / 2 on each side):
 *   {"op": "conv", "w": tensor, "b": tensor (optional), "in": n, "out": n, "stride": 1|2}
 *       kernel from the tensor's shape [out, in, k, k], k odd up to 9
 *   {"op": "norm", "i": index}                instance norm steered by the style code
 *   {"op": "norm", "i": index, "gamma": tensor, "beta": tensor}    with a fixed gamma and beta
 *   {"op": "relu"} {"op": "sigmoid"} {"op": "clamp", "low": x, "high": x}
 *   {"op": "save"} {"op": "add_saved"}        residual blocks; they do not nest
 *   {"op": "upsample", "factor": 2}           nearest
 *   {"op": "pixel_shuffle", "factor": 2} {"op": "pixel_unshuffle", "factor": 2}    as PyTorch
 *   {"op": "sub", "value": x} {"op": "mul", "value": x}
 *   {"op": "append_mean_std"}                 mean and standard deviation a channel to the code vector
 *   {"op": "linear", "w": tensor, "b": tensor, "in": n, "out": n}  on that vector
 *   {"op": "correct", "probe": tensor [H, W, 3], "w": tensor [hidden, in], "b": tensor, "w2": tensor
 *    [code, hidden], "in": n, "hidden": n}    the last: the generator paints the probe, a photograph (RGB, 0
 *       to 1), with the code so far, and the encoder reads the painting as it read the style. With the `in`
 *       numbers of all append_mean_std, s of the style and p of the painting, the code gets
 *       w2 (relu(w s + b) - relu(w p + b)) more
 *   {"op": "mean_pool", "factor": 2}          loss network: the mean over 2x2 pixels, after conv and relu
 *   {"op": "tap"}                             loss network: the value so far is a feature map, after conv and
 *       relu; the last operation. A loss network has besides only sub and mul, before the first conv
 *   {"op": "picture", "factor": 1|2|4|8}      loss network, after a tap: begins again at the picture as the first
 *       conv reads it, or at its means over factor x factor pixels. A conv follows
 * Metadata besides: norm_eps, norm_widths (JSON list), code_length, multiple_of, name.
 */
#ifndef STZ_GRAPH_H
#define STZ_GRAPH_H

#include "base/common.h"
#include "base/safetensors.h"

typedef enum stz_op_kind {
    STZ_OP_CONV,
    STZ_OP_NORM,
    STZ_OP_RELU,
    STZ_OP_SIGMOID,
    STZ_OP_CLAMP,
    STZ_OP_SAVE,
    STZ_OP_ADD_SAVED,
    STZ_OP_UPSAMPLE,
    STZ_OP_PIXEL_SHUFFLE,
    STZ_OP_PIXEL_UNSHUFFLE,
    STZ_OP_SUB,
    STZ_OP_MUL,
    STZ_OP_APPEND_MEAN_STD,
    STZ_OP_LINEAR,
    STZ_OP_CORRECT,
    STZ_OP_MEAN_POOL,
    STZ_OP_TAP,
    STZ_OP_PICTURE
} stz_op_kind;

typedef struct stz_op {
    stz_op_kind kind;
    int in, out;               /* channels (linear: vector lengths) */
    int kernel, stride;        /* conv */
    int factor;                /* upsample, shuffle, unshuffle, mean_pool, picture */
    float value, high;         /* sub, mul: value; clamp: low is value */
    const float *weight;       /* conv OIHW, linear [out, in]; fp32, in the file or in `owned` */
    const float *bias;         /* out floats, or NULL */
    const float *gamma, *beta; /* norm with fixed parameters, else NULL */
    const float *second;       /* correct: w2 [out, hidden] */
    const float *probe;        /* correct: interleaved RGB */
    int hidden, probe_width, probe_height;
    int norm;        /* norm: index */
    int norm_offset; /* norm: channels of the norms before it; gamma at code[norm_offset], beta at
                             code[norm_channels + norm_offset], statistics likewise */
} stz_op;

typedef struct stz_graph {
    stz_op *ops;
    int count;
    int norms, norm_channels; /* number of norms, sum of their channels */
    int code_length;          /* 2 * norm_channels, or 0 if every norm is fixed; encoder: its output */
    int statistics;           /* encoder: numbers of all append_mean_std */
    float eps;
    int multiple;
    float *owned; /* tensors that were converted to fp32, or NULL */
} stz_graph;

/* Multiply-adds times two for one picture. */
double stz_graph_flop(const stz_graph *graph, int width, int height);
/* Receptive radius in pixels, rounded up to the grid. */
int stz_graph_radius(const stz_graph *graph);

#endif
