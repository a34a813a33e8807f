/* Networks are loaded and tried. */
#include <memory>
#include <optional>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <torch/cuda.h>
#include <torch/script.h>

#include "form.h"

namespace stz
{

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
