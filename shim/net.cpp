/* Networks: load, try, run. */
#include <cmath>
#include <memory>
#include <optional>
#include <vector>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <torch/cuda.h>
#include <torch/script.h>

#include "net.h"

namespace stz
{

static std::string shape_text(at::IntArrayRef shape)
{
    std::string text;
    for (const int64_t side : shape)
        text += (text.empty() ? "" : " x ") + std::to_string(side);
    return "[" + text + "]";
}

/* Runs a method and checks what it returns. */
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

/* A method that can be called with `inputs` tensors, or nothing. */
static std::optional<Method> find(const torch::jit::Module &module, const char *name, size_t inputs)
{
    const auto method = module.find_method(name);
    if (!method)
        return std::nullopt;
    size_t needed = 0, taken = 0;
    for (const auto &argument : method->function().getSchema().arguments()) {
        taken++;
        needed += argument.default_value() ? 0 : 1;
    }
    if (needed > inputs + 1 || taken < inputs + 1)
        throw Failure(STZ_TORCH_MODEL, std::string(name) + " takes " + std::to_string(taken - 1) +
                                           " inputs, model.json says " + std::to_string(inputs));
    return Method(*method);
}

/* The file that reads styles. Codes are computed once and cached, so never in half precision: the module
 * that paints will do only where it is not converted. */
static torch::jit::Module encoder(const stz_torch_net &net, const std::optional<torch::jit::Module> &module)
{
    if (module && std::string(net.spec.encode_path) == net.spec.apply_path && !net.half)
        return *module;
    torch::jit::Module own = torch::jit::load(net.spec.encode_path, net.torch->device);
    own.eval();
    return own;
}

static void bind_methods(stz_torch_net &net)
{
    const stz_torch_spec &spec = net.spec;
    const size_t code = spec.code_length > 0 ? 1 : 0;
    std::optional<torch::jit::Module> module;
    if (spec.apply_path) {
        module = torch::jit::load(spec.apply_path, net.torch->device);
        module->eval();
        net.forward = find(*module, "forward", 1 + code);
        if (!net.forward)
            throw Failure(STZ_TORCH_MODEL, "there is no method forward");
        if (spec.stats_length) {
            net.stats = find(*module, "stats", 1 + code);
            net.frozen = find(*module, "frozen", 2 + code);
            if (!net.stats || !net.frozen)
                throw Failure(STZ_TORCH_MODEL,
                              "model.json has a stats_length, the file no methods stats and frozen");
        }
        if (net.half || net.torch->device.is_cuda())
            choose_form(net, *module);
    }
    if (!spec.encode_path)
        return;
    const torch::jit::Module reader = encoder(net, module);
    net.encode = find(reader, "encode", 1);
    if (!net.encode)
        net.encode = find(reader, "forward", 1);
    if (!net.encode)
        throw Failure(STZ_TORCH_MODEL, "there is no method encode and no method forward to read styles");
}

Stack stack(const stz_torch_net &net, const at::Tensor &x, const at::Tensor &code)
{
    Stack s{x};
    if (net.spec.code_length)
        s.emplace_back(code);
    return s;
}

/* Runs everything once on an empty picture: shapes are wrong here or never, and the memory is known. */
static void try_out(stz_torch_net &net)
{
    const stz_torch_spec &spec = net.spec;
    const c10::InferenceMode inference;
    settle_thread(net.torch);
    const auto options = at::dtype(at::kFloat).device(net.torch->device);
    const at::Tensor code = at::zeros({1, net.spec.code_length}, options);
    if (net.forward) {
        const int side = spec.trial_side;
        const auto meter = std::make_shared<Meter>();
        {
            const c10::DebugInfoGuard measure(c10::DebugInfoKind::PROFILER_STATE, meter);
            const at::Tensor x = shaped(net, at::zeros({1, 3, side, side}, options));
            call(*net.forward, stack(net, x, code), {1, 3, side, side});
        }
        net.bytes = static_cast<double>(meter->peak()) / side / side;
        const at::Tensor x = shaped(net, at::zeros({1, 3, side, side}, options));
        if (net.stats) {
            const at::Tensor stats = call(*net.stats, stack(net, x, code), {1, net.spec.stats_length});
            Stack s = stack(net, x, code);
            s.emplace_back(stats_input(net, stats));
            call(*net.frozen, s, {1, 3, side, side});
        }
    }
    if (net.encode) {
        const int side = spec.trial_style_side;
        call(*net.encode, {at::zeros({1, 3, side, side}, options)}, {1, net.spec.code_length});
    }
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

int stz_torch_load(stz_torch *torch, const stz_torch_spec *spec, stz_torch_net **out,
                   const stz_torch_error *error) noexcept
{
    return stz::guard(error, STZ_TORCH_MODEL, [&] {
        auto net = std::make_unique<stz_torch_net>();
        net->torch = torch;
        net->spec = *spec;
        net->half = torch->precision == STZ_TORCH_HALF;
        net->normal = stz::Normalisation(*spec, torch->device);
        stz::bind_methods(*net);
        stz::try_out(*net);
        if (torch->device.is_cuda()) /* later work is on other streams than this */
            torch::cuda::synchronize(torch->device.index());
        *out = net.release();
    });
}

void stz_torch_unload(stz_torch_net *net) noexcept { delete net; }

double stz_torch_bytes(const stz_torch_net *net) noexcept { return net->bytes; }

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
