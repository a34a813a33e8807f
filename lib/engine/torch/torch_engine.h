/* What the files of the torch engine share: engine_torch.c opens and loads, torch_run.c paints,
 * torch_optimize.c optimises. */
#ifndef STZ_TORCH_ENGINE_H
#define STZ_TORCH_ENGINE_H

#include "engine/engine.h"
#include "engine/torch/gpu/gpu.h"
#include "engine/torch/torch_error.h"
#include "engine/torch/torch_plugin.h"

#define STZ_TORCH_BATCH 8 /* pictures in one forward on a CPU */

typedef struct torch_engine {
    const stz_torch_plugin *plugin;
    stz_torch_devices devices;
    stz_gpu *gpu[STZ_CUDA_DEVICES];     /* devices.count of them */
    stz_torch *torch[STZ_CUDA_DEVICES]; /* one for each, or one for the CPU */
    int threads, precision;
    uint64_t memory; /* of the device with least, that a run may use */
    char version[48];
} torch_engine;

typedef struct torch_net {
    stz_torch_net *net[STZ_CUDA_DEVICES];
    stz_gpu_net on_gpu[STZ_CUDA_DEVICES];
    stz_torch_loss *loss; /* a loss network, on the first device; it has none of the above */
    char name[64];
    int code_length, stats_length, multiple;
} torch_net;

static inline stz_torch_picture stz_torch_picture_of(const stz_view *v)
{
    return (stz_torch_picture){v->data, v->stride, v->elem == STZ_F32};
}

/* Floats are addressed as such, so their rows must start at one. */
static inline bool stz_torch_fits(const stz_view *v)
{
    return v->elem == STZ_U8 || (v->stride % 4 == 0 && (uintptr_t)v->data % 4 == 0);
}

static inline stylize_status stz_torch_cancelled(stylize_error *err)
{
    return stz_fail(err, STYLIZE_ERR_CANCELLED, "cancelled");
}

stylize_status stz_torch_apply_batch(void *engine, void *net, const stz_apply *batch, int n,
                                     const stz_exec *exec, stylize_error *err);
stylize_status stz_torch_paint(void *engine, void *net, const stz_paint *batch, int n, const stz_exec *exec,
                               stylize_error *err);
stylize_status stz_torch_encode_style(void *engine, void *net, const stz_view *style, float *code,
                                      const stz_exec *exec, stylize_error *err);

/* A loss network's file. */
stylize_status stz_torch_load_loss(torch_engine *e, const stz_model *m, const char *path, torch_net *net,
                                   stylize_error *err);
stylize_status stz_torch_optimize_picture(void *engine, void *net, const stz_optimize *job,
                                          const stz_exec *exec, stylize_error *err);

#endif
