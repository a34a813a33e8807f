/* The method optimize: a picture is changed until its statistics in a loss network are the style's.
 * Gatys et al. 2015 (arXiv 1508.06576); the losses are in moments.h. */
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <vector>

#include <ATen/CPUGeneratorImpl.h>
#include <torch/script.h>
#include <torch/torch.h>

#include "moments.h"
#include "tensors.h"

using torch::jit::IValue;
using torch::jit::Method;

struct stz_torch_loss {
    const stz_torch *torch;
    std::optional<Method> forward; /* keeps its module alive */
    stz_torch_loss_spec spec;      /* its path is not used after load */
    int64_t strides[STZ_TORCH_LAYERS_MAX];
    stz::Normalisation normal;
    double bytes; /* a pixel, forward and backward */
};

namespace stz
{

constexpr double start_noise = 0.02;   /* of white; flat areas would have no gradient to begin with */
constexpr double smoothness = 0.5;     /* weight of the total variation */
constexpr double range_penalty = 10.0; /* of what is darker than black or brighter than white */
constexpr double scale = 100.0;        /* of the whole loss, for the line search's thresholds */
constexpr int history_max = 20, history_min = 4;

using Features = std::vector<at::Tensor>;

/* The part of the picture that a network looks at, and the part of that which counts. */
struct Tile {
    int64_t x, y, width, height; /* seen */
    int64_t inner_x, inner_y;    /* in the picture */
    int64_t inner_width, inner_height;
};

static Features features(const stz_torch_loss &net, const at::Tensor &x)
{
    const IValue result = (*net.forward)({x * net.normal.gain - net.normal.shift});
    Features maps;
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

static bool used(const stz_torch_loss_spec &s, int layer)
{
    return s.style_weights[layer] > 0 || s.content_weights[layer] > 0;
}

/* ------------------------------------------------------------------ pictures */

static at::Tensor read_picture(const stz_torch_loss &net, const stz_torch_picture &p, int width, int height)
{
    const at::Tensor x = view_of(p, width, height).to(net.torch->device).permute({2, 0, 1}).to(at::kFloat);
    return (p.is_float ? x : x / 255.0).unsqueeze(0).contiguous();
}

/* ------------------------------------------------------------------ tiles */

/* Sides of equal tiles that the memory allows; the margin is what the network sees around a pixel. */
static std::vector<Tile> cut(const stz_torch_loss &net, int64_t width, int64_t height, size_t memory)
{
    const int64_t multiple = net.spec.multiple;
    const int64_t margin = (net.spec.radius + multiple - 1) / multiple * multiple;
    if (net.bytes * static_cast<double>(width * height) <= static_cast<double>(memory))
        return {{0, 0, width, height, 0, 0, width, height}};
    int64_t side = static_cast<int64_t>(std::sqrt(static_cast<double>(memory) / net.bytes)) - 2 * margin;
    side = std::max(side / multiple * multiple, 4 * multiple);
    std::vector<Tile> tiles;
    for (int64_t y = 0; y < height; y += side)
        for (int64_t x = 0; x < width; x += side) {
            const int64_t x0 = std::max<int64_t>(x - margin, 0), y0 = std::max<int64_t>(y - margin, 0);
            const int64_t w = std::min(side, width - x), h = std::min(side, height - y);
            tiles.push_back({x0, y0, std::min(x + w + margin, width) - x0,
                             std::min(y + h + margin, height) - y0, x, y, w, h});
        }
    return tiles;
}

static at::Tensor seen(const at::Tensor &x, const Tile &t)
{
    return x.slice(2, t.y, t.y + t.height).slice(3, t.x, t.x + t.width);
}

/* The part of a layer's map that counts, [C, h, w]. */
static at::Tensor inner(const at::Tensor &map, const Tile &t, int64_t stride)
{
    const int64_t y = (t.inner_y - t.y) / stride, x = (t.inner_x - t.x) / stride;
    return map[0].slice(1, y, y + t.inner_height / stride).slice(2, x, x + t.inner_width / stride);
}

static at::Tensor inner_of_whole(const at::Tensor &map, const Tile &t, int64_t stride)
{
    return map.slice(1, t.inner_y / stride, (t.inner_y + t.inner_height) / stride)
        .slice(2, t.inner_x / stride, (t.inner_x + t.inner_width) / stride);
}

static at::Tensor flat(const at::Tensor &map) { return map.reshape({map.size(0), -1}); }

/* ------------------------------------------------------------------ targets */

static std::vector<Moments> style_moments(const stz_torch_loss &net, const stz_torch_style &s, size_t memory)
{
    const at::NoGradGuard none;
    const at::Tensor x = read_picture(net, s.picture, s.width, s.height);
    std::vector<Moments> moments(net.spec.layers);
    for (const Tile &t : cut(net, s.width, s.height, memory)) {
        const Features maps = features(net, seen(x, t));
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
        const Features maps = features(net, seen(content, t));
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

/* ------------------------------------------------------------------ loss and gradient */

/* The whole objective for one picture size. */
class Objective
{
  public:
    Objective(const stz_torch_loss &net, const stz_torch_optimize_job &job, const at::Tensor &content)
        : net_(net), tiles_(cut(net, job.width, job.height, job.memory)),
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

    /* Leaves the gradient in x.grad(). */
    double evaluate(const at::Tensor &x)
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

  private:
    at::Tensor content_part(int layer, const Tile &t) const
    {
        return content_[layer] ? flat(inner_of_whole(content_[layer]->features, t, net_.strides[layer]))
                               : at::Tensor();
    }

    void measure(const Features &maps, const Tile &t, std::vector<Moments> &moments) const
    {
        const at::NoGradGuard none;
        for (int l = 0; l < net_.spec.layers; l++)
            if (used(net_.spec, l))
                moments[l].add(flat(inner(maps[l], t, net_.strides[l])), content_part(l, t));
    }

    /* Adds the tile's share to the gradient. */
    void descend(const Features &maps, const Tile &t, const std::vector<FeatureGradient> &gradients) const
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

    const stz_torch_loss &net_;
    std::vector<Tile> tiles_;
    std::vector<std::unique_ptr<ContentTarget>> content_;
    std::vector<LayerLoss> layers_;
};

/* ------------------------------------------------------------------ search */

/* Thrown through the optimiser, which has no other way to be stopped. */
struct Enough {
};

class Search
{
  public:
    Search(const stz_torch_loss &net, const stz_torch_optimize_job &job) : net_(net), job_(job)
    {
        const at::Tensor content = read_picture(net, job.content, job.width, job.height);
        objective_ = std::make_unique<Objective>(net, job, content);
        if (job.start) {
            x_ = read_picture(net, job.out, job.width, job.height);
        } else {
            auto random = at::make_generator<at::CPUGeneratorImpl>(job.seed);
            x_ = content + start_noise * at::randn(content.sizes(), random, at::kFloat).to(content.device());
        }
        x_.requires_grad_(true);
    }

    void run()
    {
        try {
            if (job_.adam)
                adam();
            else
                lbfgs();
        } catch (const Enough &) {
        }
        show(best_.defined() ? best_ : x_);
    }

  private:
    void show(const at::Tensor &x) const { write_picture(job_.out, x.detach()[0], 1); }

    at::Tensor step()
    {
        if (x_.grad().defined())
            x_.mutable_grad().zero_();
        const double loss = objective_->evaluate(x_);
        done_++;
        if (!std::isfinite(loss))
            throw Failure(STZ_TORCH_ENGINE, "the loss is not finite");
        if (!best_.defined() || loss < best_loss_) {
            best_loss_ = loss;
            best_ = x_.detach().clone();
        }
        const bool shown = job_.picture_every && done_ % job_.picture_every == 0;
        if (shown)
            show(best_);
        if (job_.progress && job_.progress(job_.user, done_, shown))
            throw Enough();
        if (done_ >= job_.evaluations)
            throw Enough();
        return at::scalar_tensor(loss, at::kDouble);
    }

    /* The pairs that L-BFGS keeps are each as large as two pictures. */
    int history() const
    {
        const double pair = 2.0 * 3 * 4 * job_.width * job_.height;
        return std::clamp(static_cast<int>(static_cast<double>(job_.memory) / pair), history_min,
                          history_max);
    }

    void lbfgs()
    {
        torch::optim::LBFGS optimizer({x_}, torch::optim::LBFGSOptions(1)
                                                .max_iter(job_.evaluations)
                                                .max_eval(job_.evaluations)
                                                .history_size(history())
                                                .tolerance_grad(0)
                                                .tolerance_change(0)
                                                .line_search_fn("strong_wolfe"));
        optimizer.step([this] { return step(); });
    }

    void adam()
    {
        const double rate = 0.02;
        torch::optim::Adam optimizer({x_}, torch::optim::AdamOptions(rate).betas({0.9, 0.99}));
        for (;;) {
            const double left = 1.0 - static_cast<double>(done_) / job_.evaluations;
            static_cast<torch::optim::AdamOptions &>(optimizer.param_groups()[0].options())
                .lr(rate * (0.1 + 0.9 * left));
            step();
            optimizer.step();
        }
    }

    const stz_torch_loss &net_;
    const stz_torch_optimize_job &job_;
    std::unique_ptr<Objective> objective_;
    at::Tensor x_, best_;
    double best_loss_ = 0;
    int done_ = 0;
};

/* ------------------------------------------------------------------ load */

/* Strides, and the bytes of a pixel: a run forward and backward on an empty picture. */
static void try_out(stz_torch_loss &net)
{
    settle_thread(net.torch);
    const int64_t side = (192 + net.spec.multiple - 1) / net.spec.multiple * net.spec.multiple;
    const auto meter = std::make_shared<Meter>();
    const c10::DebugInfoGuard measure(c10::DebugInfoKind::PROFILER_STATE, meter);
    const at::Tensor x = at::full({1, 3, side, side}, 0.5, at::dtype(at::kFloat).device(net.torch->device))
                             .requires_grad_(true);
    const Features maps = features(net, x);
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
        net->forward = Method(*method);
        stz::try_out(*net);
        *out = net.release();
    });
}

void stz_torch_loss_unload(stz_torch_loss *loss) noexcept { delete loss; }

int stz_torch_optimize(stz_torch_loss *loss, const stz_torch_optimize_job *job,
                       const stz_torch_error *error) noexcept
{
    return stz::guard(error, STZ_TORCH_ENGINE, [&] {
        stz::settle_thread(loss->torch);
        stz::Search(*loss, *job).run();
    });
}
