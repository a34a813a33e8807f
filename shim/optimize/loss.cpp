/* Loss networks are loaded, tried, and run. */
#include "loss.h"

#include <cmath>
#include <memory>

using torch::jit::IValue;

namespace stz
{

at::Tensor read_picture(const stz_torch_loss &net, const stz_torch_picture &p, int width, int height)
{
    const at::Tensor x = view_of(p, width, height).to(net.torch->device).permute({2, 0, 1}).to(at::kFloat);
    return (p.is_float ? x : x / 255.0).unsqueeze(0).contiguous();
}

std::vector<at::Tensor> features(const stz_torch_loss &net, const at::Tensor &x)
{
    const IValue result = (*net.forward)({x * net.normal.gain - net.normal.shift});
    std::vector<at::Tensor> maps;
    if (result.isTensorList())
        for (const at::Tensor &t : result.toTensorVector())
            maps.push_back(t);
    else if (result.isTuple())
        for (const IValue &v : result.toTupleRef().elements())
            maps.push_back(v.isTensor() ? v.toTensor() : at::Tensor());
    if (static_cast<int>(maps.size()) != net.spec.layers)
        throw Failure(STZ_TORCH_MODEL, "forward gave " + std::to_string(maps.size()) + " feature maps, not " +
                                           std::to_string(net.spec.layers));
    for (const at::Tensor &m : maps)
        if (!m.defined() || m.dim() != 4 || m.size(0) != 1)
            throw Failure(STZ_TORCH_MODEL, "forward gave something that is not a feature map [1, C, H, W]");
    return maps;
}

/* Strides, and the bytes of a pixel: a run forward and backward on an empty picture. */
static void try_out(stz_torch_loss &net)
{
    settle_thread(net.torch);
    const int64_t side = (192 + net.spec.multiple - 1) / net.spec.multiple * net.spec.multiple;
    const auto meter = std::make_shared<Meter>();
    const c10::DebugInfoGuard measure(c10::DebugInfoKind::PROFILER_STATE, meter);
    const at::Tensor x = at::full({1, 3, side, side}, 0.5, at::dtype(at::kFloat).device(net.torch->device))
                             .requires_grad_(true);
    const std::vector<at::Tensor> maps = features(net, x);
    at::Tensor sum = at::zeros({}, x.options());
    for (int l = 0; l < net.spec.layers; l++) {
        const int64_t h = maps[l].size(2), w = maps[l].size(3);
        const int64_t stride = h ? side / h : 0;
        if (h != w || h * stride != side || net.spec.multiple % stride)
            throw Failure(STZ_TORCH_MODEL, "feature map " + std::to_string(l + 1) + " has " +
                                               std::to_string(h) + " rows for " + std::to_string(side) +
                                               ", which is no stride that divides the multiple");
        net.strides[l] = stride;
        sum = sum + maps[l].square().mean();
    }
    if (!sum.requires_grad())
        throw Failure(STZ_TORCH_MODEL, "it has no gradient");
    sum.backward();
    if (!x.grad().defined() || !std::isfinite(x.grad().sum().item<double>()))
        throw Failure(STZ_TORCH_MODEL, "it has no gradient");
    net.bytes = static_cast<double>(meter->peak()) / static_cast<double>(side * side);
}

} // namespace stz

int stz_torch_loss_load(stz_torch *torch, const stz_torch_loss_spec *spec, stz_torch_loss **out,
                        const stz_torch_error *error) noexcept
{
    return stz::guard(error, STZ_TORCH_MODEL, [&] {
        auto net = std::make_unique<stz_torch_loss>();
        net->torch = torch;
        net->spec = *spec;
        net->normal = stz::Normalisation(*spec, torch->device);
        torch::jit::Module module = torch::jit::load(spec->path, torch->device);
        module.eval();
        for (at::Tensor p : module.parameters())
            p.set_requires_grad(false);
        const auto method = module.find_method("forward");
        if (!method)
            throw stz::Failure(STZ_TORCH_MODEL, "there is no method forward");
        net->forward = torch::jit::Method(*method);
        stz::try_out(*net);
        *out = net.release();
    });
}

void stz_torch_loss_unload(stz_torch_loss *loss) noexcept { delete loss; }
