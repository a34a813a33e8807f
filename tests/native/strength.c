/* Strength on the networks that are shipped: every step is further from the photograph and nearer to the
 * painting, in all samples and in structure, and half the strength looks half way. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stylize/stylize.h"

#define SIDE  160
#define STEPS 10
#define BLOCK 8

static void must(stylize_status status, const stylize_error *err)
{
    if (status != STYLIZE_OK)
        fail_msg("%s", err->message);
}

static double luma(const stylize_image *p, uint32_t x, uint32_t y)
{
    const uint8_t *c = p->pixels + y * p->stride + x * 3;
    return 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2];
}

/* Structural similarity (Wang et al. 2004) of one block of brightness. */
static double similarity(const stylize_image *a, const stylize_image *b, uint32_t x0, uint32_t y0)
{
    double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
    const double n = BLOCK * BLOCK, c1 = 6.5025, c2 = 58.5225;
    for (uint32_t y = y0; y < y0 + BLOCK; y++)
        for (uint32_t x = x0; x < x0 + BLOCK; x++) {
            const double p = luma(a, x, y), q = luma(b, x, y);
            ma += p / n, mb += q / n, aa += p * p / n, bb += q * q / n, ab += p * q / n;
        }
    const double va = aa - ma * ma, vb = bb - mb * mb, cov = ab - ma * mb;
    return (2 * ma * mb + c1) * (2 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
}

static double structure(const stylize_image *a, const stylize_image *b)
{
    double sum = 0;
    int count = 0;
    for (uint32_t y = 0; y + BLOCK <= a->height; y += BLOCK / 2)
        for (uint32_t x = 0; x + BLOCK <= a->width; x += BLOCK / 2, count++)
            sum += 1 - similarity(a, b, x, y);
    return sum / count;
}

/* Samples that do not lie between those of the last step and of the full painting. */
static int strays(const stylize_image *now, const stylize_image *last, const stylize_image *full)
{
    int count = 0;
    for (uint32_t y = 0; y < now->height; y++)
        for (uint32_t x = 0; x < now->width * 3; x++) {
            const int v = now->pixels[y * now->stride + x], from = last->pixels[y * last->stride + x],
                      to = full->pixels[y * full->stride + x];
            count += from <= to ? v < from || v > to : v > from || v < to;
        }
    return count;
}

static void check(stylize_ctx *ctx, stylize_request *r)
{
    stylize_error err;
    stylize_image content = {0}, full = {0}, last = {0};
    r->strength = 0;
    must(stylize_ctx_run(ctx, r, &content, &err), &err);
    must(stylize_ctx_run(ctx, r, &last, &err), &err);
    r->strength = 1;
    must(stylize_ctx_run(ctx, r, &full, &err), &err);
    double before[2] = {0, structure(&content, &full)};
    for (int i = 1; i <= STEPS; i++) {
        stylize_image now = {0};
        r->strength = (float)i / STEPS;
        must(stylize_ctx_run(ctx, r, &now, &err), &err);
        assert_int_equal(strays(&now, &last, &full), 0);
        const double d[2] = {structure(&now, &content), structure(&now, &full)};
        assert_true(d[0] > before[0] && d[1] < before[1]);
        if (2 * i == STEPS)
            assert_true(fabs(d[0] / (d[0] + d[1]) - 0.5) < 0.15);
        memcpy(before, d, sizeof before);
        stylize_image_free(&last);
        last = now;
    }
    stylize_image_free(&content);
    stylize_image_free(&full);
    stylize_image_free(&last);
}

/* Auto is one of them, and keeps as much structure as it says. */
static void check_auto(stylize_ctx *ctx, stylize_request *r)
{
    stylize_error err;
    stylize_image content = {0}, chosen = {0}, same = {0};
    stylize_report report = {.struct_size = sizeof report};
    r->strength = 0;
    must(stylize_ctx_run(ctx, r, &content, &err), &err);
    r->strength = STYLIZE_STRENGTH_AUTO;
    r->report = &report;
    must(stylize_ctx_run(ctx, r, &chosen, &err), &err);
    r->strength = report.strength;
    must(stylize_ctx_run(ctx, r, &same, &err), &err);
    assert_true(r->strength > 0.3f && r->strength <= 1);
    for (uint32_t y = 0; y < same.height; y++)
        assert_memory_equal(same.pixels + y * same.stride, chosen.pixels + y * chosen.stride, same.width * 3);
    assert_true(structure(&chosen, &content) < 0.56); /* 1 - 0.45, and rounding to bytes */
    r->report = NULL;
    stylize_image_free(&content);
    stylize_image_free(&chosen);
    stylize_image_free(&same);
}

static void strength_rises(void **state)
{
    stylize_ctx *ctx;
    stylize_error err;
    stylize_options o;
    stylize_options_init(&o, sizeof o);
    o.engine = "native";
    must(stylize_ctx_create(&ctx, &o, &err), &err);
    stylize_image photo, artwork;
    must(stylize_image_load(ctx, STYLIZE_SOURCE_DIR "/examples/data/photo.jpg", &photo, &err), &err);
    must(stylize_image_load(ctx, STYLIZE_SOURCE_DIR "/examples/data/artwork.jpg", &artwork, &err), &err);
    const stylize_style_ref styles[] = {
        {"starry_night", NULL, 1}, {"great_wave", NULL, 1}, {NULL, &artwork, 1}};
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++) {
        stylize_request r;
        stylize_request_init(&r, sizeof r);
        r.content = &photo;
        r.styles = &styles[i];
        r.style_count = 1;
        r.output_size = SIDE;
        check(ctx, &r);
        check_auto(ctx, &r);
    }
    stylize_image_free(&photo);
    stylize_image_free(&artwork);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(strength_rises)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
