/* The method optimize without a network: sizes on the way, previews, budgets, styles. */
#include "helpers.h"

static stylize_request optimize_for(const stylize_image *content, const stylize_style_ref *style)
{
    stylize_request r = request_for(content, style);
    r.method = STYLIZE_METHOD_OPTIMIZE;
    return r;
}

/* The fake engine makes every sample one brighter at each iteration; sizes only change what is between. */
static void coarse_to_fine(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(403, 210, STYLIZE_FORMAT_RGBA8, 1), out = {0};
    for (size_t i = 0; i < in.size; i++)
        in.pixels[i] = i % 4 == 3 ? 255 : 40;
    const stylize_style_ref style = {"a", NULL, 1};
    stylize_report report = {.struct_size = sizeof report};
    stylize_request r = optimize_for(&in, &style);
    r.iterations = 90;
    r.report = &report;
    ok(stylize_ctx_run(ctx, &r, &out, &err));
    assert_int_equal(fake.levels, 3); /* 100, 201 and 403 pixels; not 50 */
    assert_int_equal(fake.level_width[0], 100);
    assert_int_equal(fake.level_width[1], 204);
    assert_int_equal(fake.level_width[2], 404);
    assert_int_equal(fake.level_iterations[0] + fake.level_iterations[1] + fake.level_iterations[2], 90);
    assert_true(fake.level_iterations[0] > fake.level_iterations[1]);
    assert_true(fake.level_iterations[1] > fake.level_iterations[2]);
    assert_int_equal(fake.level_styles[0], 100); /* the artwork's longer side is the content's */
    assert_int_equal(fake.level_styles[2], 400);
    assert_string_equal(report.model, "fakeloss");
    assert_int_equal(report.iterations, 90);
    assert_int_equal(report.ended_early, 0);
    assert_int_equal(out.width, 403);
    assert_int_equal(out.format, STYLIZE_FORMAT_RGBA8);
    for (size_t i = 0; i < 403; i++)
        assert_int_equal(out.pixels[i * 4], 130);
    stylize_image_free(&out);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

/* With 16 bits the last size is in floating point: the fake engine adds half a level of 8 bits at each iteration. */
static void the_last_size_has_more_than_8_bits(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(403, 210, STYLIZE_FORMAT_RGBA8, 1), out = {0};
    for (size_t i = 0; i < in.size; i++)
        in.pixels[i] = i % 4 == 3 ? 200 : 40;
    const stylize_style_ref style = {"a", NULL, 1};
    stylize_request r = optimize_for(&in, &style);
    r.output_depth = 16;
    for (uint32_t iterations = 1; iterations < 100; iterations += 89) {
        r.iterations = iterations;
        fake.levels = 0;
        ok(stylize_ctx_run(ctx, &r, &out, &err));
        assert_int_equal(out.format, STYLIZE_FORMAT_RGBA16);
        const int last = fake.levels - 1;
        int whole = 40;
        for (int i = 0; i < last; i++)
            whole += fake.level_iterations[i];
        const double expected = whole * 257 + fake.level_iterations[last] * 65535 / 512.0;
        for (size_t i = 0; i < (size_t)403 * 210; i++) {
            const uint16_t *p = (const uint16_t *)(const void *)out.pixels + i * 4;
            assert_true(p[0] > expected - 2 && p[0] < expected + 2);
            assert_int_equal(p[3], 200 * 257);
        }
        stylize_image_free(&out);
    }
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

typedef struct seen {
    int previews, end_after;
    uint32_t width, first_width;
    float done;
    int steps, cancel_after;
} seen;

static int on_preview(void *user, const stylize_image *picture)
{
    seen *s = user;
    assert_int_equal(picture->format, STYLIZE_FORMAT_RGB8);
    assert_true(picture->width >= s->width); /* never smaller than before */
    s->width = picture->width;
    if (!s->previews++)
        s->first_width = picture->width;
    return s->end_after && s->previews == s->end_after;
}

static int on_progress(void *user, float done)
{
    seen *s = user;
    assert_true(done > s->done || s->steps == 0);
    s->done = done;
    return s->cancel_after && ++s->steps == s->cancel_after;
}

static void previews_and_progress(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(256, 192, STYLIZE_FORMAT_RGB8, 1), out = {0};
    const stylize_style_ref style = {NULL, &in, 1};
    seen s = {0};
    stylize_report report = {.struct_size = sizeof report};
    stylize_request r = optimize_for(&in, &style);
    r.iterations = 80;
    r.report = &report;
    r.preview = on_preview;
    r.progress = on_progress;
    r.preview_user = r.progress_user = &s;
    ok(stylize_ctx_run(ctx, &r, &out, &err));
    assert_true(s.previews >= 20 && s.previews <= 80);
    assert_int_equal(s.first_width, 128);
    assert_int_equal(s.width, 256);
    assert_true(s.done == 1.0f);
    assert_int_equal(report.iterations, 80);
    assert_int_equal(report.ended_early, 0);
    stylize_image_free(&out);

    s = (seen){.end_after = 1}; /* content with what there is */
    ok(stylize_ctx_run(ctx, &r, &out, &err));
    assert_int_equal(s.previews, 1);
    assert_int_equal(out.width, 256);
    assert_true(report.iterations > 0 && report.iterations < 80);
    assert_int_equal(report.ended_early, 1);
    stylize_image_free(&out);

    s = (seen){.cancel_after = 3};
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_CANCELLED, "cancelled");
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void budgets(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(64, 64, STYLIZE_FORMAT_RGB8, 1), out = {0};
    const stylize_style_ref style = {NULL, &in, 1};
    stylize_report report = {.struct_size = sizeof report};
    stylize_request r = optimize_for(&in, &style);
    fake.delay_ms = 2;
    r.iterations = 100000;
    r.report = &report;
    r.time_budget_ms = 30; /* ends well */
    ok(stylize_ctx_run(ctx, &r, &out, &err));
    assert_true(report.iterations > 0 && report.iterations < 100000);
    assert_int_equal(report.ended_early, 1);
    assert_true(memcmp(out.pixels, in.pixels, 64 * 64 * 3) != 0);
    stylize_image_free(&out);
    fake.levels = 0;
    r.time_budget_ms = 0;
    r.deadline_ms = 30; /* does not */
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_DEADLINE, "30 ms");
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

/* It is refused at once, not after the smaller sizes. */
static void memory_that_does_not_do(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(500, 500, STYLIZE_FORMAT_RGB8, 1), out = {0};
    const stylize_style_ref style = {NULL, &in, 1};
    stylize_request r = optimize_for(&in, &style);
    r.iterations = 4;
    r.memory_budget = 40 << 20; /* 50 million bytes are needed, with Adam 25 */
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_LIMIT,
          "the memory budget is 41943040 bytes; optimizing 500x500 pixels takes 50000000, less with the "
          "optimizer adam");
    assert_int_equal(fake.levels, 0);
    r.optimizer = STYLIZE_OPTIMIZER_ADAM;
    ok(stylize_ctx_run(ctx, &r, &out, &err));
    assert_true(fake.levels > 1);
    stylize_image_free(&out);
    fake.levels = 0;
    r.memory_budget = 0; /* more than that of a painting */
    r.optimizer = STYLIZE_OPTIMIZER_LBFGS;
    ok(stylize_ctx_run(ctx, &r, &out, &err));
    stylize_image_free(&out);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void styles_of_every_kind(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(64, 48, STYLIZE_FORMAT_RGB8, 1), out = {0},
                  gray = fake_picture(40, 90, STYLIZE_FORMAT_GRAY8, 2),
                  clear = fake_picture(33, 31, STYLIZE_FORMAT_RGBA8, 3);
    const stylize_style_ref styles[] = {{"a", NULL, 1}, {NULL, &gray, 2}, {NULL, &clear, 1}};
    stylize_request r = optimize_for(&in, styles);
    r.style_count = 3;
    r.iterations = 2;
    ok(stylize_ctx_run(ctx, &r, &out, &err));
    stylize_image_free(&out);

    const stylize_style_ref bare = {"b", NULL, 1};
    r.styles = &bare;
    r.style_count = 1;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_UNSUPPORTED, "\"b\" has no artwork");
    r.styles = styles;
    r.optimizer = (stylize_optimizer)2;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "optimizer 2");
    r.optimizer = STYLIZE_OPTIMIZER_ADAM;
    r.iterations = 100001;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "100000");
    r.iterations = 1;
    r.style_count = 2;
    gray.size = 10; /* less than its size says */
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "style picture");
    free(in.pixels);
    free(gray.pixels);
    free(clear.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(coarse_to_fine, reset),
        cmocka_unit_test_setup(the_last_size_has_more_than_8_bits, reset),
        cmocka_unit_test_setup(previews_and_progress, reset),
        cmocka_unit_test_setup(budgets, reset),
        cmocka_unit_test_setup(memory_that_does_not_do, reset),
        cmocka_unit_test_setup(styles_of_every_kind, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
