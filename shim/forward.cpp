/* Networks run over memory of a device: nothing is copied and nothing waited for. */
#include <memory>
#include <mutex>
#include <shared_mutex>

#include <ATen/Context.h>
#include <c10/core/InferenceMode.h>

#include "form.h"

namespace stz
{

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
