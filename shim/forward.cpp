/* Forward over memory of a device: nothing is copied and nothing waited for. */
#include <chrono>
#include <limits>
#include <memory>
#include <mutex>
#include <shared_mutex>

#include <ATen/Context.h>
#include <c10/core/InferenceMode.h>

#include "net.h"

namespace stz
{

at::Tensor stats_input(const stz_torch_net &net, const at::Tensor &stats)
{
    return net.half && !net.spec.code_length ? stats.to(at::kHalf) : stats;
}

at::Tensor shaped(const stz_torch_net &net, const at::Tensor &x)
{
    return x.to(net.half ? at::kHalf : at::kFloat)
        .contiguous(net.channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
}

/* ------------------------------------------------------------------ form */

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

/* ------------------------------------------------------------------ forward */

/* Trying out algorithms is a switch of the process: whoever turns it is alone with libtorch meanwhile. */
static std::shared_mutex tuning;

static at::Tensor device_rows(const stz_torch_net &net, const float *data, int n, int length)
{
    return at::from_blob(const_cast<float *>(data), {n, length},
                         at::dtype(at::kFloat).device(net.torch->device));
}

static at::Tensor input_of(const stz_torch_net &net, const stz_torch_batch &b)
{
    const int64_t w = b.width, h = b.height;
    const std::vector<int64_t> strides = net.channels_last ? std::vector<int64_t>{3 * h * w, 1, 3 * w, 3}
                                                           : std::vector<int64_t>{3 * h * w, h * w, w, 1};
    return at::from_blob(b.x, {b.n, 3, h, w}, strides,
                         at::dtype(net.half ? at::kHalf : at::kFloat).device(net.torch->device));
}

static at::Tensor run(const stz_torch_net &net, const stz_torch_batch &b)
{
    const at::Tensor code =
        net.spec.code_length ? device_rows(net, b.code, b.n, net.spec.code_length) : at::Tensor();
    Stack s = stack(net, input_of(net, b), code);
    if (b.stats_out)
        return call(*net.stats, std::move(s), {b.n, net.spec.stats_length});
    if (b.stats)
        s.emplace_back(stats_input(net, device_rows(net, b.stats, b.n, net.spec.stats_length)));
    return call(b.stats ? *net.frozen : *net.forward, std::move(s), {b.n, 3, b.height, b.width});
}

static at::Tensor run_tuned(const stz_torch_net &net, const stz_torch_batch &b)
{
    if (!b.tune) {
        const std::shared_lock lock(tuning);
        return run(net, b);
    }
    struct Switch {
        const bool before = at::globalContext().benchmarkCuDNN();
        Switch() { at::globalContext().setBenchmarkCuDNN(true); }
        ~Switch() { at::globalContext().setBenchmarkCuDNN(before); }
    };
    const std::unique_lock lock(tuning);
    const Switch on;
    return run(net, b);
}

static void forward(const stz_torch_net &net, stz_torch_batch &b)
{
    at::Tensor y = run_tuned(net, b);
    if (b.stats_out) {
        at::Tensor out = device_rows(net, b.stats_out, b.n, net.spec.stats_length);
        out.copy_(y);
        return;
    }
    if (y.scalar_type() != at::kHalf && y.scalar_type() != at::kFloat)
        y = y.to(at::kFloat);
    auto kept = std::make_unique<at::Tensor>(y);
    b.y = y.data_ptr();
    b.y_half = y.scalar_type() == at::kHalf;
    for (int k = 0; k < 4; k++)
        b.y_strides[k] = y.stride(k);
    b.kept = kept.release();
}

} // namespace stz

void stz_torch_input_form(const stz_torch_net *net, int *is_half, int *channels_last) noexcept
{
    *is_half = net->half;
    *channels_last = net->channels_last;
}

int stz_torch_forward(stz_torch_net *net, stz_torch_batch *batch, const stz_torch_error *error) noexcept
{
    return stz::guard(error, STZ_TORCH_ENGINE, [&] {
        const c10::InferenceMode inference;
        stz::settle_thread(net->torch);
        if (!net->forward)
            throw stz::Failure(STZ_TORCH_UNSUPPORTED, "this network does not paint");
        if ((batch->stats || batch->stats_out) && !net->stats)
            throw stz::Failure(STZ_TORCH_UNSUPPORTED, "this network cannot freeze its statistics");
        stz::forward(*net, *batch);
    });
}

void stz_torch_drop(void *kept) noexcept { delete static_cast<at::Tensor *>(kept); }
