/* Networks run over pictures in the host's memory. */
#include <cmath>
#include <vector>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "form.h"

namespace stz
{

static at::Tensor read_pictures(const stz_torch_net &net, const std::vector<stz_torch_picture> &pictures,
                                int width, int height)
{
    const auto count = static_cast<int64_t>(pictures.size());
    at::Tensor x = at::empty({count, 3, height, width}, at::dtype(at::kFloat).device(net.torch->device));
    for (int64_t i = 0; i < count; i++)
        x[i].copy_(view_of(pictures[i], width, height).to(net.torch->device).permute({2, 0, 1}));
    const Normalisation &n = net.normal;
    return x.mul_(pictures[0].is_float ? n.gain : n.gain_of_bytes).sub_(n.shift);
}

/* Host rows of floats as one tensor on the device. */
static at::Tensor rows(const stz_torch_net &net, const std::vector<const float *> &from, int length)
{
    at::Tensor t = at::empty({static_cast<int64_t>(from.size()), length}, at::kFloat);
    for (size_t i = 0; i < from.size(); i++)
        std::copy_n(from[i], length, t.data_ptr<float>() + i * length);
    return t.to(net.torch->device);
}

static void write_row(const at::Tensor &t, int64_t row, float *out, int length)
{
    at::from_blob(out, {length}, at::kFloat).copy_(t[row]);
}

/* A network that leaves the range of floats has no picture to give. */
static void check_finite(const at::Tensor &t, const char *what)
{
    if (!std::isfinite(t.sum().item<float>()))
        throw Failure(STZ_TORCH_ENGINE, std::string(what) + " has values that are not finite");
}

static void apply(const stz_torch_net &net, const stz_torch_item *items, int n, int width, int height)
{
    std::vector<stz_torch_picture> in;
    std::vector<const float *> codes, given;
    for (int i = 0; i < n; i++) {
        in.push_back(items[i].in);
        codes.push_back(items[i].code);
        given.push_back(items[i].stats);
    }
    const at::Tensor x = shaped(net, read_pictures(net, in, width, height));
    const at::Tensor code = net.spec.code_length ? rows(net, codes, net.spec.code_length) : at::Tensor();
    at::Tensor stats;
    if (items[0].stats_out) {
        stats = call(*net.stats, stack(net, x, code), {n, net.spec.stats_length}).to(at::kFloat);
        check_finite(stats, "the statistics");
        for (int i = 0; i < n; i++)
            write_row(stats, i, items[i].stats_out, net.spec.stats_length);
    }
    if (!items[0].out.data)
        return;
    if (items[0].stats)
        stats = rows(net, given, net.spec.stats_length);
    Stack s = stack(net, x, code);
    if (stats.defined())
        s.emplace_back(stats_input(net, stats));
    const at::Tensor y =
        call(stats.defined() ? *net.frozen : *net.forward, std::move(s), {n, 3, height, width})
            .to(at::kFloat);
    check_finite(y, "the painting");
    for (int i = 0; i < n; i++)
        write_picture(items[i].out, y[i], net.spec.range);
}

static void encode(const stz_torch_net &net, const stz_torch_picture &style, int width, int height,
                   float *code)
{
    const at::Tensor x = read_pictures(net, {style}, width, height);
    const at::Tensor y = call(*net.encode, {x}, {1, net.spec.code_length}).to(at::kFloat);
    check_finite(y, "the style code");
    write_row(y, 0, code, net.spec.code_length);
}

} // namespace stz

int stz_torch_encode(stz_torch_net *net, const stz_torch_picture *style, int width, int height, float *code,
                     const stz_torch_error *error) noexcept
{
    return stz::guard(error, STZ_TORCH_ENGINE, [&] {
        const c10::InferenceMode inference;
        stz::settle_thread(net->torch);
        if (!net->encode)
            throw stz::Failure(STZ_TORCH_UNSUPPORTED, "this network does not read style pictures");
        stz::encode(*net, *style, width, height, code);
    });
}

int stz_torch_apply(stz_torch_net *net, const stz_torch_item *items, int n, int width, int height,
                    const stz_torch_error *error) noexcept
{
    return stz::guard(error, STZ_TORCH_ENGINE, [&] {
        const c10::InferenceMode inference;
        stz::settle_thread(net->torch);
        if (!net->forward)
            throw stz::Failure(STZ_TORCH_UNSUPPORTED, "this network does not paint");
        if ((items[0].stats || items[0].stats_out) && !net->stats)
            throw stz::Failure(STZ_TORCH_UNSUPPORTED, "this network cannot freeze its statistics");
        stz::apply(*net, items, n, width, height);
    });
}
