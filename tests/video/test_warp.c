/* Paintings moved and mixed by every instruction set, against plain loops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <math.h>

#include "video/kernels.h"

enum { WIDTH = 45, HEIGHT = 23, PIXELS = WIDTH * HEIGHT };

typedef struct world {
    stz_warp_taps taps;
    int16_t before[PIXELS * 4 + 16], mixed[PIXELS * 4 + 16];
    uint8_t now[PIXELS * 4], shown[PIXELS * 4];
    float u[PIXELS], v[PIXELS], share[PIXELS];
} world;

static uint32_t seed;

static double chance(void)
{
    seed = seed * 1664525 + 1013904223;
    return (double)(seed >> 8) / (1 << 24);
}

static void weights(double f, double w[4])
{
    const double a = -0.75, g = 1 - f;
    w[0] = a * f * g * g;
    w[1] = ((a + 2) * f - (a + 3)) * f * f + 1;
    w[3] = a * g * f * f;
    w[2] = 1 - w[0] - w[1] - w[3];
}

static world *create(void)
{
    world *s = calloc(1, sizeof *s);
    seed = 7;
    for (int phase = 0; phase < STZ_WARP_PHASES; phase++) {
        double w[4];
        weights((double)phase / STZ_WARP_PHASES, w);
        for (int i = 0; i < 4 * STZ_WARP_TAPS; i++)
            s->taps.across[phase][i] = (float)w[i / 4];
        for (int i = 0; i < 8 * STZ_WARP_TAPS; i++)
            s->taps.down[phase][i] = (float)w[i / 8];
    }
    for (int i = 0; i < PIXELS * 4; i++) {
        s->before[i] = (int16_t)(chance() * 255 * STZ_PAINT_ONE);
        s->now[i] = (uint8_t)(chance() * 255.99);
    }
    for (int i = 0; i < PIXELS; i++) {
        s->u[i] = (float)(chance() * 20 - 10); /* many of them lead out of the picture */
        s->v[i] = (float)(chance() * 20 - 10);
        s->share[i] = i % 5 ? (float)chance() : 0;
    }
    return s;
}

static int held(int i, int n) { return i < 0 ? 0 : i < n ? i : n - 1; }

/* The place is rounded to the phases as the kernels do it; all else is done in double. */
static double moved(const world *s, int x, int y, int c)
{
    const float fx = (float)x + s->u[y * WIDTH + x], fy = (float)y + s->v[y * WIDTH + x];
    const int px = (int)floorf(fx * STZ_WARP_PHASES + 0.5f), py = (int)floorf(fy * STZ_WARP_PHASES + 0.5f);
    const int ix = (int)floor((double)px / STZ_WARP_PHASES), iy = (int)floor((double)py / STZ_WARP_PHASES);
    double wx[4], wy[4], sum = 0;
    weights((double)(px - ix * STZ_WARP_PHASES) / STZ_WARP_PHASES, wx);
    weights((double)(py - iy * STZ_WARP_PHASES) / STZ_WARP_PHASES, wy);
    const bool inside = ix >= 1 && iy >= 1 && ix + 2 < WIDTH && iy + 2 < HEIGHT;
    const int bx = inside ? ix : held(ix, WIDTH), by = inside ? iy : held(iy, HEIGHT);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
            sum += wx[j] * wy[i] *
                   s->before[(held(by - 1 + i, HEIGHT) * WIDTH + held(bx - 1 + j, WIDTH)) * 4 + c];
    return sum;
}

static void warp(world *s, const stz_video_kernels *k, int bytes)
{
    for (int y = 0; y < HEIGHT; y++) {
        const stz_warp w = {.taps = &s->taps,
                            .before = s->before,
                            .width = WIDTH,
                            .height = HEIGHT,
                            .now = s->now + (ptrdiff_t)y * WIDTH * bytes,
                            .bytes = bytes,
                            .out = s->mixed + (ptrdiff_t)y * WIDTH * 4,
                            .u = s->u + y * WIDTH,
                            .v = s->v + y * WIDTH,
                            .share = s->share + y * WIDTH,
                            .y = y};
        k->warp(&w);
    }
}

static void paintings_are_moved_and_mixed(void **state)
{
    for (int isa = STZ_ISA_PORTABLE; isa <= STZ_ISA_AVX512; isa++) {
        const stz_video_kernels *k = stz_video_kernels_of((stz_isa)isa);
        for (int bytes = 3; k && bytes <= 4; bytes++) {
            world *s = create();
            warp(s, k, bytes);
            double worst = 0;
            for (int i = 0; i < PIXELS; i++)
                for (int c = 0; c < 3; c++) {
                    const double now = s->now[i * bytes + c] * STZ_PAINT_ONE;
                    double want = now + (double)s->share[i] * (moved(s, i % WIDTH, i / WIDTH, c) - now);
                    want = fmin(fmax(want, 0), 255 * STZ_PAINT_ONE);
                    worst = fmax(worst, fabs(s->mixed[i * 4 + c] - want));
                }
            if (worst > 1) /* it is rounded to a whole number, from floats of 24 bits */
                fail_msg("instruction set %d, %d bytes: %g off", isa, bytes, worst);
            free(s);
        }
    }
}

static double shown(const world *s, int x, int y, int c)
{
    double mean = 0;
    for (int dy = -1; dy <= 1; dy++)
        for (int dx = -1; dx <= 1; dx++)
            mean += (dx ? 1 : 2) * (dy ? 1 : 2) / 16.0 *
                    s->mixed[(held(y + dy, HEIGHT) * WIDTH + held(x + dx, WIDTH)) * 4 + c];
    const int16_t *here = s->mixed + (y * WIDTH + x) * 4;
    const double sharpen = 0.3 * here[3] / STZ_SHARE_ONE;
    return fmin(fmax((here[c] + (here[c] - mean) * sharpen) / STZ_PAINT_ONE, 0), 255);
}

static void paintings_are_shown_a_little_sharper(void **state)
{
    for (int isa = STZ_ISA_PORTABLE; isa <= STZ_ISA_AVX512; isa++) {
        const stz_video_kernels *k = stz_video_kernels_of((stz_isa)isa);
        for (int bytes = 3; k && bytes <= 4; bytes++) {
            world *s = create();
            warp(s, k, bytes);
            double worst = 0, sharper = 0;
            for (int y = 0; y < HEIGHT; y++) {
                const stz_show show = {s->mixed, WIDTH, HEIGHT, s->shown + (ptrdiff_t)y * WIDTH * bytes,
                                       bytes,    y};
                k->show(&show);
            }
            for (int i = 0; i < PIXELS; i++)
                for (int c = 0; c < 3 && i % WIDTH > 1 && i % WIDTH < WIDTH - 2;
                     c++) { /* edges are held by pairs */
                    const double want = shown(s, i % WIDTH, i / WIDTH, c);
                    worst = fmax(worst, fabs(s->shown[i * bytes + c] - want));
                    sharper = fmax(sharper, fabs(want - (double)s->mixed[i * 4 + c] / STZ_PAINT_ONE));
                }
            if (worst > 0.51) /* it is rounded to a byte */
                fail_msg("instruction set %d, %d bytes: %g levels off", isa, bytes, worst);
            assert_true(sharper > 2);
            free(s);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paintings_are_moved_and_mixed),
        cmocka_unit_test(paintings_are_shown_a_little_sharper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
