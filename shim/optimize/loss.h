/* A loaded loss network and what it finds in a picture. */
#ifndef STZ_TORCH_LOSS_H
#define STZ_TORCH_LOSS_H

#include <optional>
#include <vector>

#include <ATen/ATen.h>
#include <torch/script.h>

#include "../tensors.h"
#include "optimize.h"

struct stz_torch_loss {
    const stz_torch *torch;
    std::optional<torch::jit::Method> forward; /* keeps its module alive */
    stz_torch_loss_spec spec;                  /* its path is not used after load */
    int64_t strides[STZ_TORCH_LAYERS_MAX];
    stz::Normalisation normal;
    double bytes; /* a pixel, forward and backward */
};

namespace stz
{

/* The picture as [1, 3, H, W] on the network's device, from 0 to 1. */
at::Tensor read_picture(const stz_torch_loss &net, const stz_torch_picture &p, int width, int height);

/* One map [1, C, H, W] of each layer; x as read_picture makes it. */
std::vector<at::Tensor> features(const stz_torch_loss &net, const at::Tensor &x);

} // namespace stz
#endif
