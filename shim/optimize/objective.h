/* What `optimize` makes small, for one picture size: the losses of all layers, and what needs no network. */
#ifndef STZ_TORCH_OBJECTIVE_H
#define STZ_TORCH_OBJECTIVE_H

#include <memory>
#include <vector>

#include <ATen/ATen.h>

#include "moments.h"
#include "tiles.h"

namespace stz
{

class Objective
{
  public:
    Objective(const stz_torch_loss &net, const stz_torch_optimize_job &job, const at::Tensor &content);

    /* Leaves the gradient in x.grad(). */
    double evaluate(const at::Tensor &x);

  private:
    using Features = std::vector<at::Tensor>;

    at::Tensor content_part(int layer, const Tile &t) const;
    void measure(const Features &maps, const Tile &t, std::vector<Moments> &moments) const;
    void descend(const Features &maps, const Tile &t, const std::vector<FeatureGradient> &gradients) const;

    const stz_torch_loss &net_;
    std::vector<Tile> tiles_;
    std::vector<std::unique_ptr<ContentTarget>> content_;
    std::vector<LayerLoss> layers_;
};

} // namespace stz
#endif
