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

#include "engine/torch/gpu/item.h"

typedef struct stz_gpu stz_gpu;

typedef struct stz_gpu_stats {
    uint64_t runs, images; /* batches that were computed, and their pictures */
    uint64_t bytes, peak;  /* of the device, in this library's pool; now, and the most */
    uint64_t allocs, reuses;
    uint64_t trims;  /* times that memory was short and all that lay idle was given back */
    uint64_t splits; /* batches that were made smaller for it */
    uint64_t graphs, replays;
} stz_gpu_stats;

/* Memory that devices read and write by themselves, or ordinary memory where there is none left. */
stz_allocator stz_gpu_pinned(const stz_device_table *table);

/* keep: bytes that idle buffers may hold, on the device and pinned on the host. */
stylize_status stz_gpu_open(const stz_device_table *table, int index, uint64_t keep, stz_gpu **out,
                            stylize_error *err);
void stz_gpu_close(stz_gpu *gpu);                          /* after its networks are gone; NULL is fine */
void stz_gpu_forget(stz_gpu *gpu, const stz_gpu_net *net); /* before a network is unloaded */

/* 1 to STZ_BATCH_MAX pictures whose out has one size; all or none have stats, and stats_out. Too many for the memory
 * are run in smaller batches. Cancelled between those only. */
stylize_status stz_gpu_run(stz_gpu *gpu, stz_gpu_net *net, const stz_gpu_item *items, int n,
                           const stz_exec *exec, stylize_error *err);

/* Gives back all memory that lies idle. */
void stz_gpu_trim(stz_gpu *gpu);
int stz_gpu_busy(stz_gpu *gpu); /* runs at work or waiting */
void stz_gpu_get_stats(stz_gpu *gpu, stz_gpu_stats *out);

#endif
