#include "reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Planar: [channels][height][width]. */
typedef struct image {
    int channels, width, height;
    double *data;
} image;

typedef struct run {
    const stz_graph *graph;
    const float *code, *stats;
    float *stats_out;
    image now, saved;
    double *vector;     /* encoder */
    double *statistics; /* encoder: the vector before the first linear map */
    int length;
    bool linear;
} run;

static void *need(size_t bytes)
{
    void *p = malloc(bytes ? bytes : 1);
    if (!p)
        abort();
    return p;
}

static size_t area(const image *x) { return (size_t)x->width * (size_t)x->height; }

static image image_new(int channels, int width, int height)
{
    image x = {channels, width, height, NULL};
    x.data = need((size_t)channels * area(&x) * sizeof *x.data);
    return x;
}

static void replace(run *r, image next)
{
    free(r->now.data);
    r->now = next;
}

/* Mirrored at the border, the border itself not repeated. */
static int reflect(int i, int n)
{
    if (n == 1)
        return 0;
    const int period = 2 * (n - 1);
    i = abs(i) % period;
    return i < n ? i : period - i;
}

static image padded(const image *x, int pad)
{
    image p = image_new(x->channels, x->width + 2 * pad, x->height + 2 * pad);
    double *to = p.data;
    for (int c = 0; c < x->channels; c++)
        for (int row = 0; row < p.height; row++) {
            const double *from =
                x->data + (size_t)c * area(x) + (size_t)reflect(row - pad, x->height) * (size_t)x->width;
            for (int col = 0; col < p.width; col++)
                *to++ = from[reflect(col - pad, x->width)];
        }
    return p;
}

/* One row of one output channel, into double sums. */
static void conv_row(const stz_op *op, const image *p, int o, int row, int width, double *sums)
{
    const int k = op->kernel;
    for (int x = 0; x < width; x++)
        sums[x] = op->bias ? (double)op->bias[o] : 0;
    for (int c = 0; c < op->in; c++)
        for (int tap = 0; tap < k * k; tap++) {
            const double weight =
                (double)op->weight[((size_t)o * (size_t)op->in + (size_t)c) * (size_t)(k * k) + (size_t)tap];
            const double *from = p->data + (size_t)c * area(p) +
                                 (size_t)(row * op->stride + tap / k) * (size_t)p->width + tap % k;
            for (int x = 0; x < width; x++)
                sums[x] += weight * from[x * op->stride];
        }
}

static void do_conv(run *r, const stz_op *op)
{
    const int s = op->stride;
    image p = padded(&r->now, op->kernel / 2);
    image out = image_new(op->out, (r->now.width + s - 1) / s, (r->now.height + s - 1) / s);
    double *to = out.data;
    for (int o = 0; o < op->out; o++)
        for (int row = 0; row < out.height; row++, to += out.width)
            conv_row(op, &p, o, row, out.width, to);
    free(p.data);
    replace(r, out);
}

static void moments(const double *x, size_t n, double *mean, double *variance)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    *mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (x[i] - *mean) * (x[i] - *mean);
    *variance = squares / (double)n;
}

static void do_norm(run *r, const stz_op *op)
{
    const int all = r->graph->norm_channels;
    for (int c = 0; c < r->now.channels; c++) {
        const int at = op->norm_offset + c;
        double *x = r->now.data + (size_t)c * area(&r->now);
        double mean, variance;
        moments(x, area(&r->now), &mean, &variance);
        if (r->stats_out) {
            r->stats_out[at] = (float)mean;
            r->stats_out[all + at] = (float)variance;
        }
        if (r->stats) {
            mean = (double)r->stats[at];
            variance = (double)r->stats[all + at];
        }
        const double gamma = (double)(op->gamma ? op->gamma[c] : r->code[at]);
        const double beta = (double)(op->beta ? op->beta[c] : r->code[all + at]);
        const double scale = gamma / sqrt(variance + (double)r->graph->eps);
        for (size_t i = 0; i < area(&r->now); i++)
            x[i] = (x[i] - mean) * scale + beta;
    }
}

static void do_upsample(run *r)
{
    image out = image_new(r->now.channels, r->now.width * 2, r->now.height * 2);
    double *to = out.data;
    for (int c = 0; c < out.channels; c++)
        for (int y = 0; y < out.height; y++)
            for (int x = 0; x < out.width; x++)
                *to++ = r->now.data[(size_t)c * area(&r->now) + (size_t)(y / 2) * (size_t)r->now.width +
                                    (size_t)(x / 2)];
    replace(r, out);
}

/* Channel c * 4 + dy * 2 + dx of the small image is channel c of the large one at (2y + dy, 2x + dx). */
static void do_shuffle(run *r, bool un)
{
    const image *in = &r->now;
    image out = un ? image_new(in->channels * 4, in->width / 2, in->height / 2)
                   : image_new(in->channels / 4, in->width * 2, in->height * 2);
    const image *small = un ? &out : in, *large = un ? in : &out;
    for (int c = 0; c < large->channels; c++)
        for (int y = 0; y < large->height; y++)
            for (int x = 0; x < large->width; x++) {
                const size_t l = (size_t)c * area(large) + (size_t)y * (size_t)large->width + (size_t)x;
                const size_t s = (size_t)(c * 4 + y % 2 * 2 + x % 2) * area(small) +
                                 (size_t)(y / 2) * (size_t)small->width + (size_t)(x / 2);
                if (un)
                    out.data[s] = in->data[l];
                else
                    out.data[l] = in->data[s];
            }
    replace(r, out);
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
        abort();
    }
}

static void do_pointwise(run *r, const stz_op *op)
{
    if (r->linear) {
        for (int i = 0; i < r->length; i++)
            r->vector[i] = pointwise(op, r->vector[i]);
        return;
    }
    for (size_t i = 0; i < (size_t)r->now.channels * area(&r->now); i++)
        r->now.data[i] = pointwise(op, r->now.data[i]);
}

static void do_save(run *r)
{
    r->saved = image_new(r->now.channels, r->now.width, r->now.height);
    memcpy(r->saved.data, r->now.data, (size_t)r->now.channels * area(&r->now) * sizeof *r->now.data);
}

static void do_add(run *r)
{
    for (size_t i = 0; i < (size_t)r->now.channels * area(&r->now); i++)
        r->now.data[i] += r->saved.data[i];
    free(r->saved.data);
    r->saved.data = NULL;
}

static void do_mean_std(run *r)
{
    const int n = r->now.channels;
    r->vector = realloc(r->vector, (size_t)(r->length + 2 * n) * sizeof *r->vector);
    if (!r->vector)
        abort();
    for (int c = 0; c < n; c++) {
        double variance;
        moments(r->now.data + (size_t)c * area(&r->now), area(&r->now), &r->vector[r->length + c], &variance);
        r->vector[r->length + n + c] = sqrt(variance + (double)r->graph->eps);
    }
    r->length += 2 * n;
}

static void do_linear(run *r, const stz_op *op)
{
    double *out = need((size_t)op->out * sizeof *out);
    if (!r->linear) {
        r->statistics = need((size_t)r->length * sizeof *r->statistics);
        memcpy(r->statistics, r->vector, (size_t)r->length * sizeof *r->statistics);
    }
    for (int o = 0; o < op->out; o++) {
        out[o] = op->bias ? (double)op->bias[o] : 0;
        for (int i = 0; i < op->in; i++)
            out[o] += (double)op->weight[(size_t)o * (size_t)op->in + (size_t)i] * r->vector[i];
    }
    free(r->vector);
    r->vector = out;
    r->length = op->out;
    r->linear = true;
}

static void do_op(run *r, const stz_op *op)
{
    switch (op->kind) {
    case STZ_OP_CONV:
        do_conv(r, op);
        break;
    case STZ_OP_NORM:
        do_norm(r, op);
        break;
    case STZ_OP_SAVE:
        do_save(r);
        break;
    case STZ_OP_ADD_SAVED:
        do_add(r);
        break;
    case STZ_OP_UPSAMPLE:
        do_upsample(r);
        break;
    case STZ_OP_PIXEL_SHUFFLE:
    case STZ_OP_PIXEL_UNSHUFFLE:
        do_shuffle(r, op->kind == STZ_OP_PIXEL_UNSHUFFLE);
        break;
    case STZ_OP_APPEND_MEAN_STD:
        do_mean_std(r);
        break;
    case STZ_OP_LINEAR:
        do_linear(r, op);
        break;
    case STZ_OP_CORRECT: /* reference_encode does it */
        break;
    default:
        do_pointwise(r, op);
    }
}

static void execute(run *r, const float *in, int width, int height)
{
    r->now = image_new(3, width, height);
    for (size_t i = 0, n = area(&r->now); i < n; i++)
        for (size_t c = 0; c < 3; c++)
            r->now.data[c * n + i] = (double)in[i * 3 + c];
    for (int i = 0; i < r->graph->count; i++)
        do_op(r, &r->graph->ops[i]);
}

void reference_apply(const stz_graph *graph, const float *in, int width, int height, const float *code,
                     const float *stats, float *stats_out, float *out)
{
    run r = {.graph = graph, .code = code, .stats = stats, .stats_out = stats_out};
    execute(&r, in, width, height);
    for (size_t i = 0, n = area(&r.now); i < n; i++)
        for (size_t c = 0; c < 3; c++)
            out[i * 3 + c] = (float)r.now.data[c * n + i];
    free(r.now.data);
}

static double hidden_unit(const stz_op *op, int h, const double *statistics)
{
    double sum = (double)op->bias[h];
    for (int i = 0; i < op->in; i++)
        sum += (double)op->weight[(size_t)h * (size_t)op->in + (size_t)i] * statistics[i];
    return sum > 0 ? sum : 0;
}

/* What the code lacks, added to it. */
static void correct(const stz_graph *graph, const stz_graph *generator, const double *wanted, float *code)
{
    const stz_op *op = &graph->ops[graph->count - 1];
    float *painting = need(3 * sizeof *painting * (size_t)op->probe_width * (size_t)op->probe_height);
    reference_apply(generator, op->probe, op->probe_width, op->probe_height, code, NULL, NULL, painting);
    run r = {.graph = graph};
    execute(&r, painting, op->probe_width, op->probe_height);
    double *apart = need(sizeof *apart * (size_t)op->hidden);
    for (int h = 0; h < op->hidden; h++)
        apart[h] = hidden_unit(op, h, wanted) - hidden_unit(op, h, r.statistics);
    for (int o = 0; o < op->out; o++) {
        double sum = (double)code[o];
        for (int h = 0; h < op->hidden; h++)
            sum += (double)op->second[(size_t)o * (size_t)op->hidden + (size_t)h] * apart[h];
        code[o] = (float)sum;
    }
    free(apart);
    free(r.statistics);
    free(r.vector);
    free(r.now.data);
    free(painting);
}

void reference_encode(const stz_graph *graph, const stz_graph *generator, const float *in, int width,
                      int height, float *code)
{
    run r = {.graph = graph};
    execute(&r, in, width, height);
    for (int i = 0; i < r.length; i++)
        code[i] = (float)r.vector[i];
    if (graph->ops[graph->count - 1].kind == STZ_OP_CORRECT)
        correct(graph, generator, r.statistics, code);
    free(r.statistics);
    free(r.vector);
    free(r.now.data);
}

void reference_interleave(const float *planar, int width, int height, float *interleaved)
{
    const size_t n = (size_t)width * (size_t)height;
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < 3; c++)
            interleaved[i * 3 + c] = planar[c * n + i];
}

void reference_deinterleave(const float *interleaved, int width, int height, float *planar)
{
    const size_t n = (size_t)width * (size_t)height;
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < 3; c++)
            planar[c * n + i] = interleaved[i * 3 + c];
}
