/* Formats of frames, in and out. */
#include "sequence_test.h"

static int differ(const uint8_t *a, const uint8_t *b, size_t n)
{
    int most = 0;
    for (size_t i = 0; i < n; i++)
        most = abs(a[i] - b[i]) > most ? abs(a[i] - b[i]) : most;
    return most;
}

/* One frame through a sequence at strength 0, which gives back what went in. */
static void pass(stylize_ctx *ctx, const stylize_frame *in, stylize_frame *out)
{
    stylize_error err = {0};
    stylize_request r = plain_request();
    r.strength = 0;
    stylize_sequence *s = create_sequence(ctx, &r, 0, 1);
    ok(stylize_sequence_push(s, in, NULL, &err));
    ok(stylize_sequence_pull(s, out, &err));
    stylize_sequence_destroy(s);
}

/* All colours that a camera sees come back, on odd sizes too: U and V are those of four equal pixels. */
static void yuv_comes_back(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    for (int i = 0; i < 8; i++) {
        const uint32_t width = i & 4 ? 33 : 48, height = i & 4 ? 19 : 32;
        stylize_image colours = fake_picture(width, height, STYLIZE_FORMAT_RGB8, 3);
        for (uint32_t y = 0; y < height; y++) /* 2x2 pixels alike */
            for (uint32_t x = 0; x < width; x++)
                memcpy(colours.pixels + y * colours.stride + x * 3,
                       colours.pixels + (y & ~1u) * colours.stride + (x & ~1u) * 3, 3);
        stylize_frame rgb = frame_of(&colours), yuv = yuv_frame(width, height),
                      again = yuv_frame(width, height);
        yuv.matrix = again.matrix = i & 1 ? STYLIZE_MATRIX_BT709 : STYLIZE_MATRIX_BT601;
        yuv.range = again.range = i & 2 ? STYLIZE_RANGE_FULL : STYLIZE_RANGE_LIMITED;
        stylize_image back = fake_picture(width, height, STYLIZE_FORMAT_RGB8, 4);
        stylize_frame out = frame_of(&back);
        pass(ctx, &rgb, &yuv);
        pass(ctx, &yuv, &out);
        assert_in_range(differ(colours.pixels, back.pixels, colours.size), 0,
                        4); /* three rounded numbers of 219 */
        pass(ctx, &yuv, &again);
        assert_in_range(differ(yuv.planes[0], again.planes[0], (size_t)width * height), 0, 1);
        free(colours.pixels);
        free(back.pixels);
        free(yuv.planes[0]);
        free(again.planes[0]);
    }
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

/* Numbers of the standards: white, black, and pure red. */
static void yuv_is_that_of_the_standards(void **state)
{
    static const struct {
        stylize_frame_matrix matrix;
        stylize_frame_range range;
        uint8_t rgb[3], yuv[3];
    } known[] = {
        {STYLIZE_MATRIX_BT601, STYLIZE_RANGE_LIMITED, {255, 255, 255}, {235, 128, 128}},
        {STYLIZE_MATRIX_BT601, STYLIZE_RANGE_LIMITED, {0, 0, 0}, {16, 128, 128}},
        {STYLIZE_MATRIX_BT601, STYLIZE_RANGE_LIMITED, {255, 0, 0}, {81, 90, 240}},
        {STYLIZE_MATRIX_BT709, STYLIZE_RANGE_LIMITED, {255, 0, 0}, {63, 102, 240}},
        {STYLIZE_MATRIX_BT709, STYLIZE_RANGE_LIMITED, {0, 0, 255}, {32, 240, 118}},
        {STYLIZE_MATRIX_BT601, STYLIZE_RANGE_FULL, {255, 0, 0}, {76, 85, 255}},
        {STYLIZE_MATRIX_AUTO, STYLIZE_RANGE_LIMITED, {255, 0, 0}, {81, 90, 240}}, /* few rows */
    };
    stylize_ctx *ctx = create_ctx(NULL);
    for (size_t i = 0; i < STZ_LEN(known); i++) {
        stylize_image one = fake_picture(16, 16, STYLIZE_FORMAT_RGB8, 1);
        for (size_t p = 0; p < 16 * 16; p++)
            memcpy(one.pixels + p * 3, known[i].rgb, 3);
        stylize_frame in = frame_of(&one), out = yuv_frame(16, 16);
        out.matrix = known[i].matrix;
        out.range = known[i].range;
        pass(ctx, &in, &out);
        for (int p = 0; p < 3; p++)
            assert_in_range(abs(out.planes[p][5] - known[i].yuv[p]), 0, 1);
        free(one.pixels);
        free(out.planes[0]);
    }
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void alpha_is_kept(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err = {0};
    stylize_image in = fake_picture(40, 24, STYLIZE_FORMAT_RGBA8, 9),
                  out = fake_picture(40, 24, STYLIZE_FORMAT_RGBA8, 1);
    stylize_request r = plain_request();
    stylize_sequence *s = create_sequence(ctx, &r, 0.7f, 0);
    for (int i = 0; i < 3; i++) {
        stylize_frame frame = frame_of(&in), result = frame_of(&out);
        ok(stylize_sequence_push(s, &frame, NULL, &err));
        ok(stylize_sequence_pull(s, &result, &err));
        for (size_t p = 3; p < in.size; p += 4)
            assert_int_equal(out.pixels[p], in.pixels[p]);
    }
    stylize_sequence_destroy(s);
    free(in.pixels);
    free(out.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

/* Rows may be apart, and what lies between them stays. */
static void strides_are_observed(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_frame in = yuv_frame(64, 20), out = yuv_frame(64, 20);
    in.width = out.width = 33;
    for (int i = 0; i < 64 * 20; i++)
        in.planes[0][i] = (uint8_t)(i * 7);
    memset(in.planes[1], 128, 2 * 32 * 10);
    in.strides[0] = out.strides[0] = 64;
    in.strides[1] = in.strides[2] = out.strides[1] = out.strides[2] = 32;
    in.range = out.range = STYLIZE_RANGE_FULL;
    memset(out.planes[0], 77, 64 * 20 + 2 * 32 * 10);
    pass(ctx, &in, &out);
    for (int y = 0; y < 20; y++) {
        assert_in_range(differ(in.planes[0] + y * 64, out.planes[0] + y * 64, 33), 0, 1);
        for (int x = 33; x < 64; x++)
            assert_int_equal(out.planes[0][y * 64 + x], 77);
    }
    for (int y = 0; y < 10; y++)
        for (int x = 17; x < 32; x++)
            assert_int_equal(out.planes[1][y * 32 + x], 77);
    free(in.planes[0]);
    free(out.planes[0]);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

/* Blue first is the same painting, with and without alpha; what has none is opaque. */
static void blue_may_come_first(void **state)
{
    static const stylize_frame_format swapped[] = {STYLIZE_FRAME_BGR8, STYLIZE_FRAME_BGRA8};
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err = {0};
    for (int i = 0; i < 2; i++) {
        const size_t bytes = i ? 4 : 3;
        const stylize_format format = i ? STYLIZE_FORMAT_RGBA8 : STYLIZE_FORMAT_RGB8;
        stylize_image in = fake_picture(40, 24, format, 9), blue = fake_picture(40, 24, format, 9),
                      out = fake_picture(40, 24, format, 1), other = fake_picture(40, 24, format, 2),
                      full = fake_picture(40, 24, STYLIZE_FORMAT_RGBA8, 2);
        for (size_t p = 0; p < in.size; p += bytes) {
            blue.pixels[p] = in.pixels[p + 2];
            blue.pixels[p + 2] = in.pixels[p];
        }
        stylize_request r = plain_request();
        stylize_sequence *a = create_sequence(ctx, &r, 0.7f, 1), *b = create_sequence(ctx, &r, 0.7f, 1);
        for (int n = 0; n < 3; n++) { /* the second has motion, of the brightness */
            stylize_frame frame = frame_of(&in), result = frame_of(&out), theirs = frame_of(&blue),
                          given = frame_of(&other);
            theirs.format = given.format = swapped[i];
            ok(stylize_sequence_push(a, &frame, NULL, &err));
            ok(stylize_sequence_pull(a, &result, &err));
            ok(stylize_sequence_push(b, &theirs, NULL, &err));
            ok(stylize_sequence_pull(b, &given, &err));
            assert_true(result.kept == given.kept);
            for (size_t p = 0; p < in.size; p += bytes) {
                assert_int_equal(out.pixels[p], other.pixels[p + 2]);
                assert_int_equal(out.pixels[p + 1], other.pixels[p + 1]);
                assert_int_equal(out.pixels[p + 2], other.pixels[p]);
                if (bytes == 4)
                    assert_int_equal(other.pixels[p + 3], in.pixels[p + 3]);
            }
        }
        stylize_frame frame = frame_of(&blue), opaque = frame_of(&full);
        frame.format = swapped[i];
        opaque.format = STYLIZE_FRAME_BGRA8;
        pass(ctx, &frame, &opaque);
        for (size_t p = 0; p < 40 * 24; p++) {
            assert_memory_equal(full.pixels + 4 * p, blue.pixels + bytes * p, 3);
            assert_int_equal(full.pixels[4 * p + 3], i ? blue.pixels[4 * p + 3] : 255);
        }
        stylize_sequence_destroy(a);
        stylize_sequence_destroy(b);
        free(in.pixels), free(blue.pixels), free(out.pixels), free(other.pixels), free(full.pixels);
    }
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(yuv_comes_back, reset),
        cmocka_unit_test_setup(yuv_is_that_of_the_standards, reset),
        cmocka_unit_test_setup(alpha_is_kept, reset),
        cmocka_unit_test_setup(blue_may_come_first, reset),
        cmocka_unit_test_setup(strides_are_observed, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
