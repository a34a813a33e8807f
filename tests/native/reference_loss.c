#include "reference_loss.h"

#include <math.h>
#include <stdlib.h>

#include "reference_back.h"

typedef struct map {
    const double *data; /* [channels][pixels] */
    int channels;
    size_t pixels;
} map;

static double *features(const reference_loss *l, const reference_picture *p, map *maps)
{
    const size_t count = reference_result_count(l->graph, p->width, p->height);
    double *data = malloc(count * sizeof *data), *factors = calloc(count, sizeof *factors);
    if (!data || !factors)
        abort();
    reference_back(l->graph, p->data, p->width, p->height, NULL, factors, NULL, data);
    free(factors);
    int channels = 3, width = p->width, height = p->height, layer = 0;
    const double *at = data;
    for (int i = 0; i < l->graph->count; i++) {
        const stz_op *op = &l->graph->ops[i];
        const int by = op->kind == STZ_OP_CONV ? op->stride : op->kind == STZ_OP_MEAN_POOL ? 2 : 1;
        const bool again = op->kind == STZ_OP_PICTURE;
        channels = op->out;
        width = again ? p->width / op->factor : (width + by - 1) / by;
        height = again ? p->height / op->factor : (height + by - 1) / by;
        if (op->kind != STZ_OP_TAP)
            continue;
        maps[layer++] = (map){at, channels, (size_t)width * (size_t)height};
        at += (size_t)channels * (size_t)width * (size_t)height;
    }
    return data;
}

static double mean_of(const map *m, int c)
{
    double sum = 0;
    for (size_t i = 0; i < m->pixels; i++)
        sum += m->data[(size_t)c * m->pixels + i];
    return sum / (double)m->pixels;
}

static double covariance_of(const map *m, int a, int b)
{
    const double mean_a = mean_of(m, a), mean_b = mean_of(m, b);
    double sum = 0;
    for (size_t i = 0; i < m->pixels; i++)
        sum += (m->data[(size_t)a * m->pixels + i] - mean_a) * (m->data[(size_t)b * m->pixels + i] - mean_b);
    return sum / (double)m->pixels;
}

static double style_loss(const map *x, const map *style)
{
    double means = 0, mean_power = 1e-6, covariances = 0, covariance_power = 1e-6;
    for (int a = 0; a < x->channels; a++) {
        const double own = mean_of(style, a);
        means += pow(mean_of(x, a) - own, 2);
        mean_power += own * own;
        for (int b = 0; b < x->channels; b++) {
            const double c = covariance_of(style, a, b);
            covariances += pow(covariance_of(x, a, b) - c, 2);
            covariance_power += c * c;
        }
    }
    return means / mean_power + covariances / covariance_power;
}

static double floor_of(const map *m)
{
    double sum = 0;
    for (int c = 0; c < m->channels; c++)
        sum += covariance_of(m, c, c);
    return 1e-2 * sum / m->channels + 1e-6;
}

/* Squared distance of the normalised features. */
static double content_loss(const map *x, const map *content)
{
    const double floor = floor_of(x), own_floor = floor_of(content);
    double sum = 0;
    for (int c = 0; c < x->channels; c++) {
        const double mean = mean_of(x, c), own = mean_of(content, c);
        const double size = sqrt(covariance_of(x, c, c) + floor),
                     own_size = sqrt(covariance_of(content, c, c) + own_floor);
        for (size_t i = 0; i < x->pixels; i++) {
            const size_t at = (size_t)c * x->pixels + i;
            sum += pow((x->data[at] - mean) / size - (content->data[at] - own) / own_size, 2);
        }
    }
    return sum / (double)x->pixels / x->channels;
}

/* Total variation, and what lies outside 0 to 1. */
static double plain_loss(const reference_picture *p)
{
    double down = 0, across = 0, outside = 0;
    const double *x = p->data;
    const size_t row = (size_t)p->width * 3, all = row * (size_t)p->height;
    for (size_t i = 0; i < all; i++) {
        down += i + row < all ? fabs(x[i + row] - x[i]) : 0;
        across += i % row + 3 < row ? fabs(x[i + 3] - x[i]) : 0;
        outside += pow(x[i] - fmin(fmax(x[i], 0), 1), 2);
    }
    return .5 * (down / (double)(all - row) + across / (double)(all - (size_t)p->height * 3)) +
           10 * outside / (double)all;
}

double reference_loss_of(const reference_loss *l, const double *x)
{
    map own[STZ_LAYERS_MAX], other[STZ_LAYERS_MAX];
    const reference_picture picture = {x, l->content.width, l->content.height};
    double *maps = features(l, &picture, own), loss = plain_loss(&picture);
    for (int s = -1; s < l->style_count; s++) { /* -1: the content */
        double *others = features(l, s < 0 ? &l->content : &l->styles[s], other);
        for (int i = 0; i < l->layers; i++) {
            const double weight =
                s < 0 ? (double)l->content_weights[i] : (double)l->style_weights[i] * l->shares[s];
            if (weight > 0)
                loss += weight * (s < 0 ? content_loss(&own[i], &other[i]) : style_loss(&own[i], &other[i]));
        }
        free(others);
    }
    free(maps);
    return 100 * loss;
}
