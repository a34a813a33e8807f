/*
 * The losses of `optimize`. All of them are functions of a few moments of the feature maps, which are
 * sums over pixels: so a picture can be looked at tile by tile and the loss is still that of the whole.
 *
 *   style    difference of the means, and of the centred covariances, of the picture's and the style's
 *            features, each a part of the style's own: weak and strong styles need no other weights. (The
 *            2-Wasserstein distance of the two normal distributions was tried: a weaker picture, as all
 *            directions count alike, and twice the time.)
 *   content  instance-normalised features, squared distance: layout and edges count, palette and
 *            contrast are free. Equals 2 minus twice the correlation of each channel.
 */
#ifndef STZ_TORCH_MOMENTS_H
#define STZ_TORCH_MOMENTS_H

#include <utility>
#include <vector>

#include <ATen/ATen.h>

namespace stz
{

/* Sums over the pixels of one feature map; double, on the CPU. */
struct Moments {
    int64_t count = 0;
    at::Tensor sum;    /* [C] */
    at::Tensor second; /* [C, C], sum of f f' */
    at::Tensor cross; /* [C], sum of f g with the content's g; undefined where the content is not looked at */

    /* f: [C, n]; g: [C, n] or undefined. */
    void add(const at::Tensor &f, const at::Tensor &g);
};

/* A style's features, prepared for many comparisons. */
struct StyleTarget {
    at::Tensor mean, cov; /* [C], [C, C] */
    double mean_power = 0, cov_power = 0;
    explicit StyleTarget(const Moments &m);
};

/* The content's features of one layer. */
struct ContentTarget {
    at::Tensor features;  /* [C, H, W], on the device */
    at::Tensor mean, var; /* [C] */
    ContentTarget(at::Tensor map, const Moments &m);
};

/* What the gradient of a loss by the features is made of: d loss / d f = constant + matrix f + cross g,
 * already divided by the number of pixels. On the CPU, fp32. */
struct FeatureGradient {
    at::Tensor constant, matrix, cross; /* [C], [C, C], [C] or undefined */
};

/* The loss of one layer and its gradient by the moments. Styles have weights; content may be NULL. */
struct LayerLoss {
    std::vector<std::pair<StyleTarget, double>> styles;
    const ContentTarget *content = nullptr;
    double content_weight = 0;
    double evaluate(const Moments &m, FeatureGradient &gradient) const;
};

} // namespace stz

#endif
