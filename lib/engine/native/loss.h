/*
 * The losses of the method optimize, of one feature map. All of them are functions of a few sums over pixels, so a
 * picture can be looked at tile by tile and the loss is still that of the whole.
 *
 *   style    difference of the means, and of the centred covariances, of the picture's and the style's features, each
 *            a part of the style's own: weak and strong styles need no other weights
 *   content  squared distance of instance-normalised features: layout and edges count, palette and contrast are free.
 *            Equals 2 minus twice the correlation of each channel
 *
 * Arrays have `padded` channels, of which the first `channels` count; a matrix has padded rows of padded numbers.
 */
#ifndef STZ_LOSS_H
#define STZ_LOSS_H

#include <stddef.h>

/* Sums over the pixels of a feature map. */
typedef struct stz_moments {
    double count;
    double *sum, *cross, *second; /* of f, of f g with the content's g, of f f' */
} stz_moments;

/* Means and centred covariances of a style, with the squared sizes that differences are divided by. */
typedef struct stz_style_target {
    double *mean, *covariance;
    double mean_power, covariance_power;
    double weight;
} stz_style_target;

typedef struct stz_content_target {
    double *mean, *variance;
    double weight; /* 0: the content is not looked at */
} stz_content_target;

/* d loss / d f = constant + matrix f + cross g, for each pixel. */
typedef struct stz_loss_gradient {
    float *constant, *cross, *matrix;
} stz_loss_gradient;

typedef struct stz_layer_loss {
    int channels, padded;
    stz_style_target *styles;
    int style_count;
    stz_content_target content;
    double *work; /* padded * (padded + 3) numbers */
} stz_layer_loss;

void stz_style_target_set(const stz_layer_loss *l, const stz_moments *m, stz_style_target *out);
void stz_content_target_set(const stz_layer_loss *l, const stz_moments *m, stz_content_target *out);

/* The loss, and its gradient times `scale`. */
double stz_layer_loss_evaluate(const stz_layer_loss *l, const stz_moments *m, double scale,
                               stz_loss_gradient *out);

#endif
