/* Each allocation of ours fails once: an error, and every buffer back where it belongs. */
#include "alloc/failing.h"
#include "codec_test.h"

#include <unistd.h>

typedef stylize_status (*action)(stz_pool *pool, blob in, stylize_error *err);

static stylize_status run_decode(stz_pool *pool, blob in, stylize_error *err)
{
    stylize_image image;
    stylize_status status = stz_codec_decode(in.data, in.size, &test_limits, NULL, pool, &image, err);
    if (status == STYLIZE_OK)
        stylize_image_free(&image);
    return status;
}

static uint8_t pixels[100 * 80 * 4];

static stylize_status run_encode(stz_pool *pool, stylize_format format, stylize_format pixel,
                                 stylize_error *err)
{
    stylize_image in = {.pixels = pixels, .width = 100, .height = 80, .format = pixel}, out;
    stylize_status status = stz_codec_encode(&in, format, 0, NULL, pool, &out, err);
    if (status == STYLIZE_OK)
        stylize_image_free(&out);
    return status;
}

static stylize_status run_jpeg(stz_pool *pool, blob in, stylize_error *err)
{
    return run_encode(pool, STYLIZE_FORMAT_JPEG, STYLIZE_FORMAT_RGBA8, err);
}
static stylize_status run_png(stz_pool *pool, blob in, stylize_error *err)
{
    return run_encode(pool, STYLIZE_FORMAT_PNG, STYLIZE_FORMAT_RGBA8, err);
}
#ifdef STZ_HAVE_WEBP
static stylize_status run_webp(stz_pool *pool, blob in, stylize_error *err)
{
    return run_encode(pool, STYLIZE_FORMAT_WEBP, STYLIZE_FORMAT_GRAY8, err);
}
#endif

static stylize_status run_resize(stz_pool *pool, blob in, stylize_error *err)
{
    stylize_image from = {.pixels = pixels, .width = 100, .height = 80, .format = STYLIZE_FORMAT_RGBA8}, out;
    stylize_status status = stz_resize(&from, (stz_rect){0, 0, 100, 80}, 50, 30, pool, &out, err);
    if (status == STYLIZE_OK)
        stylize_image_free(&out);
    return status;
}

static stylize_status run_load(stz_pool *pool, blob in, stylize_error *err)
{
    char path[512];
    snprintf(path, sizeof path, "%s/tests/codec/data/golden.png", STYLIZE_SOURCE_DIR);
    stylize_image out;
    stylize_status status = stz_file_load(path, &test_limits, pool, &out, err);
    if (status == STYLIZE_OK)
        stylize_image_free(&out);
    return status;
}

/* A pool that keeps nothing, so that each buffer is a new allocation. */
static int fail_each(action run, blob in)
{
    int failures = 0;
    for (long n = 1;; n++) {
        stz_pool *pool = stz_pool_create(0);
        stz_pool_stats stats;
        stylize_error err = {0};
        assert_non_null(pool);
        failing_arm(n, FAILING_ALWAYS);
        stylize_status status = run(pool, in, &err);
        bool met = failing_disarm();
        stz_pool_get_stats(pool, STZ_MEM_PURPOSES, &stats);
        assert_int_equal(stats.bytes, 0);
        stz_pool_end(pool);
        if (!met) {
            assert_int_equal(status, STYLIZE_OK);
            return failures;
        }
        if (status != STYLIZE_OK) { /* a profile that cannot be read is left out: no failure */
            assert_int_equal(status, STYLIZE_ERR_NOMEM);
            assert_true(err.message[0] != 0);
            failures++;
        }
    }
}

static void decoding_reports_it(void **state)
{
    static const char *const names[] = {"444.jpg",      "cmyk.jpg",     "orient6.jpg",
                                        "rgba8i.png",   "orient6i.png",
#ifdef STZ_HAVE_WEBP
                                        "orient6.webp", "animated.webp"
#endif
    };
    for (size_t i = 0; i < STZ_LEN(names); i++) {
        blob b = blob_load(names[i]);
        assert_true(fail_each(run_decode, b) > 0);
        blob_free(&b);
    }
}

static void encoding_reports_it(void **state)
{
    uint32_t random = 5; /* noise, so that the output has to grow */
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)((random = random * 1664525u + 1013904223u) >> 24);
    assert_true(fail_each(run_jpeg, (blob){0}) >= 2);
    assert_true(fail_each(run_png, (blob){0}) >= 2);
#ifdef STZ_HAVE_WEBP
    assert_true(fail_each(run_webp, (blob){0}) >= 2);
#endif
}

static void resizing_reports_it(void **state) { assert_true(fail_each(run_resize, (blob){0}) >= 2); }
static void loading_reports_it(void **state) { assert_true(fail_each(run_load, (blob){0}) >= 1); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoding_reports_it),
        cmocka_unit_test(encoding_reports_it),
        cmocka_unit_test(resizing_reports_it),
        cmocka_unit_test(loading_reports_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
