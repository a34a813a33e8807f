/*
 * A GPU at work: pictures in, pictures out, a network between. Nothing in this folder knows of CUDA or
 * libtorch; both come as tables of functions, and the tests put a double in their place.
 *
 * A run takes one of two slots of its device, queues its copies and kernels on three streams and waits for
 * the end of its own. While one slot computes, the other copies in or out. Memory comes from pools, and what
 * a run takes it gives back before it returns; so no buffer that is in a pool is in use by the device.
 */
#ifndef STZ_GPU_H
#define STZ_GPU_H

#include "../../../../shim/device.h"
#include "engine/engine.h"
#include "image/image.h"

#define STZ_GPU_BATCH_MAX 32 /* pictures in one run */

typedef struct stz_gpu stz_gpu;

typedef struct stz_gpu_stats {
    uint64_t runs, images; /* batches that were computed, and their pictures */
    uint64_t bytes, peak;  /* of the device, in this library's pool; now, and the most */
    uint64_t allocs, reuses;
    uint64_t trims;  /* times that memory was short and all that lay idle was given back */
    uint64_t splits; /* batches that were made smaller for it */
    uint64_t graphs, replays;
} stz_gpu_stats;

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

/* Memory that devices read and write by themselves, or ordinary memory where there is none left. */
stz_allocator stz_gpu_pinned(const stz_device_table *table);

/* keep: bytes that idle buffers may hold, on the device and pinned on the host. */
stylize_status stz_gpu_open(const stz_device_table *table, int index, uint64_t keep, stz_gpu **out,
                            stylize_error *err);
void stz_gpu_close(stz_gpu *gpu);                          /* after its networks are gone; NULL is fine */
void stz_gpu_forget(stz_gpu *gpu, const stz_gpu_net *net); /* before a network is unloaded */

/* 1 to 64 pictures whose out has one size; all or none have stats, and stats_out. Too many for the memory
 * are run in smaller batches. Cancelled between those only. */
stylize_status stz_gpu_run(stz_gpu *gpu, stz_gpu_net *net, const stz_gpu_item *items, int n,
                           const stz_exec *exec, stylize_error *err);

/* Gives back all memory that lies idle. */
void stz_gpu_trim(stz_gpu *gpu);
int stz_gpu_busy(stz_gpu *gpu); /* runs at work or waiting */
void stz_gpu_get_stats(stz_gpu *gpu, stz_gpu_stats *out);

#endif
