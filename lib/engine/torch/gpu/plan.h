/* What a run needs of memory, and where it lies: one block on the device, one pinned block on the host. */
#ifndef STZ_GPU_PLAN_H
#define STZ_GPU_PLAN_H

#include "engine/torch/gpu/device.h"

/* The filters of one axis, as the host made them and as kernels see them. */
typedef struct gpu_axis {
    size_t coef_at, weight_at; /* in the parameters */
    stz_op_taps taps;
} gpu_axis;

/* One picture on its way. Host memory that the device cannot read by itself has a pinned copy. */
typedef struct gpu_part {
    const stz_gpu_item *item;
    bool in_host, out_host, scaled;
    uint8_t *in_stage, *out_stage; /* pinned copies, or NULL */
    uint8_t *in;                   /* the content's part, as kernels see it */
    uint8_t *fitted;               /* the same of the output's size */
    uint8_t *out;
    size_t in_pitch, fitted_pitch, out_pitch;
    int channels, out_channels;
    void *temp; /* between the passes of scaling */
    size_t translucent_at;
    gpu_axis down, across;
} gpu_part;

typedef struct gpu_run {
    stz_gpu *gpu;
    stz_gpu_net *net;
    gpu_slot *slot;
    int n;
    int width, height, padded_width, padded_height; /* of the outputs */
    bool paints;                                    /* the network runs */
    gpu_part part[STZ_GPU_BATCH_MAX];
    stz_buf *device, *pinned;
    /* Parameters: codes, statistics, flags, filters. Made in pinned memory and copied in one piece. */
    uint8_t *params_host, *params;
    size_t params_size, code_at, stats_at, bad_at;
    void *x;
    float *stats_out, *stats_back;
    int *bad_back;
    void *kept; /* the network's output, until the run is over */
} gpu_run;

/* Places everything and takes the memory. NOMEM leaves nothing taken. */
stylize_status stz_gpu_plan(gpu_run *run, const stz_gpu_item *items, int n, stylize_error *err);
void stz_gpu_unplan(gpu_run *run);
stz_planes stz_gpu_planes(const gpu_run *run, void *data); /* a network's input */

#endif
