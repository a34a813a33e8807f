/* The operations of shim/ops.h as loops over shim/pixel.h: what the kernels do, on a CPU. */
#ifndef TEST_GPU_HOST_OPS_H
#define TEST_GPU_HOST_OPS_H

#include "../../shim/device.h"
#include "../../shim/pixel.h"

static inline void host_input(const stz_op_input *a)
{
    for (int i = 0; i < a->n; i++)
        for (int y = 0; y < a->padded_height; y++)
            for (int x = 0; x < a->padded_width; x++)
                stz_input_pixel(a, i, x, y);
}

static inline void host_output(const stz_op_output *a)
{
    for (int i = 0; i < a->n; i++)
        for (int y = 0; y < a->height; y++)
            for (int x = 0; x < a->width; x++)
                stz_output_pixel(a, i, x, y);
}

static inline void host_translucent(const stz_op_translucent *a)
{
    for (int y = 0; y < a->height; y++)
        for (int x = 0; x < a->width; x++)
            stz_translucent_pixel(a, x, y);
}

static inline void host_down(const stz_op_down *a)
{
    for (int y = 0; y < (int)a->taps.outputs; y++)
        for (int at = 0; at < a->width * a->channels; at++)
            stz_down_sample(a, at, y);
}

static inline void host_across(const stz_op_across *a)
{
    for (int y = 0; y < a->height; y++)
        for (int x = 0; x < (int)a->taps.outputs; x++)
            stz_across_pixel(a, x, y);
}

static inline size_t host_op_size(int op)
{
    static const size_t size[] = {sizeof(stz_op_input), sizeof(stz_op_output), sizeof(stz_op_translucent),
                                  sizeof(stz_op_down), sizeof(stz_op_across)};
    return size[op];
}

static inline void host_op(int op, const void *args)
{
    switch (op) {
    case STZ_OP_INPUT:
        host_input((const stz_op_input *)args);
        break;
    case STZ_OP_OUTPUT:
        host_output((const stz_op_output *)args);
        break;
    case STZ_OP_TRANSLUCENT:
        host_translucent((const stz_op_translucent *)args);
        break;
    case STZ_OP_DOWN:
        host_down((const stz_op_down *)args);
        break;
    default:
        host_across((const stz_op_across *)args);
        break;
    }
}

#endif
