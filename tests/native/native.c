/* The native engine against the plain-loops oracle and golden files. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/native/encode.h"
#include "engine/native/graph_read.h"
#include "net_util.h"
#include "npy.h"
#include "reference.h"

#define GOLDEN_TOLERANCE 1e-4
#define TOLERANCE        2e-4 /* random weights, other order of sums, larger Winograd tiles */

static void against_oracle(const net_builder *b, const float *code, int width, int height)
{
    const size_t count = (size_t)width * (size_t)height * 3;
    float *in = picture_random(width, height, (unsigned)(width * 31 + height));
    float *want = malloc(count * sizeof *want), *out = malloc(count * sizeof *out);
    const size_t norms = (size_t)b->graph.norm_channels * 2;
    float *stats = malloc((norms + 1) * sizeof *stats), *want_stats = malloc((norms + 1) * sizeof *stats);
    reference_apply(&b->graph, in, width, height, code, NULL, want_stats, want);
    const stz_kernels *k;
    for (int i = 0; (k = kernels_at(i)); i++)
        for (stz_plan_tile = 4; stz_plan_tile <= 6; stz_plan_tile += 2) {
            runner r;
            runner_open(&r, &b->graph, k, 1);
            for (int again = 0; again < 2; again++) { /* twice: nothing may be left over in the arena */
                memset(out, 0xff, count * sizeof *out);
                runner_apply(&r, in, width, height, code, NULL, stats, out);
                const double d = difference(out, want, count);
                if (!(d < TOLERANCE))
                    fail_msg("%s, %dx%d, tile %d: differs by %g", stz_isa_name(k->isa), width, height,
                             stz_plan_tile, d);
                for (size_t s = 0; s < norms; s++)
                    if (!(fabsf(stats[s] - want_stats[s]) <= 1e-3f * (1 + fabsf(want_stats[s]))))
                        fail_msg("%s: statistic %zu is %g, not %g", stz_isa_name(k->isa), s, (double)stats[s],
                                 (double)want_stats[s]);
            }
            runner_close(&r);
        }
    stz_plan_tile = 0;
    free(in);
    free(want);
    free(out);
    free(stats);
    free(want_stats);
}

/* A residual at half the size, behind a pixel shuffle: what is saved has the shuffled layout. `relu` behind the sum, as
 * the last thing that touches it. */
static void test_residual_behind_a_shuffle(void **state)
{
    static const int ups[] = {24, 8, 16, 5, 20};
    static const int sizes[][2] = {{16, 16}, {44, 28}, {64, 100}};
    for (size_t u = 0; u < STZ_LEN(ups); u++)
        for (int form = 0; form < 4; form++) {
            net_builder b;
            net_begin(&b, (unsigned)u + 3);
            net_op(&b, STZ_OP_PIXEL_UNSHUFFLE);
            net_conv(&b, 16, 3, 2, false);
            net_norm(&b, false);
            net_op(&b, STZ_OP_RELU);
            net_conv(&b, 4 * ups[u], 3, 1, false);
            net_op(&b, STZ_OP_PIXEL_SHUFFLE);
            net_norm(&b, false);
            if (form & 1)
                net_op(&b, STZ_OP_RELU);
            net_op(&b, STZ_OP_SAVE);
            net_conv(&b, ups[u], 3, 1, false);
            net_norm(&b, false);
            net_op(&b, STZ_OP_ADD_SAVED);
            if (form & 2)
                net_op(&b, STZ_OP_RELU);
            net_conv(&b, 12, 3, 1, true);
            net_op(&b, STZ_OP_PIXEL_SHUFFLE);
            net_op(&b, STZ_OP_SIGMOID);
            for (size_t s = 0; s < STZ_LEN(sizes); s++)
                against_oracle(&b, net_code(&b), sizes[s][0], sizes[s][1]);
            net_free(&b);
        }
}

static void test_brush_shapes(void **state)
{
    static const int sizes[][2] = {{16, 16}, {20, 16}, {44, 28}, {64, 100}};
    static const int widths[][3] = {{32, 48, 24}, {16, 16, 8}, {5, 7, 3}, {20, 40, 10}, {33, 80, 17}};
    for (size_t w = 0; w < STZ_LEN(widths); w++) {
        net_builder b;
        net_brush(&b, (unsigned)w, widths[w][0], widths[w][1], widths[w][2], 2);
        const float *code = net_code(&b);
        for (size_t s = 0; s < STZ_LEN(sizes); s++)
            against_oracle(&b, code, sizes[s][0], sizes[s][1]);
        net_free(&b);
    }
}

static void test_transformer_shapes(void **state)
{
    static const int sizes[][2] = {{16, 16}, {20, 36}, {60, 44}};
    static const int widths[] = {4, 8, 6, 11};
    for (size_t w = 0; w < STZ_LEN(widths); w++) {
        net_builder b;
        net_transformer(&b, (unsigned)w + 50, widths[w], 1);
        for (size_t s = 0; s < STZ_LEN(sizes); s++)
            against_oracle(&b, NULL, sizes[s][0], sizes[s][1]);
        net_free(&b);
    }
}

/* Shapes that our networks do not have but the engine claims. */
static void test_other_shapes(void **state)
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

static void test_encoder_shapes(void **state)
{
    static const int sizes[][2] = {{32, 32}, {34, 58}, {100, 66}};
    static const int widths[][2] = {{32, 64}, {9, 21}};
    for (size_t w = 0; w < STZ_LEN(widths); w++) {
        net_builder b;
        net_encoder(&b, (unsigned)w + 90, widths[w][0], widths[w][1]);
        for (size_t s = 0; s < STZ_LEN(sizes); s++) {
            const int width = sizes[s][0], height = sizes[s][1];
            float *in = picture_random(width, height, (unsigned)s), want[33], code[33];
            reference_encode(&b.graph, NULL, in, width, height, want);
            const stz_kernels *k;
            for (int i = 0; (k = kernels_at(i)); i++) {
                runner r;
                stylize_error err;
                runner_open(&r, &b.graph, k, 1);
                const stz_view view = {in, (ptrdiff_t)width * 12, width, height, STZ_F32};
                if (stz_run_encode(&r.part, NULL, &view, code, r.pool, &r.exec, &err))
                    fail_msg("%s", err.message);
                assert_true(difference(code, want, 33) < 1e-4);
                runner_close(&r);
            }
            free(in);
        }
        net_free(&b);
    }
}

/* An encoder that looks at a painting of its probe. */
static void test_corrected_encoder(void **state)
{
    static const int probes[][2] = {{32, 32}, {52, 36}};
    for (size_t p = 0; p < STZ_LEN(probes); p++) {
        net_builder painter, reader;
        net_brush(&painter, (unsigned)p + 120, 8, 12, 8, 1);
        const int n = painter.graph.code_length;
        net_encoder_begin(&reader, (unsigned)p + 130, 9, 21);
        net_linear(&reader, 70, n);
        float *want = malloc(sizeof *want * (size_t)n), *plain = malloc(sizeof *plain * (size_t)n),
              *code = malloc(sizeof *code * (size_t)n), *in = picture_random(44, 58, (unsigned)p);
        reference_encode(&reader.graph, NULL, in, 44, 58, plain);
        net_correct(&reader, 60, 45, probes[p][0], probes[p][1]);
        reference_encode(&reader.graph, &painter.graph, in, 44, 58, want);
        assert_true(difference(want, plain, (size_t)n) > .01); /* it does something */
        const stz_kernels *k;
        for (int i = 0; (k = kernels_at(i)); i++) {
            runner r, w;
            stylize_error err;
            runner_open(&r, &reader.graph, k, 2);
            runner_open(&w, &painter.graph, k, 1);
            const stz_view view = {in, 44 * 12, 44, 58, STZ_F32};
            if (stz_run_encode(&r.part, &w.part, &view, code, r.pool, &r.exec, &err))
                fail_msg("%s", err.message);
            assert_true(difference(code, want, (size_t)n) < 1e-4);
            runner_close(&r);
            runner_close(&w);
        }
        free(want);
        free(plain);
        free(code);
        free(in);
        net_free(&painter);
        net_free(&reader);
    }
}

/* ------------------------------------------------------------------ golden */

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

static float *picture(npy array, int *width, int *height)
{
    *height = (int)array.shape[2];
    *width = (int)array.shape[3];
    float *rgb = malloc(array.count * sizeof *rgb);
    reference_interleave(array.data, *width, *height, rgb);
    npy_free(&array);
    return rgb;
}

static void paint(const char *model, const float *code, int row, npy input, npy output)
{
    int width, height;
    char path[512];
    float *in = picture(input, &width, &height), *want = picture(output, &width, &height);
    const size_t count = (size_t)width * (size_t)height * 3;
    float *out = malloc(count * sizeof *out);
    snprintf(path, sizeof path, STYLIZE_SOURCE_DIR "/%s", model);
    const stz_kernels *k;
    for (int i = 0; (k = kernels_at(i)); i++) {
        stz_safetensors *file;
        stz_graph graph;
        stylize_error err;
        if (stz_safetensors_open(path, &file, &err) || stz_graph_read(file, "graph", &graph, &err))
            fail_msg("%s", err.message);
        runner r;
        runner_open(&r, &graph, k, 1);
        const stz_tensor *codes = stz_safetensors_find(file, "codes");
        runner_apply(&r, in, width, height,
                     code    ? code
                     : codes ? (const float *)codes->data + row * 1168
                             : NULL,
                     NULL, NULL, out);
        const double d = difference(out, want, count);
        if (!(d < GOLDEN_TOLERANCE))
            fail_msg("%s, %s: differs by %g", model, stz_isa_name(k->isa), d);
        runner_close(&r);
        stz_graph_free(&graph);
        stz_safetensors_close(file);
    }
    free(in);
    free(want);
    free(out);
}

static void test_golden(void **state)
{
    static const char brush[] = "models/brush/brush.safetensors", any[] = "models/any/any.safetensors";
    paint(brush, NULL, 0, golden("brush_%d_input", 0), golden("brush_%d_output_style0", 0));
    paint(brush, NULL, 5, golden("brush_%d_input", 1), golden("brush_%d_output_style5", 1));
    for (int i = 0; i < 2; i++) {
        npy code = golden("any_%d_code", i);
        paint(any, code.data, 0, golden("any_%d_input", i), golden("any_%d_output", i));
        npy_free(&code);
    }
    paint("tests/golden/transformer.safetensors", NULL, 0, golden("transformer_input", 0),
          golden("transformer_output", 0));
}

static void test_golden_encoder(void **state)
{
    stz_native_net *net;
    stylize_error err;
    runner r;
    net_builder b;
    net_brush(&b, 1, 8, 8, 8, 1);
    runner_open(&r, &b.graph, kernels_at(0), 1); /* its team and pool are wanted */
    const stz_kernels *k;
    for (int i = 0; (k = kernels_at(i)); i++) {
        if (stz_native_load(STYLIZE_SOURCE_DIR "/models/any/any.safetensors", k, &net, &err))
            fail_msg("%s", err.message);
        for (int s = 0; s < 2; s++) {
            int width, height;
            float *style = picture(golden("any_%d_style", s), &width, &height), code[1168];
            npy want = golden("any_%d_code", s);
            const stz_view view = {style, (ptrdiff_t)width * 12, width, height, STZ_F32};
            assert_int_equal(
                stz_run_encode(&net->encoder, &net->generator, &view, code, r.pool, &r.exec, &err),
                STYLIZE_OK);
            assert_true(difference(code, want.data, 1168) < GOLDEN_TOLERANCE);
            npy_free(&want);
            free(style);
        }
        stz_native_free(net);
    }
    runner_close(&r);
    net_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_residual_behind_a_shuffle),
        cmocka_unit_test(test_brush_shapes),
        cmocka_unit_test(test_transformer_shapes),
        cmocka_unit_test(test_other_shapes),
        cmocka_unit_test(test_encoder_shapes),
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_golden_encoder),
        cmocka_unit_test(test_corrected_encoder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
