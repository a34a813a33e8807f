#include "engine/torch/gpu/error.h"

const stz_torch_error *stz_gpu_listen(gpu_reason *r)
{
    r->text[0] = 0;
    r->error = (stz_torch_error){r->text, sizeof r->text};
    return &r->error;
}

stylize_status stz_gpu_fail(const stz_gpu *gpu, int code, const gpu_reason *r, stylize_error *err)
{
    return stz_fail(err, (stylize_status)code, "cuda:%d: %s", gpu->index, r->text);
}
