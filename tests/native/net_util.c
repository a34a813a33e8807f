#include "net_util.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifdef STZ_NO_CMOCKA /* another machine's build, which has libc only */
#include <stdio.h>
#define fail_msg(...)      (printf(__VA_ARGS__), abort())
#define assert_true(c)     ((c) ? (void)0 : fail_msg("%s\n", #c))
#define assert_non_null(p) assert_true((p) != NULL)
#else
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#endif

static unsigned next(unsigned *seed) { return (*seed = *seed * 1664525u + 1013904223u) >> 8; }

static float *keep(net_builder *b, size_t count)
{
    assert_true(b->blocks < 256);
    float *p = calloc(count + 1, sizeof *p);
    b->memory[b->blocks++] = p;
    return p;
}

void net_begin(net_builder *b, unsigned seed)
{
    *b = (net_builder){.seed = seed * 7919u + 1, .channels = 3};
    b->graph.eps = 1e-5f;
    b->graph.multiple = 4;
    b->graph.ops = calloc(128, sizeof *b->graph.ops);
}

float net_random(net_builder *b) { return (float)next(&b->seed) / 8388608.f - 1; }

static stz_op *push(net_builder *b, stz_op_kind kind)
{
    assert_true(b->graph.count < 128);
    stz_op *op = &b->graph.ops[b->graph.count++];
    *op = (stz_op){.kind = kind, .in = b->channels, .out = b->channels, .factor = 2};
    return op;
}

void net_op(net_builder *b, stz_op_kind kind)
{
    stz_op *op = push(b, kind);
    if (kind == STZ_OP_PIXEL_UNSHUFFLE)
        b->channels *= 4;
    if (kind == STZ_OP_PIXEL_SHUFFLE)
        b->channels /= 4;
    op->out = b->channels;
}

void net_value(net_builder *b, stz_op_kind kind, float value, float high)
{
    stz_op *op = push(b, kind);
    op->value = value;
    op->high = high;
}

static const float *numbers(net_builder *b, size_t count, float middle, float spread)
{
    float *p = keep(b, count);
    for (size_t i = 0; i < count; i++)
        p[i] = middle + spread * net_random(b);
    return p;
}

void net_conv(net_builder *b, int out, int kernel, int stride, bool bias)
{
    stz_op *op = push(b, STZ_OP_CONV);
    const size_t taps = (size_t)(b->channels * kernel * kernel);
    op->out = out;
    op->kernel = kernel;
    op->stride = stride;
    op->weight = numbers(b, taps * (size_t)out, 0, 1.7f / sqrtf((float)taps));
    op->bias = bias ? numbers(b, (size_t)out, 0, .3f) : NULL;
    b->channels = out;
}

void net_norm(net_builder *b, bool fixed)
{
    stz_op *op = push(b, STZ_OP_NORM);
    op->norm = b->graph.norms++;
    op->norm_offset = b->graph.norm_channels;
    b->graph.norm_channels += b->channels;
    if (fixed) {
        op->gamma = numbers(b, (size_t)b->channels, 1, .5f);
        op->beta = numbers(b, (size_t)b->channels, 0, .3f);
    } else {
        b->graph.code_length = 2 * b->graph.norm_channels;
    }
}

void net_linear(net_builder *b, int in, int out)
{
    stz_op *op = push(b, STZ_OP_LINEAR);
    op->in = in;
    op->out = out;
    op->weight = numbers(b, (size_t)in * (size_t)out, 0, 1.7f / sqrtf((float)in));
    op->bias = numbers(b, (size_t)out, 0, .3f);
    b->graph.code_length = out;
}

void net_correct(net_builder *b, int in, int hidden, int width, int height)
{
    stz_op *op = push(b, STZ_OP_CORRECT);
    op->in = in;
    op->hidden = hidden;
    op->out = b->graph.code_length;
    op->probe_width = width;
    op->probe_height = height;
    op->probe = numbers(b, 3 * (size_t)width * (size_t)height, .5f, .5f);
    op->weight = numbers(b, (size_t)in * (size_t)hidden, 0, 1.7f / sqrtf((float)in));
    op->bias = numbers(b, (size_t)hidden, 0, .3f);
    op->second = numbers(b, (size_t)hidden * (size_t)op->out, 0, 1.7f / sqrtf((float)hidden));
}

float *net_code(net_builder *b)
{
    if (!b->graph.code_length)
        return NULL;
    const int n = b->graph.norm_channels;
    float *code = keep(b, (size_t)n * 2);
    for (int i = 0; i < n; i++) {
        code[i] = 1 + .5f * net_random(b);
        code[n + i] = .3f * net_random(b);
    }
    return code;
}

void net_free(net_builder *b)
{
    for (int i = 0; i < b->blocks; i++)
        free(b->memory[i]);
    free(b->graph.ops);
}

static void residual(net_builder *b, bool fixed)
{
    const int channels = b->channels;
    net_op(b, STZ_OP_SAVE);
    net_conv(b, channels, 3, 1, fixed);
    net_norm(b, fixed);
    net_op(b, STZ_OP_RELU);
    net_conv(b, channels, 3, 1, fixed);
    net_norm(b, fixed);
    net_op(b, STZ_OP_ADD_SAVED);
}

void net_brush(net_builder *b, unsigned seed, int first, int middle, int up, int blocks)
{
    net_begin(b, seed);
    net_op(b, STZ_OP_PIXEL_UNSHUFFLE);
    net_conv(b, first, 3, 1, false);
    net_norm(b, false);
    net_op(b, STZ_OP_RELU);
    net_conv(b, middle, 3, 2, false);
    net_norm(b, false);
    net_op(b, STZ_OP_RELU);
    for (int i = 0; i < blocks; i++)
        residual(b, false);
    net_conv(b, 4 * up, 3, 1, false);
    net_op(b, STZ_OP_PIXEL_SHUFFLE);
    net_norm(b, false);
    net_op(b, STZ_OP_RELU);
    net_conv(b, 12, 3, 1, true);
    net_op(b, STZ_OP_PIXEL_SHUFFLE);
    net_op(b, STZ_OP_SIGMOID);
}

void net_transformer(net_builder *b, unsigned seed, int width, int blocks)
{
    static const int strides[] = {1, 2, 2};
    net_begin(b, seed);
    net_value(b, STZ_OP_MUL, 255, 0);
    for (int i = 0; i < 3; i++) {
        net_conv(b, width << i, i ? 3 : 9, strides[i], true);
        net_norm(b, true);
        net_op(b, STZ_OP_RELU);
    }
    for (int i = 0; i < blocks; i++)
        residual(b, true);
    for (int i = 1; i >= 0; i--) {
        net_op(b, STZ_OP_UPSAMPLE);
        net_conv(b, width << i, 3, 1, true);
        net_norm(b, true);
        net_op(b, STZ_OP_RELU);
    }
    net_conv(b, 3, 9, 1, true);
    net_value(b, STZ_OP_MUL, .25f, 0);
    net_value(b, STZ_OP_CLAMP, -1, 1);
}

void net_loss(net_builder *b, unsigned seed, int first, int second, int third)
{
    const int widths[][2] = {{first, second}, {second, third}, {third, 0}};
    net_begin(b, seed);
    net_value(b, STZ_OP_SUB, .5f, 0);
    net_value(b, STZ_OP_MUL, 4, 0);
    for (int depth = 0; depth < 3; depth++) {
        if (depth)
            net_op(b, STZ_OP_MEAN_POOL);
        for (int i = 0; i < 2 && widths[depth][i]; i++) {
            net_conv(b, widths[depth][i], 3, 1, true);
            net_op(b, STZ_OP_RELU);
            if (i == 0)
                net_op(b, STZ_OP_TAP);
        }
    }
}

void net_filters(net_builder *b, int factor, int count, int kernel, int stride)
{
    push(b, STZ_OP_PICTURE)->factor = factor;
    b->graph.ops[b->graph.count - 1].out = b->channels = 3;
    net_conv(b, count, kernel, stride, false);
    net_op(b, STZ_OP_RELU);
    net_op(b, STZ_OP_TAP);
}

void net_encoder_begin(net_builder *b, unsigned seed, int first, int second)
{
    net_begin(b, seed);
    b->graph.multiple = 2;
    net_value(b, STZ_OP_SUB, .5f, 0);
    net_op(b, STZ_OP_PIXEL_UNSHUFFLE);
    net_conv(b, first, 3, 1, true);
    net_op(b, STZ_OP_RELU);
    net_op(b, STZ_OP_APPEND_MEAN_STD);
    net_conv(b, second, 3, 2, true);
    net_op(b, STZ_OP_RELU);
    net_op(b, STZ_OP_APPEND_MEAN_STD);
    b->graph.statistics = 2 * (first + second);
    net_linear(b, b->graph.statistics, 70);
    net_op(b, STZ_OP_RELU);
}

void net_encoder(net_builder *b, unsigned seed, int first, int second)
{
    net_encoder_begin(b, seed, first, second);
    net_linear(b, 70, 33);
}

void runner_open(runner *r, const stz_graph *graph, const stz_kernels *kernels, int threads)
{
    stylize_error err;
    *r = (runner){.part.graph = *graph};
    if (stz_part_init(&r->part, kernels, &err))
        fail_msg("%s", err.message);
    r->pool = stz_pool_create(1u << 28);
    r->team = stz_team_create(threads, &r->scratch, threads - 1);
    assert_non_null(r->pool);
    assert_non_null(r->team);
    r->exec.team = r->team;
}

void runner_close(runner *r)
{
    stz_team_destroy(r->team);
    stz_scratch_free(&r->scratch);
    stz_part_free(&r->part);
    stz_pool_end(r->pool);
}

void runner_apply(runner *r, const float *in, int width, int height, const float *code, const float *stats,
                  float *stats_out, float *out)
{
    stylize_error err;
    union {
        const float *in;
        void *data;
    } const_away = {in};
    const ptrdiff_t stride = (ptrdiff_t)width * 3 * (ptrdiff_t)sizeof(float);
    const stz_apply job = {.in = {const_away.data, stride, width, height, STZ_F32},
                           .out = {out, stride, width, height, STZ_F32},
                           .code = code,
                           .stats = stats,
                           .stats_out = stats_out};
    if (stz_run_apply(&r->part, &job, r->pool, &r->exec, &err))
        fail_msg("%s", err.message);
}

/* Adds its part of the factors to the gradient of a feature map. */
static void add_factors(void *user, const stz_run *r, int layer, const stz_gradient_view *to, bool fresh)
{
    const stz_layers *net = r->plan->net;
    const float *f = user;
    for (int i = 0; i < layer; i++)
        if (net->layers[i].tap >= 0) {
            const stz_layout *l = &r->plan->layouts[net->layers[i].out];
            f += l->channels * l->height * l->width;
        }
    const stz_layout *l = &to->layout;
    float *g = (float *)stz_run_tensor(r, to->tensor) + to->start;
    if (fresh)
        memset(g, 0, l->count * sizeof *g);
    for (int c = 0; c < l->channels; c++)
        for (int y = 0; y < l->height; y++)
            for (int x = 0; x < l->width; x++)
                g[stz_channel_offset(l, c) + y * l->row + x * l->block] += *f++;
}

void runner_back(runner *r, const float *in, int width, int height, const float *code, const float *factors,
                 float *out, float *picture, float *code_gradient, float *weight_gradient)
{
    stylize_error err;
    union {
        const float *in;
        void *data;
    } const_away = {in}, factors_away = {factors};
    const ptrdiff_t stride = (ptrdiff_t)width * 3 * (ptrdiff_t)sizeof(float);
    const stz_apply job = {.in = {const_away.data, stride, width, height, STZ_F32},
                           .out = {out, stride, width, height, STZ_F32},
                           .code = code};
    const stz_back_job back = {.result = factors,
                               .picture = picture,
                               .code = code_gradient,
                               .weights = weight_gradient,
                               .on_tap = add_factors,
                               .user = factors_away.data};
    stz_kept_run k;
    if (stz_kept_begin(&k, &r->part, &job, weight_gradient != NULL, r->pool, &r->exec, &err))
        fail_msg("%s", err.message);
    memset(k.arena->data, 0xff, k.run.plan->arena); /* nothing may be taken for granted in there */
    if (stz_kept_forward(&k, &err) || stz_kept_back(&k, &back, &err))
        fail_msg("%s", err.message);
    stz_kept_end(&k);
}

float *picture_random(int width, int height, unsigned seed)
{
    float *p = malloc(sizeof *p * 3 * (size_t)width * (size_t)height);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < 3; c++)
                p[(y * width + x) * 3 + c] = .5f +
                                             .35f * sinf((float)(x + 2 * y + 5) * .07f * (float)(c + 1)) +
                                             (float)next(&seed) / 16777216.f * .15f;
    return p;
}

double difference(const float *a, const float *b, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        const double d = fabs((double)a[i] - (double)b[i]);
        if (!(d <= largest))
            largest = isnan(d) ? INFINITY : d;
    }
    return largest;
}

const stz_kernels *kernels_at(int index)
{
    static const stz_isa all[] = {STZ_ISA_PORTABLE, STZ_ISA_NEON, STZ_ISA_AVX2, STZ_ISA_AVX512};
    for (size_t i = 0; i < STZ_LEN(all); i++) {
        const stz_kernels *k = stz_kernels_of(all[i], false);
        if (k && index-- == 0)
            return k;
    }
    return NULL;
}
