/* What a device is given to do: a network, and pictures for it. */
#ifndef STZ_GPU_ITEM_H
#define STZ_GPU_ITEM_H

#include "../../../../shim/device.h"
#include "engine/engine.h"
#include "image/image.h"

#define STZ_GPU_BATCH_MAX 32 /* pictures in one run */

/* A network on a device. Filled by the engine. */
typedef struct stz_gpu_net {
    stz_torch_net *net;
    __typeof__(stz_torch_forward) *forward;
    __typeof__(stz_torch_drop) *drop;
    int code_length, stats_length, multiple;
    int is_half, channels_last;
    float scale[3], shift[3]; /* byte to input */
    float out_scale;          /* output to byte */
    bool no_graphs;           /* it cannot be captured; under the device's lock */
} stz_gpu_net;

/* One picture. in and out may each lie on this device or on the host. */
typedef struct stz_gpu_item {
    const stylize_image *in;  /* RGB8, RGBA8 or GRAY8 */
    stz_rect source;          /* the part of it that is painted, scaled to out's size */
    const stylize_image *out; /* RGB8, or RGBA8 with in's alpha; not touched if stats_out is given */
    const float *code, *stats;
    float *stats_out; /* only the statistics are wanted */
    float strength;
    float preserve_color;
} stz_gpu_item;

#endif
