#include "moments.h"

#include <torch/torch.h>

namespace stz
{

void Moments::add(const at::Tensor &f, const at::Tensor &g)
{
    const auto host = [](const at::Tensor &t) { return t.to(at::kCPU, at::kDouble); };
    const at::Tensor s = host(f.sum(1)), ff = host(f.mm(f.t()));
    sum = count ? sum + s : s;
    second = count ? second + ff : ff;
    if (g.defined()) {
        const at::Tensor fg = host((f * g).sum(1));
        cross = count ? cross + fg : fg;
    }
    count += f.size(1);
}

static at::Tensor covariance(const Moments &m)
{
    const at::Tensor mean = m.sum / m.count;
    return m.second / m.count - at::outer(mean, mean);
}

StyleTarget::StyleTarget(const Moments &m)
{
    mean = m.sum / m.count;
    cov = covariance(m);
    mean_power = mean.square().sum().item<double>() + 1e-6;
    cov_power = cov.square().sum().item<double>() + 1e-6;
}

ContentTarget::ContentTarget(at::Tensor map, const Moments &m) : features(std::move(map))
{
    mean = m.sum / m.count;
    var = covariance(m).diagonal().clamp_min(0);
}

static at::Tensor difference(const StyleTarget &style, const at::Tensor &mean, const at::Tensor &cov)
{
    return (mean - style.mean).square().sum() / style.mean_power +
           (cov - style.cov).square().sum() / style.cov_power;
}

static at::Tensor softened(const at::Tensor &var) { return var + 1e-2 * var.mean() + 1e-6; }

static at::Tensor dissimilarity(const ContentTarget &content, const at::Tensor &mean, const at::Tensor &var,
                                const at::Tensor &cross)
{
    const at::Tensor v = softened(var), w = softened(content.var);
    return (var / v + content.var / w - 2 * (cross - mean * content.mean) * (v * w).rsqrt()).mean();
}

double LayerLoss::evaluate(const Moments &m, FeatureGradient &gradient) const
{
    const double n = static_cast<double>(m.count);
    const at::Tensor mean = (m.sum / n).detach().requires_grad_(true);
    const at::Tensor second = (m.second / n).detach().requires_grad_(true);
    const at::Tensor cov = second - at::outer(mean, mean);
    at::Tensor cross, loss = at::zeros({}, at::kDouble);
    for (const auto &[style, weight] : styles)
        loss = loss + weight * difference(style, mean, cov);
    if (content) {
        cross = (m.cross / n).detach().requires_grad_(true);
        loss = loss + content_weight * dissimilarity(*content, mean, cov.diagonal().clamp_min(0), cross);
    }
    loss.backward();
    const at::Tensor by_second = second.grad();
    gradient.constant = (mean.grad() / n).to(at::kFloat);
    gradient.matrix = ((by_second + by_second.t()) / n).to(at::kFloat);
    gradient.cross = content ? (cross.grad() / n).to(at::kFloat) : at::Tensor();
    return loss.item<double>();
}

} // namespace stz
