/* The kernels: a thread for each pixel or sample, and the arithmetic of pixel.h. */
#include "../pixel.h"
#include "kernels.h"

/* Threads of a block lie along x, where neighbours in memory are. */
static constexpr int BLOCK_X = 64, BLOCK_Y = 4;

static int blocks(int n, int size) { return (n + size - 1) / size; }

static dim3 grid(int width, int height, int n)
{
    return dim3((unsigned)blocks(width, BLOCK_X), (unsigned)blocks(height, BLOCK_Y), (unsigned)n);
}

#define AT_X (int)(blockIdx.x * BLOCK_X + threadIdx.x)
#define AT_Y (int)(blockIdx.y * BLOCK_Y + threadIdx.y)

static __global__ void input(const __grid_constant__ stz_op_input a)
{
    const int x = AT_X, y = AT_Y;
    if (x < a.padded_width && y < a.padded_height)
        stz_input_pixel(&a, (int)blockIdx.z, x, y);
}

static __global__ void output(const __grid_constant__ stz_op_output a)
{
    const int x = AT_X, y = AT_Y;
    if (x < a.width && y < a.height)
        stz_output_pixel(&a, (int)blockIdx.z, x, y);
}

static __global__ void translucent(const __grid_constant__ stz_op_translucent a)
{
    const int x = AT_X, y = AT_Y;
    if (x < a.width && y < a.height)
        stz_translucent_pixel(&a, x, y);
}

static __global__ void down(const __grid_constant__ stz_op_down a)
{
    const int at = AT_X, y = AT_Y;
    if (at < a.width * a.channels && y < (int)a.taps.outputs)
        stz_down_sample(&a, at, y);
}

static __global__ void across(const __grid_constant__ stz_op_across a)
{
    const int x = AT_X, y = AT_Y;
    if (x < (int)a.taps.outputs && y < a.height)
        stz_across_pixel(&a, x, y);
}

cudaError_t stz_cuda_launch(cudaStream_t stream, int op, const void *args)
{
    const dim3 block(BLOCK_X, BLOCK_Y);
    switch (op) {
    case STZ_OP_INPUT: {
        const stz_op_input *a = static_cast<const stz_op_input *>(args);
        input<<<grid(a->padded_width, a->padded_height, a->n), block, 0, stream>>>(*a);
        break;
    }
    case STZ_OP_OUTPUT: {
        const stz_op_output *a = static_cast<const stz_op_output *>(args);
        output<<<grid(a->width, a->height, a->n), block, 0, stream>>>(*a);
        break;
    }
    case STZ_OP_TRANSLUCENT: {
        const stz_op_translucent *a = static_cast<const stz_op_translucent *>(args);
        translucent<<<grid(a->width, a->height, 1), block, 0, stream>>>(*a);
        break;
    }
    case STZ_OP_DOWN: {
        const stz_op_down *a = static_cast<const stz_op_down *>(args);
        down<<<grid(a->width * a->channels, (int)a->taps.outputs, 1), block, 0, stream>>>(*a);
        break;
    }
    case STZ_OP_ACROSS: {
        const stz_op_across *a = static_cast<const stz_op_across *>(args);
        across<<<grid((int)a->taps.outputs, a->height, 1), block, 0, stream>>>(*a);
        break;
    }
    default:
        return cudaErrorInvalidValue;
    }
    return cudaGetLastError();
}
