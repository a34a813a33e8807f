/*
 * The kernels alone against plain loops, without any library besides libc: for machines of another
 * kind, cross-compiled and run in an emulator (tools see tests/native/CMakeLists.txt). Random networks
 * go through every instruction set that the build has, tile side and one and three threads.
 */
#include <stdio.h>
#include <stdlib.h>

#include "net_util.h"
#include "reference.h"
#include "reference_back.h"

#define TOLERANCE 2e-4

static int failures;

static void check(const net_builder *b, const float *code, int width, int height, bool half)
{
    const size_t count = (size_t)width * (size_t)height * 3;
    float *in = picture_random(width, height, 5), *want = malloc(count * 4), *out = malloc(count * 4);
    reference_apply(&b->graph, in, width, height, code, NULL, NULL, want);
    for (int isa = STZ_ISA_PORTABLE; isa <= STZ_ISA_AVX512; isa++) {
        const stz_kernels *k = stz_kernels_of((stz_isa)isa, half);
        if (!k)
            continue;
        for (stz_plan_tile = 4; stz_plan_tile <= 6; stz_plan_tile += 2)
            for (int threads = 1; threads <= 3; threads += 2) {
                runner r;
                runner_open(&r, &b->graph, k, threads);
                runner_apply(&r, in, width, height, code, NULL, NULL, out);
                const double d = difference(out, want, count);
                const bool good = d < (k->half ? 3e-2 : TOLERANCE);
                printf("%s%s %dx%d tile %d, %d threads: %.2g%s\n", stz_isa_name(k->isa),
                       k->half ? " half" : "", width, height, stz_plan_tile, threads, d,
                       good ? "" : " FAILED");
                failures += !good;
                runner_close(&r);
            }
    }
    stz_plan_tile = 0;
    free(in);
    free(want);
    free(out);
}

/* The largest error of a gradient, and whether that is little of its largest number. */
static bool is_near(const float *found, const double *want, size_t count, double *error)
{
    double largest = 0;
    *error = 0;
    for (size_t i = 0; i < count; i++) {
        const double at = want[i] < 0 ? -want[i] : want[i], off = (double)found[i] - want[i];
        largest = at > largest ? at : largest;
        *error = off > *error ? off : -off > *error ? -off : *error;
    }
    return *error <= 1e-4 * largest;
}

/* Gradients of the picture and of the weights, against the oracle's. */
static void check_back(net_builder *b, const float *code, int width, int height)
{
    const size_t count = (size_t)width * (size_t)height * 3, length = (size_t)b->graph.code_length;
    float *in = picture_random(width, height, 6), *factors = picture_random(width, height, 7);
    float *out = malloc(count * 4), *gradient = malloc(count * 4), *code_gradient = malloc(length * 4 + 4);
    double *in_d = malloc(count * 8), *factors_d = malloc(count * 8), *code_d = malloc(length * 8 + 8);
    reference_gradient want;
    for (size_t i = 0; i < count; i++) {
        in_d[i] = (double)in[i];
        factors_d[i] = (double)factors[i];
    }
    for (size_t i = 0; i < length; i++)
        code_d[i] = (double)code[i];
    reference_back(&b->graph, in_d, width, height, code_d, factors_d, &want, NULL);
    for (int isa = STZ_ISA_PORTABLE; isa <= STZ_ISA_AVX512; isa++) {
        const stz_kernels *k = stz_kernels_of((stz_isa)isa, false);
        if (!k)
            continue;
        runner r;
        double d, own;
        float *weights = malloc(want.weight_count * 4);
        runner_open(&r, &b->graph, k, 2);
        runner_back(&r, in, width, height, code, factors, out, gradient, length ? code_gradient : NULL,
                    weights);
        runner_close(&r);
        bool good = is_near(gradient, want.picture, count, &d);
        for (int i = 0; i < b->graph.count; i++) {
            const size_t at = stz_back_weight_place(&b->graph, i),
                         end = stz_back_weight_place(&b->graph, i + 1);
            good &= is_near(weights + at, want.weights + at, end - at, &own);
        }
        free(weights);
        printf("%s gradients %dx%d: %.2g%s\n", stz_isa_name(k->isa), width, height, d, good ? "" : " FAILED");
        failures += !good;
    }
    reference_gradient_free(&want);
    free(in);
    free(factors);
    free(out);
    free(gradient);
    free(code_gradient);
    free(in_d);
    free(factors_d);
    free(code_d);
}

int main(void)
{
    static const int sizes[][2] = {{16, 16}, {44, 28}};
    for (int s = 0; s < 2; s++)
        for (int half = 0; half < 2; half++) {
            net_builder b;
            net_brush(&b, 1, 16, 20, 6, 1);
            const float *code = net_code(&b);
            check(&b, code, sizes[s][0], sizes[s][1], half);
            if (!half)
                check_back(&b, code, sizes[s][0], sizes[s][1]);
            net_free(&b);
            net_transformer(&b, 2, 5, 1);
            if (!half) {
                check(&b, NULL, sizes[s][0], sizes[s][1], false);
                check_back(&b, NULL, sizes[s][0], sizes[s][1]);
            }
            net_free(&b);
        }
    return failures != 0;
}
