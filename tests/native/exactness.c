/*
 * How far each set of kernels is from double precision where it is hard: pictures with flat areas and
 * hard edges, gains of very different sizes. Rounding that differs from pixel to pixel is noise in a
 * flat area, and a network that looks for edges can make it a thousand times larger.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net_util.h"
#include "reference.h"

#define WIDTH                96
#define HEIGHT               64
#define TOLERANCE            1.5e-5 /* plain fp32, pixel by pixel, is at 1e-6 */
#define WIDE_TOLERANCE       5e-5   /* gains of 8 again and again */
#define STATISTICS_TOLERANCE 4e-6   /* of a standard deviation */

/* A dark sky in steps of one level, a flat wall, a bright one beside it. */
static float *flat_picture(void)
{
    float *p = malloc(sizeof *p * 3 * WIDTH * HEIGHT);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            for (int c = 0; c < 3; c++) {
                const bool sky = y < 22 - abs(x - 62) / 7;
                const int level = sky ? 2 + 28 * c + (x + y) / 24 : x < 62 ? 80 * c : 210 + 10 * c;
                p[(y * WIDTH + x) * 3 + c] = (float)level / 255;
            }
    return p;
}

/* Largest error of the statistics: of a mean in standard deviations, of a deviation relative to itself. */
static double statistics_error(const float *got, const float *want, int channels)
{
    double largest = 0;
    for (int c = 0; c < channels; c++) {
        const double variance = (double)want[channels + c] + 1e-5;
        const double mean = fabs((double)got[c] - (double)want[c]) / sqrt(variance);
        const double deviation = fabs((double)got[channels + c] - (double)want[channels + c]) / variance / 2;
        largest = fmax(largest, fmax(mean, deviation));
    }
    return largest;
}

static void against_double(const net_builder *b, const float *code, double tolerance)
{
    const size_t count = (size_t)3 * WIDTH * HEIGHT, norms = (size_t)b->graph.norm_channels * 2;
    float *in = flat_picture(), *want = malloc(count * sizeof *want), *out = malloc(count * sizeof *out);
    float *stats = malloc(norms * sizeof *stats), *want_stats = malloc(norms * sizeof *stats);
    reference_apply(&b->graph, in, WIDTH, HEIGHT, code, NULL, want_stats, want);
    const stz_kernels *k;
    for (int i = 0; (k = kernels_at(i)); i++) {
        runner r;
        runner_open(&r, &b->graph, k, 1);
        runner_apply(&r, in, WIDTH, HEIGHT, code, NULL, stats, out);
        const double d = difference(out, want, count);
        const double s = statistics_error(stats, want_stats, b->graph.norm_channels);
        print_message("%s: picture %.1e, statistics %.1e\n", stz_isa_name(k->isa), d, s);
        if (!(d < tolerance))
            fail_msg("%s: differs by %g, at most %g is allowed", stz_isa_name(k->isa), d, tolerance);
        if (!(s < STATISTICS_TOLERANCE))
            fail_msg("%s: statistics differ by %g", stz_isa_name(k->isa), s);
        runner_close(&r);
    }
    free(in);
    free(want);
    free(out);
    free(stats);
    free(want_stats);
}

static void test_flat_areas(void **state)
{
    for (unsigned seed = 200; seed < 204; seed++) {
        net_builder b;
        net_brush(&b, seed, 32, 48, 24, 5);
        against_double(&b, net_code(&b), TOLERANCE);
        net_free(&b);
    }
}

static void test_nine_by_nine(void **state)
{
    for (unsigned seed = 300; seed < 304; seed++) {
        net_builder b;
        net_transformer(&b, seed, 8, 2);
        against_double(&b, NULL, TOLERANCE);
        net_free(&b);
    }
}

/* Gains from an eighth to eight times the usual. */
static void test_wide_gains(void **state)
{
    for (unsigned seed = 200; seed < 204; seed++) {
        net_builder b;
        net_brush(&b, seed, 32, 48, 24, 5);
        float *code = net_code(&b);
        for (int i = 0; i < b.graph.norm_channels; i++)
            code[i] *= exp2f(3 * net_random(&b));
        against_double(&b, code, WIDE_TOLERANCE);
        net_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flat_areas),
        cmocka_unit_test(test_nine_by_nine),
        cmocka_unit_test(test_wide_gains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
