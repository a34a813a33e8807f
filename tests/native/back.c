/* Gradients: the oracle against finite differences, and the native engine against the oracle. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net_util.h"
#include "reference_back.h"

#define TOLERANCE 1e-4 /* of the largest number of a gradient */
#define CORNER    5e-6 /* errors before a relu are smaller, but for one in a million */

/* A network, a picture and factors of its result, in both precisions. */
typedef struct problem {
    const net_builder *b;
    const float *code;
    int width, height;
    size_t pixels, results; /* numbers in the picture, in the result */
    float *in, *factors;
    double *in_d, *factors_d, *code_d;
    reference_gradient want;
} problem;

static double *doubles(const float *from, size_t count)
{
    double *d = malloc((count + 1) * sizeof *d);
    for (size_t i = 0; i < count; i++)
        d[i] = (double)from[i];
    return d;
}

static problem problem_of(net_builder *b, const float *code, int width, int height)
{
    problem p = {.b = b, .code = code, .width = width, .height = height};
    p.pixels = (size_t)width * (size_t)height * 3;
    p.results = reference_result_count(&b->graph, width, height);
    p.factors = malloc(p.results * sizeof *p.factors);
    for (size_t i = 0; i < p.results; i++)
        p.factors[i] = net_random(b);
    p.factors_d = doubles(p.factors, p.results);
    p.code_d = doubles(code, code ? (size_t)b->graph.code_length : 0);
    for (unsigned seed = 0;; seed++) { /* until no relu is so near to its corner that rounding decides */
        p.in = picture_random(width, height, (unsigned)(width * 31 + height) + seed);
        p.in_d = doubles(p.in, p.pixels);
        reference_back(&b->graph, p.in_d, width, height, p.code_d, p.factors_d, &p.want, NULL);
        if (p.want.corner > CORNER)
            return p;
        assert_true(seed < 100);
        reference_gradient_free(&p.want);
        free(p.in);
        free(p.in_d);
    }
}

static void problem_free(problem *p)
{
    free(p->in);
    free(p->factors);
    free(p->in_d);
    free(p->factors_d);
    free(p->code_d);
    reference_gradient_free(&p->want);
}

/* The largest number of a gradient, and the largest error. */
static void compare(const char *what, const char *isa, const float *found, const double *want, size_t count)
{
    double largest = 0, error = 0;
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs(want[i]));
        const double d = fabs((double)found[i] - want[i]);
        if (!(d <= error))
            error = isnan(d) ? INFINITY : d;
    }
    if (!(error <= TOLERANCE * largest))
        fail_msg("%s, %s: differs by %g of %g", isa, what, error, largest);
}

/* Those of each operation against their own largest. The bias before a norm changes nothing: what is left of it is
 * the rounding of sums that cancel, which is measured by that of the weights. */
static void compare_weights(const problem *p, const char *isa, const float *found)
{
    const stz_graph *g = &p->b->graph;
    for (int i = 0; i < g->count; i++) {
        const size_t at = stz_back_weight_place(g, i), end = stz_back_weight_place(g, i + 1);
        compare(g->ops[i].kind == STZ_OP_NORM ? "gamma and beta" : "weights", isa, found + at,
                p->want.weights + at, end - at);
    }
}

static void native_agrees(const problem *p, int threads, const stz_kernels *k)
{
    runner r;
    const size_t length = (size_t)p->b->graph.code_length;
    float *out = malloc(p->pixels * sizeof *out), *picture = malloc(p->pixels * sizeof *picture);
    float *code = malloc((length + 1) * sizeof *code),
          *weights = malloc(p->want.weight_count * sizeof *weights);
    assert_int_equal(stz_back_weight_count(&p->b->graph), p->want.weight_count);
    runner_open(&r, &p->b->graph, k, threads);
    for (int again = 0; again < 2; again++) {
        memset(picture, 0xff, p->pixels * sizeof *picture);
        memset(weights, 0xff, p->want.weight_count * sizeof *weights);
        runner_back(&r, p->in, p->width, p->height, p->code, p->factors, out, picture, length ? code : NULL,
                    weights);
        compare("picture", stz_isa_name(k->isa), picture, p->want.picture, p->pixels);
        compare_weights(p, stz_isa_name(k->isa), weights);
        compare("code", stz_isa_name(k->isa), code, p->want.code, length);
    }
    runner_close(&r);
    free(out);
    free(picture);
    free(code);
    free(weights);
}

static void against_oracle(net_builder *b, const float *code, int width, int height)
{
    problem p = problem_of(b, code, width, height);
    const stz_kernels *k;
    for (int i = 0; (k = kernels_at(i)); i++)
        for (stz_plan_tile = 4; stz_plan_tile <= 6; stz_plan_tile += 2)
            native_agrees(&p, 1, k);
    stz_plan_tile = 0;
    problem_free(&p);
}

/* ------------------------------------------------------------------ the oracle */

/* The slope along a direction, by central differences, must be the gradient's inner product with it. */
static void check_slope(const problem *p, double *at, const double *gradient, size_t count, const char *what)
{
    const double step = 1e-6;
    unsigned seed = 5;
    double *from = malloc(count * sizeof *from), *way = malloc(count * sizeof *way), want = 0, ends[2];
    memcpy(from, at, count * sizeof *from);
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        way[i] = (double)(seed >> 8) / 8388608. - 1;
        want += way[i] * gradient[i];
    }
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < count; i++)
            at[i] = from[i] + (side ? step : -step) * way[i];
        ends[side] =
            reference_back(&p->b->graph, p->in_d, p->width, p->height, p->code_d, p->factors_d, NULL, NULL);
    }
    memcpy(at, from, count * sizeof *at);
    const double found = (ends[1] - ends[0]) / (2 * step);
    if (!(fabs(found - want) <= 1e-4 * fabs(want) + 1e-7))
        fail_msg("%s: the slope is %g, its gradient says %g", what, found, want);
    free(from);
    free(way);
}

/* One weight of each convolution. */
static void check_weights(const problem *p)
{
    size_t at = 0;
    for (int i = 0; i < p->b->graph.count; i++) {
        const stz_op *op = &p->b->graph.ops[i];
        if (op->kind != STZ_OP_CONV) {
            at += stz_back_weight_place(&p->b->graph, i + 1) - stz_back_weight_place(&p->b->graph, i);
            continue;
        }
        const size_t count = (size_t)op->out * (size_t)op->in * (size_t)(op->kernel * op->kernel);
        union {
            const float *read;
            float *write;
        } w = {op->weight};
        float *one = w.write + count / 3;
        const float old = *one, step = 1.f / 8192;
        double ends[2];
        for (int side = 0; side < 2; side++) {
            *one = old + (side ? step : -step);
            ends[side] = reference_back(&p->b->graph, p->in_d, p->width, p->height, p->code_d, p->factors_d,
                                        NULL, NULL);
        }
        const double run = (double)(old + step) - (double)(old - step), found = (ends[1] - ends[0]) / run;
        *one = old;
        assert_true(fabs(found - p->want.weights[at + count / 3]) <= 2e-3 * fabs(found) + 1e-3);
        at += count + (op->bias ? (size_t)op->out : 0);
    }
}

static void oracle_holds(net_builder *b, const float *code, int width, int height)
{
    problem p = problem_of(b, code, width, height);
    check_slope(&p, p.in_d, p.want.picture, p.pixels, "picture");
    if (code)
        check_slope(&p, p.code_d, p.want.code, (size_t)b->graph.code_length, "code");
    check_weights(&p);
    problem_free(&p);
}

static void the_oracle_is_the_slope(void **state)
{
    net_builder b;
    net_brush(&b, 1, 5, 6, 3, 1);
    oracle_holds(&b, net_code(&b), 16, 20);
    net_free(&b);
    net_transformer(&b, 2, 3, 1);
    oracle_holds(&b, NULL, 16, 16);
    net_free(&b);
    net_loss(&b, 3, 4, 5, 6);
    oracle_holds(&b, NULL, 20, 16);
    net_filters(&b, 1, 5, 3, 2);
    net_filters(&b, 4, 3, 3, 1);
    oracle_holds(&b, NULL, 20, 16);
    net_free(&b);
}

/* ------------------------------------------------------------------ the engine */

static void brush_shapes(void **state)
{
    static const int sizes[][2] = {{16, 16}, {20, 16}, {44, 28}};
    static const int widths[][3] = {{32, 48, 24}, {16, 16, 8}, {5, 7, 3}, {33, 40, 17}};
    for (size_t w = 0; w < STZ_LEN(widths); w++) {
        net_builder b;
        net_brush(&b, (unsigned)w, widths[w][0], widths[w][1], widths[w][2], 2);
        const float *code = net_code(&b);
        for (size_t s = 0; s < STZ_LEN(sizes); s++)
            against_oracle(&b, code, sizes[s][0], sizes[s][1]);
        net_free(&b);
    }
}

static void transformer_shapes(void **state)
{
    static const int sizes[][2] = {{16, 16}, {20, 36}};
    static const int widths[] = {4, 8, 11};
    for (size_t w = 0; w < STZ_LEN(widths); w++) {
        net_builder b;
        net_transformer(&b, (unsigned)w + 50, widths[w], 1);
        for (size_t s = 0; s < STZ_LEN(sizes); s++)
            against_oracle(&b, NULL, sizes[s][0], sizes[s][1]);
        net_free(&b);
    }
}

static void loss_shapes(void **state)
{
    static const int sizes[][2] = {{16, 16}, {20, 36}, {60, 44}};
    static const int widths[][3] = {{16, 16, 32}, {5, 20, 49}};
    for (size_t w = 0; w < STZ_LEN(widths); w++) {
        net_builder b;
        net_loss(&b, (unsigned)w + 70, widths[w][0], widths[w][1], widths[w][2]);
        for (size_t s = 0; s < STZ_LEN(sizes); s++)
            against_oracle(&b, NULL, sizes[s][0], sizes[s][1]);
        net_free(&b);
    }
}

/* Each depth is looked at where it ends, just before its means are taken. */
static void maps_at_the_end_of_a_depth(void **state)
{
    static const int widths[][3] = {{16, 32, 48}, {5, 20, 49}};
    for (size_t w = 0; w < STZ_LEN(widths); w++) {
        net_builder b;
        net_begin(&b, (unsigned)w + 80);
        for (int depth = 0; depth < 3; depth++) {
            net_conv(&b, 8, 3, 1, true);
            net_op(&b, STZ_OP_RELU);
            net_conv(&b, widths[w][depth], 3, 1, true);
            net_op(&b, STZ_OP_RELU);
            net_op(&b, STZ_OP_TAP);
            if (depth < 2)
                net_op(&b, STZ_OP_MEAN_POOL);
        }
        against_oracle(&b, NULL, 20, 36);
        against_oracle(&b, NULL, 60, 44);
        net_free(&b);
    }
}

/* A loss network that begins again at the picture: the gradient is the sum. */
static void filters(void **state)
{
    static const int sizes[][2] = {{16, 16}, {24, 40}, {64, 48}};
    static const int widths[] = {48, 16, 5};
    for (size_t w = 0; w < STZ_LEN(widths); w++) {
        net_builder b;
        net_loss(&b, (unsigned)w + 90, widths[w], 8, 20);
        net_filters(&b, 1, widths[w], 3, 2);
        net_filters(&b, 2, widths[w], 3, 1);
        net_conv(&b, 6, 3, 1, true); /* and goes on from there */
        net_op(&b, STZ_OP_RELU);
        net_op(&b, STZ_OP_MEAN_POOL);
        net_conv(&b, 9, 3, 1, true);
        net_op(&b, STZ_OP_RELU);
        net_op(&b, STZ_OP_TAP);
        net_filters(&b, 1, widths[w], 9, 1);
        net_filters(&b, 4, 7, 3, 1);
        for (size_t s = 0; s < STZ_LEN(sizes); s++)
            against_oracle(&b, NULL, sizes[s][0], sizes[s][1]);
        net_free(&b);
    }
}

static void refused_layers(net_builder *b, const char *text)
{
    stz_layers layers;
    stylize_error err = {0};
    assert_int_equal(stz_layers_build(&b->graph, &layers, &err), STYLIZE_ERR_MODEL);
    if (!strstr(err.message, text))
        fail_msg("\"%s\" does not hold \"%s\"", err.message, text);
    net_free(b);
}

/* What the engine has no layers for, with the operation that is wrong. */
static void filters_stand_after_a_map(void **state)
{
    net_builder b;
    net_begin(&b, 1);
    net_filters(&b, 1, 4, 3, 1);
    refused_layers(&b, "operation 0 (picture): it must follow a tap");
    net_loss(&b, 1, 4, 4, 4);
    net_conv(&b, 4, 3, 1, true);
    net_filters(&b, 1, 4, 3, 1);
    refused_layers(&b, "(picture): it must follow a tap");
    net_loss(&b, 1, 4, 4, 4);
    net_filters(&b, 1, 4, 3, 1);
    b.graph.ops[b.graph.count - 3].kind = STZ_OP_TAP; /* in the place of the convolution */
    refused_layers(&b, "(tap): it must follow a convolution and a relu");
    net_loss(&b, 1, 4, 4, 4);
    net_filters(&b, 1, 4, 3, 1);
    b.graph.ops[b.graph.count - 3].kind = STZ_OP_MEAN_POOL;
    refused_layers(&b, "(mean_pool): it must follow a convolution and a relu");
}

/* Shapes that our networks do not have but the engine claims. */
static void other_shapes(void **state)
{
    net_builder b;
    net_begin(&b, 7); /* 3x3 straight from and to the picture; a sum without norms; relu after the sum */
    net_value(&b, STZ_OP_SUB, .4f, 0);
    net_value(&b, STZ_OP_MUL, 2, 0);
    net_conv(&b, 10, 3, 1, true);
    net_op(&b, STZ_OP_RELU);
    net_op(&b, STZ_OP_SAVE);
    net_conv(&b, 10, 3, 1, true);
    net_op(&b, STZ_OP_ADD_SAVED);
    net_op(&b, STZ_OP_RELU);
    net_op(&b, STZ_OP_SAVE);
    net_conv(&b, 10, 3, 1, false);
    net_norm(&b, false);
    net_op(&b, STZ_OP_ADD_SAVED);
    net_op(&b, STZ_OP_RELU);
    net_conv(&b, 12, 3, 1, false);
    net_op(&b, STZ_OP_RELU);
    net_norm(&b, false); /* a relu before the norm */
    net_conv(&b, 3, 3, 1, true);
    net_value(&b, STZ_OP_CLAMP, -2, 2);
    net_value(&b, STZ_OP_MUL, .25f, 0);
    net_value(&b, STZ_OP_SUB, -.5f, 0);
    against_oracle(&b, net_code(&b), 24, 36);
    net_free(&b);

    net_begin(&b, 8); /* stride 2 from the picture, residual block before an upsampling, shuffle saved */
    net_conv(&b, 12, 3, 2, true);
    net_norm(&b, false);
    net_op(&b, STZ_OP_SAVE);
    net_conv(&b, 12, 3, 1, true);
    net_norm(&b, false);
    net_op(&b, STZ_OP_RELU);
    net_conv(&b, 12, 3, 1, true);
    net_op(&b, STZ_OP_ADD_SAVED);
    net_op(&b, STZ_OP_UPSAMPLE);
    net_conv(&b, 20, 3, 1, true);
    net_op(&b, STZ_OP_RELU);
    net_conv(&b, 20, 3, 2, true);
    net_op(&b, STZ_OP_PIXEL_SHUFFLE);
    net_op(&b, STZ_OP_SAVE);
    net_conv(&b, 5, 3, 1, true);
    net_norm(&b, false);
    net_op(&b, STZ_OP_ADD_SAVED);
    net_conv(&b, 3, 3, 1, true);
    against_oracle(&b, net_code(&b), 32, 20);
    net_free(&b);
}

/* Any number of threads gives the same bytes. */
static void threads_do_not_matter(void **state)
{
    net_builder b;
    net_brush(&b, 12, 32, 48, 24, 2);
    const float *code = net_code(&b);
    const int width = 164, height = 92, length = b.graph.code_length;
    const size_t count = (size_t)(width * height * 3);
    float *in = picture_random(width, height, 3), *factors = picture_random(width, height, 4);
    float *out = malloc(count * sizeof *out), *first = malloc(count * sizeof *first),
          *other = malloc(count * sizeof *other), *first_code = malloc(sizeof(float) * (size_t)length),
          *other_code = malloc(sizeof(float) * (size_t)length);
    const size_t weights = stz_back_weight_count(&b.graph);
    float *first_weights = malloc(weights * sizeof(float)), *other_weights = malloc(weights * sizeof(float));
    for (int threads = 1; threads <= 16; threads = threads == 1 ? 2 : threads * 8) {
        runner r;
        runner_open(&r, &b.graph, stz_kernels_get(false), threads);
        runner_back(&r, in, width, height, code, factors, out, threads == 1 ? first : other,
                    threads == 1 ? first_code : other_code, threads == 1 ? first_weights : other_weights);
        runner_close(&r);
        if (threads > 1) {
            assert_memory_equal(first, other, count * sizeof *first);
            assert_memory_equal(first_weights, other_weights, weights * sizeof(float));
            assert_memory_equal(first_code, other_code, sizeof(float) * (size_t)length);
        }
    }
    free(in);
    free(factors);
    free(out);
    free(first);
    free(other);
    free(first_code);
    free(other_code);
    free(first_weights);
    free(other_weights);
    net_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oracle_is_the_slope),    cmocka_unit_test(brush_shapes),
        cmocka_unit_test(transformer_shapes),         cmocka_unit_test(loss_shapes),
        cmocka_unit_test(maps_at_the_end_of_a_depth), cmocka_unit_test(filters),
        cmocka_unit_test(filters_stand_after_a_map),  cmocka_unit_test(other_shapes),
        cmocka_unit_test(threads_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
