/* A loaded network, as the files see it that load it and run it, and how its methods are called. */
#ifndef STZ_TORCH_FORM_H
#define STZ_TORCH_FORM_H

#include <optional>
#include <vector>

#include <ATen/ATen.h>
#include <torch/script.h>

#include "net.h"
#include "tensors.h"

using torch::jit::IValue;
using torch::jit::Method;
using Stack = std::vector<IValue>;

struct stz_torch_net {
    const stz_torch *torch;
    std::optional<Method> forward, stats, frozen, encode; /* each keeps its module alive */
    stz_torch_spec spec;                                  /* its paths are not used after load */
    stz::Normalisation normal;
    double bytes;
    bool half, channels_last;
};

namespace stz
{

/* Runs a method and checks what it returns; of any type of numbers. */
at::Tensor call(const Method &method, Stack inputs, std::vector<int64_t> shape);

/* The inputs of a method. Codes and statistics stay fp32 also in half precision: they scale sums of
 * norms. A network without a code has its own scales in half precision, and all of them must be alike. */
Stack stack(const stz_torch_net &net, const at::Tensor &x, const at::Tensor &code);
at::Tensor stats_input(const stz_torch_net &net, const at::Tensor &stats);

/* A network's input in the precision and order of memory that it runs in. */
at::Tensor shaped(const stz_torch_net &net, const at::Tensor &x);

/* Puts the weights into half precision, if so asked, and into the order of memory that is faster. */
void choose_form(stz_torch_net &net, torch::jit::Module &module);

} // namespace stz
#endif
