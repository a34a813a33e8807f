/*
 * A network for the double: every sample times code[0], plus code[1], plus the mean of its picture times
 * code[2]. It works at once, as libtorch does on a CPU.
 */
#ifndef TEST_GPU_FAKE_NET_H
#define TEST_GPU_FAKE_NET_H

#include <stdatomic.h>

#include "engine/torch/gpu/gpu.h"

#define FAKE_NET_CODE 3

typedef struct fake_net_state {
    atomic_int most;    /* pictures that its memory is enough for; 0: any number */
    atomic_int fail_in; /* that many forwards from now, one fails; 0: none */
    atomic_int largest; /* batch that it saw */
    atomic_int kept;    /* outputs that are alive */
    atomic_int tuned, calls;
    atomic_int not_a_number; /* it gives one */
} fake_net_state;

extern fake_net_state fake_net;

stz_gpu_net fake_net_new(int multiple, int is_half, int channels_last);

/* What it makes of a picture: content scaled by the library, painted, blended by the library. out: RGB8
 * or RGBA8 of out's size, which this allocates; free its pixels. */
stylize_image fake_net_reference(const stylize_image *in, stz_rect source, uint32_t width, uint32_t height,
                                 const stz_gpu_net *net, const float *code, float strength, float preserve);

#endif
