/* The oracle itself, against golden files that PyTorch wrote. */
#include "engine/native/graph_read.h"
#include "reference.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "npy.h"

#define TOLERANCE 1e-5 /* of a range of 1: what fp32 in another order of sums differs by */

typedef struct model {
    stz_safetensors *file;
    stz_graph graph;
} model;

static model load(const char *path, const char *key)
{
    model m;
    stylize_error err;
    char full[512];
    snprintf(full, sizeof full, STYLIZE_SOURCE_DIR "/%s", path);
    if (stz_safetensors_open(full, &m.file, &err) || stz_graph_read(m.file, key, &m.graph, &err))
        fail_msg("%s", err.message);
    return m;
}

static void unload(model *m)
{
    stz_graph_free(&m->graph);
    stz_safetensors_close(m->file);
}

static npy golden(const char *format, int index)
{
    npy array;
    char name[64], path[512];
    snprintf(name, sizeof name, format, index);
    snprintf(path, sizeof path, STYLIZE_SOURCE_DIR "/tests/golden/%s.npy", name);
    if (!npy_read(path, &array))
        fail_msg("%s could not be read", path);
    return array;
}

/* A golden picture as interleaved RGB; frees the array. */
static float *picture(npy array, int *width, int *height)
{
    assert_int_equal(array.dims, 4);
    assert_int_equal(array.shape[0], 1);
    assert_int_equal(array.shape[1], 3);
    *height = (int)array.shape[2];
    *width = (int)array.shape[3];
    float *rgb = malloc(array.count * sizeof *rgb);
    reference_interleave(array.data, *width, *height, rgb);
    npy_free(&array);
    return rgb;
}

static double largest_difference(const float *a, const float *b, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs((double)a[i] - (double)b[i]));
    return largest;
}

/* Paints the golden input and compares; returns the output, which the caller frees. */
static float *paint(const stz_graph *g, const float *code, npy input, npy output, double tolerance)
{
    int width, height, w2, h2;
    float *in = picture(input, &width, &height), *want = picture(output, &w2, &h2);
    assert_true(width == w2 && height == h2);
    const size_t count = (size_t)width * (size_t)height * 3;
    float *out = malloc(count * sizeof *out);
    reference_apply(g, in, width, height, code, NULL, NULL, out);
    const double difference = largest_difference(out, want, count);
    print_message("largest difference %.2g\n", difference);
    assert_true(difference < tolerance);
    free(in);
    free(want);
    return out;
}

static void test_brush(void **state)
{
    model m = load("models/brush/brush.safetensors", "graph");
    const stz_tensor *codes = stz_safetensors_find(m.file, "codes");
    const float *rows = codes->data;
    free(paint(&m.graph, rows, golden("brush_%d_input", 0), golden("brush_%d_output_style0", 0), TOLERANCE));
    free(paint(&m.graph, rows + 5 * 1168, golden("brush_%d_input", 1), golden("brush_%d_output_style5", 1),
               TOLERANCE));
    unload(&m);
}

static void test_any(void **state)
{
    model generator = load("models/any/any.safetensors", "graph");
    model encoder = load("models/any/any.safetensors", "encoder_graph");
    for (int i = 0; i < 2; i++) {
        int width, height;
        float *style = picture(golden("any_%d_style", i), &width, &height), code[1168];
        npy want = golden("any_%d_code", i);
        assert_int_equal(want.count, 1168);
        reference_encode(&encoder.graph, &generator.graph, style, width, height, code);
        const double difference = largest_difference(code, want.data, 1168);
        print_message("code: largest difference %.2g\n", difference);
        assert_true(difference < TOLERANCE);
        free(paint(&generator.graph, code, golden("any_%d_input", i), golden("any_%d_output", i), TOLERANCE));
        npy_free(&want);
        free(style);
    }
    unload(&generator);
    unload(&encoder);
}

/* 9x9 kernels, upsampling, fixed gamma and beta, values from 0 to 255 inside. Random weights; the output
 * is onnxruntime's. */
static void test_transformer(void **state)
{
    model m = load("tests/golden/transformer.safetensors", "graph");
    assert_int_equal(m.graph.code_length, 0);
    assert_int_equal(m.graph.norm_channels, 4 + 8 + 11 * 16 + 8 + 4);
    free(paint(&m.graph, NULL, golden("transformer_input", 0), golden("transformer_output", 0), TOLERANCE));
    unload(&m);
}

/* The 8-bit networks paint nearly the same: the bounds are about twice what quantisation costs on these
 * small, noisy pictures, and far below what any mistake in reading them does. */
static void test_int8(void **state)
{
    static const struct {
        const char *full, *small;
        double mean, largest;
    } cases[] = {
        {"models/brush/brush.safetensors", "models/brush/brush_int8.safetensors", 0.004, 0.04},
        {"models/any/any.safetensors", "models/any/any_int8.safetensors", 0.008, 0.1},
    };
    for (int i = 0; i < 2; i++) {
        model full = load(cases[i].full, "graph"), small = load(cases[i].small, "graph");
        const float *code = stz_safetensors_find(full.file, "codes")->data;
        int width, height;
        float *in = picture(golden("brush_%d_input", i), &width, &height);
        const size_t count = (size_t)width * (size_t)height * 3;
        float *a = malloc(count * sizeof *a), *b = malloc(count * sizeof *b);
        double sum = 0;
        reference_apply(&full.graph, in, width, height, code, NULL, NULL, a);
        reference_apply(&small.graph, in, width, height, code, NULL, NULL, b);
        for (size_t k = 0; k < count; k++)
            sum += fabs((double)a[k] - (double)b[k]);
        print_message("mean difference %.2g, largest %.2g\n", sum / (double)count,
                      largest_difference(a, b, count));
        assert_true(sum / (double)count < cases[i].mean);
        assert_true(largest_difference(a, b, count) < cases[i].largest);
        assert_true(sum > 0); /* it is another network indeed */
        free(in);
        free(a);
        free(b);
        unload(&full);
        unload(&small);
    }
}

/* A picture painted with its own statistics, given to it, comes out the same; with others it does not. */
static void test_stats(void **state)
{
    model m = load("models/brush/brush.safetensors", "graph");
    const float *code = stz_safetensors_find(m.file, "codes")->data;
    int width, height;
    float *in = picture(golden("brush_%d_input", 0), &width, &height);
    const size_t count = (size_t)width * (size_t)height * 3;
    float *own = malloc(count * sizeof *own), *frozen = malloc(count * sizeof *frozen), stats[1168],
          again[1168];
    reference_apply(&m.graph, in, width, height, code, NULL, stats, own);
    reference_apply(&m.graph, in, width, height, code, stats, again, frozen);
    assert_true(largest_difference(own, frozen, count) < TOLERANCE);
    assert_true(largest_difference(stats, again, 1168) < 1e-4);
    for (int i = 584; i < 1168; i++)
        assert_true(stats[i] >= 0);
    stats[584] *= 4; /* a variance of the first norm */
    reference_apply(&m.graph, in, width, height, code, stats, NULL, frozen);
    assert_true(largest_difference(own, frozen, count) > 1e-3);
    free(in);
    free(own);
    free(frozen);
    unload(&m);
}

static void test_npy_refused(void **state)
{
    npy array;
    assert_false(npy_read("/nonexistent.npy", &array));
    assert_false(npy_read(STYLIZE_SOURCE_DIR "/models/brush/model.json", &array));
    assert_null(array.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_brush), cmocka_unit_test(test_any),   cmocka_unit_test(test_transformer),
        cmocka_unit_test(test_int8),  cmocka_unit_test(test_stats), cmocka_unit_test(test_npy_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
