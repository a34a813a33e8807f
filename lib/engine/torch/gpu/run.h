/* One batch on one slot. */
#ifndef STZ_GPU_RUN_H
#define STZ_GPU_RUN_H

#include "engine/torch/gpu/device.h"

/* From the first copy to the end of the last. */
stylize_status stz_gpu_batch(stz_gpu *gpu, stz_gpu_net *net, gpu_slot *slot, const stz_gpu_item *items, int n,
                             stylize_error *err);

#endif
