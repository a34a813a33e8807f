#include "objective.h"

#include <torch/torch.h>

namespace stz
{

constexpr double smoothness = 0.5;     /* weight of the total variation */
constexpr double range_penalty = 10.0; /* of what is darker than black or brighter than white */
constexpr double scale = 100.0;        /* of the whole loss, for the line search's thresholds */

static bool used(const stz_torch_loss_spec &s, int layer)
{
    return s.style_weights[layer] > 0 || s.content_weights[layer] > 0;
}

static at::Tensor flat(const at::Tensor &map) { return map.reshape({map.size(0), -1}); }

static std::vector<Moments> style_moments(const stz_torch_loss &net, const stz_torch_style &s, size_t memory)
{
    const at::NoGradGuard none;
    const at::Tensor x = read_picture(net, s.picture, s.width, s.height);
    std::vector<Moments> moments(net.spec.layers);
    for (const Tile &t : cut_tiles(net, s.width, s.height, memory)) {
        const std::vector<at::Tensor> maps = features(net, seen(x, t));
        for (int l = 0; l < net.spec.layers; l++)
            if (net.spec.style_weights[l] > 0)
                moments[l].add(flat(inner(maps[l], t, net.strides[l])), at::Tensor());
    }
    return moments;
}

static std::vector<std::unique_ptr<ContentTarget>>
content_targets(const stz_torch_loss &net, const at::Tensor &content, const std::vector<Tile> &tiles)
{
    const at::NoGradGuard none;
    std::vector<at::Tensor> whole(net.spec.layers);
    std::vector<Moments> moments(net.spec.layers);
    for (const Tile &t : tiles) {
        const std::vector<at::Tensor> maps = features(net, seen(content, t));
        for (int l = 0; l < net.spec.layers; l++) {
            if (!(net.spec.content_weights[l] > 0))
                continue;
            const int64_t stride = net.strides[l];
            const at::Tensor part = inner(maps[l], t, stride);
            if (!whole[l].defined())
                whole[l] = at::empty({part.size(0), content.size(2) / stride, content.size(3) / stride},
                                     part.options());
            inner_of_whole(whole[l], t, stride).copy_(part);
            moments[l].add(flat(part), at::Tensor());
        }
    }
    std::vector<std::unique_ptr<ContentTarget>> targets(net.spec.layers);
    for (int l = 0; l < net.spec.layers; l++)
        if (whole[l].defined())
            targets[l] = std::make_unique<ContentTarget>(whole[l], moments[l]);
    return targets;
}

Objective::Objective(const stz_torch_loss &net, const stz_torch_optimize_job &job, const at::Tensor &content)
    : net_(net), tiles_(cut_tiles(net, job.width, job.height, job.memory)),
      content_(content_targets(net, content, tiles_)), layers_(net.spec.layers)
{
    for (int i = 0; i < job.style_count; i++) {
        const std::vector<Moments> m = style_moments(net, job.styles[i], job.memory);
        for (int l = 0; l < net.spec.layers; l++)
            if (net.spec.style_weights[l] > 0)
                layers_[l].styles.emplace_back(StyleTarget(m[l]), double(net.spec.style_weights[l]) *
                                                                      double(job.styles[i].weight));
    }
    for (int l = 0; l < net.spec.layers; l++) {
        layers_[l].content = content_[l].get();
        layers_[l].content_weight = double(net.spec.content_weights[l]);
    }
}

at::Tensor Objective::content_part(int layer, const Tile &t) const
{
    return content_[layer] ? flat(inner_of_whole(content_[layer]->features, t, net_.strides[layer]))
                           : at::Tensor();
}

void Objective::measure(const Features &maps, const Tile &t, std::vector<Moments> &moments) const
{
    const at::NoGradGuard none;
    for (int l = 0; l < net_.spec.layers; l++)
        if (used(net_.spec, l))
            moments[l].add(flat(inner(maps[l], t, net_.strides[l])), content_part(l, t));
}

/* Adds the tile's share to the gradient. */
void Objective::descend(const Features &maps, const Tile &t,
                        const std::vector<FeatureGradient> &gradients) const
{
    std::vector<at::Tensor> roots, by;
    for (int l = 0; l < net_.spec.layers; l++) {
        if (!used(net_.spec, l))
            continue;
        const at::Tensor part = inner(maps[l], t, net_.strides[l]);
        const at::NoGradGuard none;
        const FeatureGradient &g = gradients[l];
        const auto device = part.device();
        at::Tensor d =
            at::addmm(g.constant.to(device).unsqueeze(1), g.matrix.to(device), flat(part.detach()));
        if (g.cross.defined())
            d += g.cross.to(device).unsqueeze(1) * content_part(l, t);
        roots.push_back(part);
        by.push_back(d.mul_(scale).view(part.sizes()));
    }
    torch::autograd::backward(roots, by);
}

/* What needs no network. */
static double plain(const at::Tensor &x)
{
    const at::Tensor rows = (x.slice(2, 1) - x.slice(2, 0, -1)).abs().mean();
    const at::Tensor columns = (x.slice(3, 1) - x.slice(3, 0, -1)).abs().mean();
    const at::Tensor outside = (x - x.clamp(0, 1)).square().mean();
    const at::Tensor loss = scale * (smoothness * (rows + columns) + range_penalty * outside);
    loss.backward();
    return loss.item<double>();
}

double Objective::evaluate(const at::Tensor &x)
{
    const at::AutoGradMode on(true);
    std::vector<Moments> moments(net_.spec.layers);
    Features kept;
    for (const Tile &t : tiles_) {
        const bool only = tiles_.size() == 1;
        const at::AutoGradMode record(only);
        const Features maps = features(net_, seen(x, t));
        measure(maps, t, moments);
        if (only)
            kept = maps;
    }
    std::vector<FeatureGradient> gradients(net_.spec.layers);
    double loss = 0;
    for (int l = 0; l < net_.spec.layers; l++)
        if (used(net_.spec, l))
            loss += layers_[l].evaluate(moments[l], gradients[l]);
    for (const Tile &t : tiles_)
        descend(kept.empty() ? features(net_, seen(x, t)) : kept, t, gradients);
    return scale * loss + plain(x);
}

} // namespace stz
