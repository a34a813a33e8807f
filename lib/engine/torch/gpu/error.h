/* Errors of the device's table as errors of the library. */
#ifndef STZ_GPU_ERROR_H
#define STZ_GPU_ERROR_H

#include "engine/torch/gpu/device.h"

/* A text for the table to fill, and where it goes. */
typedef struct gpu_reason {
    char text[160];
    stz_torch_error error;
} gpu_reason;

const stz_torch_error *stz_gpu_listen(gpu_reason *r);
stylize_status stz_gpu_fail(const stz_gpu *gpu, int code, const gpu_reason *r, stylize_error *err);

#endif
