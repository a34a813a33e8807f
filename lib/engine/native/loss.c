#include "engine/native/loss.h"

#include <math.h>
#include <string.h>

static size_t at(const stz_layer_loss *l, int row, int column)
{
    return (size_t)row * (size_t)l->padded + (size_t)column;
}

static void covariance_of(const stz_layer_loss *l, const stz_moments *m, const double *mean, double *out)
{
    for (int i = 0; i < l->channels; i++)
        for (int j = 0; j < l->channels; j++)
            out[at(l, i, j)] = m->second[at(l, i, j)] / m->count - mean[i] * mean[j];
}

static double square(double x) { return x * x; }

void stz_style_target_set(const stz_layer_loss *l, const stz_moments *m, stz_style_target *out)
{
    out->mean_power = out->covariance_power = 1e-6;
    for (int i = 0; i < l->channels; i++) {
        out->mean[i] = m->sum[i] / m->count;
        out->mean_power += square(out->mean[i]);
    }
    covariance_of(l, m, out->mean, out->covariance);
    for (int i = 0; i < l->channels; i++)
        for (int j = 0; j < l->channels; j++)
            out->covariance_power += square(out->covariance[at(l, i, j)]);
}

void stz_content_target_set(const stz_layer_loss *l, const stz_moments *m, stz_content_target *out)
{
    for (int i = 0; i < l->channels; i++) {
        out->mean[i] = m->sum[i] / m->count;
        out->variance[i] = fmax(m->second[at(l, i, i)] / m->count - square(out->mean[i]), 0);
    }
}

/* Adds the loss of one style; by_mean and by_covariance get its derivatives. */
static double style_loss(const stz_layer_loss *l, const stz_style_target *s, const double *mean,
                         const stz_moments *m, double *by_mean, double *by_covariance)
{
    double means = 0, covariances = 0;
    const double of_mean = s->weight / s->mean_power, of_covariance = s->weight / s->covariance_power;
    for (int i = 0; i < l->channels; i++) {
        const double d = mean[i] - s->mean[i];
        means += d * d;
        by_mean[i] += 2 * of_mean * d;
        for (int j = 0; j < l->channels; j++) {
            const size_t k = at(l, i, j);
            const double c = m->second[k] / m->count - mean[i] * mean[j] - s->covariance[k];
            covariances += c * c;
            by_covariance[k] += 2 * of_covariance * c;
        }
    }
    return of_mean * means + of_covariance * covariances;
}

/* What variances are softened by: 1 % of their mean, so that a channel of nothing is not blown up. */
#define SOFT 1e-2
static double floor_of(const stz_layer_loss *l, const double *variance)
{
    double sum = 0;
    for (int i = 0; i < l->channels; i++)
        sum += variance[i];
    return SOFT * sum / l->channels + 1e-6;
}

static double content_loss(const stz_layer_loss *l, const double *mean, const double *variance,
                           const stz_moments *m, double *by_mean, double *by_covariance, double *by_cross)
{
    const stz_content_target *c = &l->content;
    const double floor = floor_of(l, variance), own_floor = floor_of(l, c->variance),
                 share = c->weight / l->channels;
    double loss = 0, by_floor = 0;
    for (int i = 0; i < l->channels; i++) {
        const double v = variance[i] + floor, w = c->variance[i] + own_floor, root = 1 / sqrt(v * w);
        const double joint = m->cross[i] / m->count - mean[i] * c->mean[i];
        loss += share * (variance[i] / v + c->variance[i] / w - 2 * joint * root);
        const double by_v = share * (-variance[i] / (v * v) + joint * root / v);
        by_floor += by_v;
        by_covariance[at(l, i, i)] += share / v + by_v;
        by_cross[i] = -2 * share * root;
        by_mean[i] += 2 * share * c->mean[i] * root;
    }
    for (int i = 0; i < l->channels; i++)
        by_covariance[at(l, i, i)] += SOFT / l->channels * by_floor;
    return loss;
}

double stz_layer_loss_evaluate(const stz_layer_loss *l, const stz_moments *m, double scale,
                               stz_loss_gradient *out)
{
    const size_t padded = (size_t)l->padded;
    double *mean = l->work, *by_mean = mean + padded, *by_cross = by_mean + padded,
           *by_covariance = by_cross + padded;
    double loss = 0;
    memset(l->work, 0, sizeof *l->work * padded * (padded + 3));
    memset(out->constant, 0, sizeof(float) * padded);
    memset(out->cross, 0, sizeof(float) * padded);
    memset(out->matrix, 0, sizeof(float) * padded * padded);
    for (int i = 0; i < l->channels; i++)
        mean[i] = m->sum[i] / m->count;
    for (int s = 0; s < l->style_count; s++)
        loss += style_loss(l, &l->styles[s], mean, m, by_mean, by_covariance);
    if (l->content.weight > 0) {
        double *variance = by_cross; /* until that is set, channel by channel */
        for (int i = 0; i < l->channels; i++)
            variance[i] = fmax(m->second[at(l, i, i)] / m->count - square(mean[i]), 0);
        loss += content_loss(l, mean, variance, m, by_mean, by_covariance, by_cross);
    }
    const double factor = scale / m->count;
    for (int i = 0; i < l->channels; i++) {
        for (int j = 0; j < l->channels; j++) {
            by_mean[i] -= 2 * by_covariance[at(l, i, j)] * mean[j];
            out->matrix[at(l, i, j)] = (float)(2 * factor * by_covariance[at(l, i, j)]);
        }
        out->constant[i] = (float)(factor * by_mean[i]);
        out->cross[i] = (float)(factor * by_cross[i]);
    }
    return loss;
}
