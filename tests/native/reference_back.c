#include "reference_back.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct map {
    int channels, width, height;
    double *data; /* [channels][height][width] */
} map;

/* The value before each operation, and after the last. */
typedef struct tape {
    const stz_graph *graph;
    const double *code;
    map *values;
    map saved;
} tape;

static void *need(size_t count, size_t size)
{
    void *p = calloc(count + 1, size);
    if (!p)
        abort();
    return p;
}

static size_t area(const map *m) { return (size_t)m->width * (size_t)m->height; }
static size_t count_of(const map *m) { return (size_t)m->channels * area(m); }

static map map_new(int channels, int width, int height)
{
    map m = {channels, width, height, NULL};
    m.data = need(count_of(&m), sizeof *m.data);
    return m;
}

static int mirror(int i, int n)
{
    if (n == 1)
        return 0;
    i = abs(i) % (2 * (n - 1));
    return i < n ? i : 2 * (n - 1) - i;
}

/* Sizes after an operation. */
static map shape_after(const stz_op *op, const map *in, int width, int height)
{
    map m = {in->channels, in->width, in->height, NULL};
    switch (op->kind) {
    case STZ_OP_CONV:
        m = (map){op->out, (in->width + op->stride - 1) / op->stride,
                  (in->height + op->stride - 1) / op->stride, NULL};
        break;
    case STZ_OP_UPSAMPLE:
        m = (map){in->channels, in->width * 2, in->height * 2, NULL};
        break;
    case STZ_OP_PIXEL_SHUFFLE:
        m = (map){in->channels / 4, in->width * 2, in->height * 2, NULL};
        break;
    case STZ_OP_PIXEL_UNSHUFFLE:
        m = (map){in->channels * 4, in->width / 2, in->height / 2, NULL};
        break;
    case STZ_OP_MEAN_POOL:
        m = (map){in->channels, in->width / 2, in->height / 2, NULL};
        break;
    case STZ_OP_PICTURE:
        m = (map){3, width / op->factor, height / op->factor, NULL};
        break;
    default:
        break;
    }
    return m;
}

/* One walk over all products of a convolution: forward (out += w x), or back (gx += w gy, gw += x gy). */
static void conv(const stz_op *op, const map *x, map *y, map *gx, const map *gy, double *gw)
{
    const int k = op->kernel, s = op->stride;
    const map *size = y ? y : gy;
    for (int o = 0; o < op->out; o++)
        for (int c = 0; c < op->in; c++)
            for (int t = 0; t < k * k; t++) {
                const size_t at = ((size_t)o * (size_t)op->in + (size_t)c) * (size_t)(k * k) + (size_t)t;
                const double w = (double)op->weight[at];
                double sum = 0;
                for (int row = 0; row < size->height; row++)
                    for (int col = 0; col < size->width; col++) {
                        const size_t to =
                            (size_t)o * area(size) + (size_t)row * (size_t)size->width + (size_t)col;
                        const size_t from =
                            (size_t)c * area(x) +
                            (size_t)mirror(row * s + t / k - k / 2, x->height) * (size_t)x->width +
                            (size_t)mirror(col * s + t % k - k / 2, x->width);
                        if (y) {
                            y->data[to] += w * x->data[from];
                        } else {
                            gx->data[from] += w * gy->data[to];
                            sum += x->data[from] * gy->data[to];
                        }
                    }
                if (gw)
                    gw[at] += sum;
            }
}

static void add_bias(const stz_op *op, map *y)
{
    for (int o = 0; o < op->out && op->bias; o++)
        for (size_t i = 0; i < area(y); i++)
            y->data[(size_t)o * area(y) + i] += (double)op->bias[o];
}

static void norm_of(const tape *t, const stz_op *op, const map *x, int c, double *mean, double *inverse,
                    double *gamma, double *beta)
{
    const double *p = x->data + (size_t)c * area(x);
    double variance = 0;
    *mean = 0;
    for (size_t i = 0; i < area(x); i++)
        *mean += p[i] / (double)area(x);
    for (size_t i = 0; i < area(x); i++)
        variance += (p[i] - *mean) * (p[i] - *mean) / (double)area(x);
    *inverse = 1 / sqrt(variance + (double)t->graph->eps);
    *gamma = op->gamma ? (double)op->gamma[c] : t->code[op->norm_offset + c];
    *beta = op->beta ? (double)op->beta[c] : t->code[t->graph->norm_channels + op->norm_offset + c];
}

static void norm(const tape *t, const stz_op *op, const map *x, map *y)
{
    for (int c = 0; c < x->channels; c++) {
        double mean, inverse, gamma, beta;
        norm_of(t, op, x, c, &mean, &inverse, &gamma, &beta);
        for (size_t i = (size_t)c * area(x); i < (size_t)(c + 1) * area(x); i++)
            y->data[i] = (x->data[i] - mean) * inverse * gamma + beta;
    }
}

static void norm_back(const tape *t, const stz_op *op, const map *x, const map *gy, map *gx, double *code,
                      double *weights)
{
    const double n = (double)area(x);
    for (int c = 0; c < x->channels; c++) {
        double mean, inverse, gamma, beta, sum = 0, product = 0;
        const size_t first = (size_t)c * area(x), last = first + area(x);
        norm_of(t, op, x, c, &mean, &inverse, &gamma, &beta);
        for (size_t i = first; i < last; i++) {
            sum += gy->data[i];
            product += gy->data[i] * (x->data[i] - mean) * inverse;
        }
        for (size_t i = first; i < last; i++)
            gx->data[i] =
                gamma * inverse * (gy->data[i] - sum / n - (x->data[i] - mean) * inverse * product / n);
        if (op->gamma) {
            weights[c] = product;
            weights[op->out + c] = sum;
        } else {
            code[op->norm_offset + c] = product;
            code[t->graph->norm_channels + op->norm_offset + c] = sum;
        }
    }
}

/* Where value i of the smaller picture with more channels comes from in the larger one. */
static size_t shuffled(const map *small, const map *large, size_t i)
{
    const size_t c = i / area(small), y = i % area(small) / (size_t)small->width,
                 x = i % (size_t)small->width;
    return c / 4 * area(large) + (2 * y + c % 4 / 2) * (size_t)large->width + 2 * x + c % 2;
}

static size_t halved(const map *large, const map *small, size_t i)
{
    const size_t c = i / area(large), y = i % area(large) / (size_t)large->width,
                 x = i % (size_t)large->width;
    return c * area(small) + y / 2 * (size_t)small->width + x / 2;
}

/* The value that the first convolution reads: `picture` begins again there. */
static int first_conv(const stz_graph *g)
{
    int i = 0;
    while (g->ops[i].kind != STZ_OP_CONV)
        i++;
    return i;
}

/* Where value i of the picture goes in its means over factor x factor pixels. */
static size_t shrunk(const map *large, const map *small, int factor, size_t i)
{
    const size_t c = i / area(large), y = i % area(large) / (size_t)large->width,
                 x = i % (size_t)large->width;
    return c * area(small) + y / (size_t)factor * (size_t)small->width + x / (size_t)factor;
}

static double pointwise(const stz_op *op, double x)
{
    switch (op->kind) {
    case STZ_OP_RELU:
        return x > 0 ? x : 0;
    case STZ_OP_SIGMOID:
        return 1 / (1 + exp(-x));
    case STZ_OP_CLAMP:
        return fmin(fmax(x, (double)op->value), (double)op->high);
    case STZ_OP_SUB:
        return x - (double)op->value;
    case STZ_OP_MUL:
        return x * (double)op->value;
    default:
        return x;
    }
}

static double slope(const stz_op *op, double x)
{
    switch (op->kind) {
    case STZ_OP_RELU:
        return x > 0;
    case STZ_OP_SIGMOID:
        return 1 / (1 + exp(-x)) * (1 - 1 / (1 + exp(-x)));
    case STZ_OP_CLAMP:
        return x > (double)op->value && x < (double)op->high;
    case STZ_OP_MUL:
        return (double)op->value;
    default:
        return 1;
    }
}

static void forward(tape *t, int i)
{
    const stz_op *op = &t->graph->ops[i];
    const map *x = &t->values[i];
    map y = shape_after(op, x, t->values[0].width, t->values[0].height);
    y = map_new(y.channels, y.width, y.height);
    if (op->kind == STZ_OP_CONV) {
        conv(op, x, &y, NULL, NULL, NULL);
        add_bias(op, &y);
    } else if (op->kind == STZ_OP_NORM) {
        norm(t, op, x, &y);
    } else if (op->kind == STZ_OP_UPSAMPLE) {
        for (size_t k = 0; k < count_of(&y); k++)
            y.data[k] = x->data[halved(&y, x, k)];
    } else if (op->kind == STZ_OP_MEAN_POOL) {
        for (size_t k = 0; k < count_of(x); k++)
            y.data[halved(x, &y, k)] += x->data[k] / 4;
    } else if (op->kind == STZ_OP_PICTURE) {
        const map *from = &t->values[first_conv(t->graph)];
        for (size_t k = 0; k < count_of(from); k++)
            y.data[shrunk(from, &y, op->factor, k)] += from->data[k] / (op->factor * op->factor);
    } else if (op->kind == STZ_OP_PIXEL_UNSHUFFLE) {
        for (size_t k = 0; k < count_of(&y); k++)
            y.data[k] = x->data[shuffled(&y, x, k)];
    } else if (op->kind == STZ_OP_PIXEL_SHUFFLE) {
        for (size_t k = 0; k < count_of(x); k++)
            y.data[shuffled(x, &y, k)] = x->data[k];
    } else {
        for (size_t k = 0; k < count_of(x); k++)
            y.data[k] = pointwise(op, x->data[k]) + (op->kind == STZ_OP_ADD_SAVED ? t->saved.data[k] : 0);
        if (op->kind == STZ_OP_SAVE)
            t->saved = *x;
    }
    t->values[i + 1] = y;
}

/* The number of a map that is nearest to 0, over the root of the mean square. */
static double nearest(const map *m)
{
    double least = INFINITY, squares = 0;
    for (size_t k = 0; k < count_of(m); k++) {
        least = fmin(least, fabs(m->data[k]));
        squares += m->data[k] * m->data[k];
    }
    return least / sqrt(squares / (double)count_of(m) + 1e-30);
}

/* The gradient of values[i] from that of values[i + 1]. */
static map backward(const tape *t, int i, const map *gy, map *saved, double *code, double *weights)
{
    const stz_op *op = &t->graph->ops[i];
    const map *x = &t->values[i];
    map gx = map_new(x->channels, x->width, x->height);
    if (op->kind == STZ_OP_CONV) {
        conv(op, x, NULL, &gx, gy, weights);
        for (int o = 0; o < op->out && op->bias; o++)
            for (size_t k = 0; k < area(gy); k++)
                weights[(size_t)op->out * (size_t)op->in * (size_t)(op->kernel * op->kernel) + (size_t)o] +=
                    gy->data[(size_t)o * area(gy) + k];
    } else if (op->kind == STZ_OP_NORM) {
        norm_back(t, op, x, gy, &gx, code, weights);
    } else if (op->kind == STZ_OP_UPSAMPLE) {
        for (size_t k = 0; k < count_of(gy); k++)
            gx.data[halved(gy, x, k)] += gy->data[k];
    } else if (op->kind == STZ_OP_PICTURE) {
        return gx; /* nothing goes further back here */
    } else if (op->kind == STZ_OP_MEAN_POOL) {
        for (size_t k = 0; k < count_of(x); k++)
            gx.data[k] = gy->data[halved(x, gy, k)] / 4;
    } else if (op->kind == STZ_OP_PIXEL_UNSHUFFLE) {
        for (size_t k = 0; k < count_of(gy); k++)
            gx.data[shuffled(gy, x, k)] = gy->data[k];
    } else if (op->kind == STZ_OP_PIXEL_SHUFFLE) {
        for (size_t k = 0; k < count_of(x); k++)
            gx.data[k] = gy->data[shuffled(x, gy, k)];
    } else {
        for (size_t k = 0; k < count_of(x); k++)
            gx.data[k] = gy->data[k] * slope(op, x->data[k]);
        if (op->kind == STZ_OP_ADD_SAVED) {
            *saved = map_new(x->channels, x->width, x->height);
            memcpy(saved->data, gy->data, count_of(gy) * sizeof *gy->data);
        }
        for (size_t k = 0; op->kind == STZ_OP_SAVE && k < count_of(x); k++)
            gx.data[k] += saved->data[k];
        if (op->kind == STZ_OP_SAVE)
            free(saved->data);
    }
    return gx;
}

/* Between interleaved pictures and planes. */
static size_t interleaved(const map *m, size_t i) { return i % area(m) * 3 + i / area(m); }

static size_t weights_of(const stz_op *op)
{
    if (op->kind == STZ_OP_NORM)
        return op->gamma ? 2 * (size_t)op->out : 0;
    if (op->kind != STZ_OP_CONV)
        return 0;
    return (size_t)op->out * (size_t)op->in * (size_t)(op->kernel * op->kernel) +
           (op->bias ? (size_t)op->out : 0);
}

static bool has_taps(const stz_graph *g) { return g->ops[g->count - 1].kind == STZ_OP_TAP; }

size_t reference_result_count(const stz_graph *graph, int width, int height)
{
    map m = {3, width, height, NULL};
    size_t count = 0;
    for (int i = 0; i < graph->count; i++) {
        m = shape_after(&graph->ops[i], &m, width, height);
        if (graph->ops[i].kind == STZ_OP_TAP)
            count += count_of(&m);
    }
    return has_taps(graph) ? count : count_of(&m);
}

/* The factors of the result's numbers, as the gradient of values[i + 1]; result: its numbers. */
static double look(const map *m, bool picture, const double *factors, double *result, map *gradient)
{
    double sum = 0;
    for (size_t k = 0; k < count_of(m); k++) {
        const size_t at = picture ? interleaved(m, k) : k;
        sum += factors[at] * m->data[k];
        if (gradient)
            gradient->data[k] += factors[at];
        else if (result)
            result[at] = m->data[k];
    }
    return sum;
}

static double run_forward(tape *t, const double *factors, double *result)
{
    const stz_graph *g = t->graph;
    double sum = 0;
    for (int i = 0; i < g->count; i++) {
        forward(t, i);
        const map *m = &t->values[i + 1];
        if (g->ops[i].kind == STZ_OP_TAP) {
            sum += look(m, false, factors, result, NULL);
            factors += count_of(m);
            result = result ? result + count_of(m) : NULL;
        }
    }
    return has_taps(g) ? sum : look(&t->values[g->count], true, factors, result, NULL);
}

static void run_back(const tape *t, const double *factors, reference_gradient *out)
{
    const stz_graph *g = t->graph;
    const map *end = &t->values[g->count];
    map gradient = map_new(end->channels, end->width, end->height), saved = {0};
    size_t weights = out->weight_count;
    factors += has_taps(g) ? reference_result_count(g, t->values[0].width, t->values[0].height) : 0;
    if (!has_taps(g))
        look(end, true, factors, NULL, &gradient);
    const int first = first_conv(g);
    map again = map_new(3, t->values[0].width, t->values[0].height); /* from where `picture` began */
    for (int i = g->count - 1; i >= 0; i--) {
        if (g->ops[i].kind == STZ_OP_TAP) {
            factors -= count_of(&gradient);
            look(&t->values[i + 1], false, factors, NULL, &gradient);
        }
        weights -= weights_of(&g->ops[i]);
        map before = backward(t, i, &gradient, &saved, out->code, out->weights + weights);
        const int factor = g->ops[i].factor;
        for (size_t k = 0; g->ops[i].kind == STZ_OP_PICTURE && k < count_of(&again); k++)
            again.data[k] += gradient.data[shrunk(&again, &gradient, factor, k)] / (factor * factor);
        for (size_t k = 0; i == first && has_taps(g) && k < count_of(&again); k++)
            before.data[k] += again.data[k];
        free(gradient.data);
        gradient = before;
    }
    free(again.data);
    for (size_t k = 0; k < count_of(&gradient); k++)
        out->picture[interleaved(&gradient, k)] = gradient.data[k];
    free(gradient.data);
}

double reference_back(const stz_graph *graph, const double *in, int width, int height, const double *code,
                      const double *factors, reference_gradient *gradient, double *result)
{
    tape t = {graph, code, need((size_t)graph->count + 1, sizeof *t.values), {0}};
    t.values[0] = map_new(3, width, height);
    for (size_t k = 0; k < count_of(&t.values[0]); k++)
        t.values[0].data[k] = in[interleaved(&t.values[0], k)];
    const double number = run_forward(&t, factors, result);
    if (gradient) {
        *gradient = (reference_gradient){.picture = need((size_t)width * (size_t)height * 3, sizeof(double))};
        for (int i = 0; i < graph->count; i++)
            gradient->weight_count += weights_of(&graph->ops[i]);
        gradient->weights = need(gradient->weight_count, sizeof(double));
        gradient->corner = INFINITY;
        for (int i = 0; i < graph->count; i++)
            if (graph->ops[i].kind == STZ_OP_RELU)
                gradient->corner = fmin(gradient->corner, nearest(&t.values[i]));
        gradient->code = graph->code_length ? need((size_t)graph->code_length, sizeof(double)) : NULL;
        run_back(&t, factors, gradient);
    }
    for (int i = 0; i <= graph->count; i++)
        free(t.values[i].data);
    free(t.values);
    return number;
}

void reference_gradient_free(reference_gradient *g)
{
    free(g->picture);
    free(g->code);
    free(g->weights);
    *g = (reference_gradient){0};
}
