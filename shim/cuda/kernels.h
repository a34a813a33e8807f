/* One operation of ops.h on a stream. */
#ifndef STZ_CUDA_KERNELS_H
#define STZ_CUDA_KERNELS_H

#include <cuda_runtime_api.h>

cudaError_t stz_cuda_launch(cudaStream_t stream, int op, const void *args);

#endif
