/* How a network is called, and the precision and order of memory that it runs in. */
#include <chrono>
#include <limits>

#include <c10/core/InferenceMode.h>

#include "form.h"

namespace stz
{

static std::string shape_text(at::IntArrayRef shape)
{
    std::string text;
    for (const int64_t side : shape)
        text += (text.empty() ? "" : " x ") + std::to_string(side);
    return "[" + text + "]";
}

at::Tensor call(const Method &method, Stack inputs, std::vector<int64_t> shape)
{
    const IValue result = method(std::move(inputs));
    const std::string name = method.name();
    if (!result.isTensor())
        throw Failure(STZ_TORCH_MODEL, name + " gave a " + result.tagKind() + ", not a tensor");
    at::Tensor tensor = result.toTensor();
    if (tensor.sizes() != at::IntArrayRef(shape))
        throw Failure(STZ_TORCH_MODEL,
                      name + " gave " + shape_text(tensor.sizes()) + ", not " + shape_text(shape));
    return tensor;
}

Stack stack(const stz_torch_net &net, const at::Tensor &x, const at::Tensor &code)
{
    Stack s{x};
    if (net.spec.code_length)
        s.emplace_back(code);
    return s;
}

at::Tensor stats_input(const stz_torch_net &net, const at::Tensor &stats)
{
    return net.half && !net.spec.code_length ? stats.to(at::kHalf) : stats;
}

at::Tensor shaped(const stz_torch_net &net, const at::Tensor &x)
{
    return x.to(net.half ? at::kHalf : at::kFloat)
        .contiguous(net.channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
}

static void order_weights(torch::jit::Module &module, at::MemoryFormat format)
{
    for (at::Tensor t : module.parameters())
        if (t.dim() == 4)
            t.set_data(t.contiguous(format));
    for (at::Tensor t : module.buffers())
        if (t.dim() == 4)
            t.set_data(t.contiguous(format));
}

/* Seconds of the fastest of a few runs on empty pictures. */
static double measure(const stz_torch_net &net, int n, int side)
{
    const c10::InferenceMode inference;
    const auto options = at::dtype(at::kFloat).device(net.torch->device);
    const at::Tensor x = shaped(net, at::zeros({n, 3, side, side}, options));
    const at::Tensor code = at::zeros({n, net.spec.code_length}, options);
    double best = std::numeric_limits<double>::infinity();
    for (int round = 0; round < 4; round++) {
        const auto start = std::chrono::steady_clock::now();
        const at::Tensor y = call(*net.forward, stack(net, x, code), {n, 3, side, side});
        y.select(0, 0).select(0, 0).select(0, 0).sum().to(at::kCPU); /* waits */
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        if (round > 0 && took.count() < best)
            best = took.count();
    }
    return best;
}

void choose_form(stz_torch_net &net, torch::jit::Module &module)
{
    const bool cuda = net.torch->device.is_cuda();
    const int trial = net.spec.trial_side, side = cuda && trial < 512 ? 512 / trial * trial : trial;
    settle_thread(net.torch);
    if (net.half)
        module.to(at::kHalf);
    const double planes = measure(net, cuda ? 4 : 1, side);
    order_weights(module, at::MemoryFormat::ChannelsLast);
    net.channels_last = true;
    if (measure(net, cuda ? 4 : 1, side) < planes)
        return;
    order_weights(module, at::MemoryFormat::Contiguous);
    net.channels_last = false;
}

} // namespace stz

void stz_torch_input_form(const stz_torch_net *net, int *is_half, int *channels_last) noexcept
{
    *is_half = net->half;
    *channels_last = net->channels_last;
}
