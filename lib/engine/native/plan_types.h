/* What a plan is made of; plan.h says what it is for. */
#ifndef STZ_PLAN_TYPES_H
#define STZ_PLAN_TYPES_H

#include "engine/native/layers.h"

/* The way back through one layer. Tensors by index, as in the plan. */
typedef struct stz_back {
    stz_conv conv; /* the adjoint of its convolution */
    int gradient; /* tensor: gradient of the layer's input, with `border` pixels around that are folded back */
    int settled;  /* tensor: the same in the layout of x, if it cannot stay where it is; or -1 */
    int expanded; /* tensor: gradient of the layer's output as its convolution sees it, if it must be written
                      out; or -1 */
    int start; /* tensor: gradient of what the layer wrote, if no later layer reads that or if it is a feature map
                     whose means are read; or -1 */
    int joins; /* layer that added what this one stored: its gradient joins this one's; or -1 */
    int border, upsample;
} stz_back;

typedef struct stz_plan {
    const stz_layers *net;
    const stz_kernels *kernels;
    int width, height;
    stz_conv *convs;     /* one for each layer */
    stz_layout *layouts; /* of each tensor */
    size_t *tensor_at;   /* bytes from the start of the arena */
    ptrdiff_t *offsets;  /* memory of the convs' vector_offset */
    size_t *norm_at;     /* of each norm: its scale and shift, bytes */
    size_t ones_at;      /* scale and shift of a value without a norm: `ones` floats each */
    int ones;
    size_t records_at, moments_at, vector_at;
    size_t arena, scratch; /* bytes; scratch: for each thread */
    bool gradient;         /* nothing is overwritten that the way back needs */
    stz_back *backs;       /* one for each layer, or NULL */
    size_t back_at;        /* factors of the reading and settling of one layer, `factors` floats each */
    int factors;
    size_t sums_at;  /* records of settling */
    size_t stats_at; /* means, then variances of all norms */
} stz_plan;

#endif
