#include "codec_test.h"

static void allocates_tight_rows(void **state)
{
    stylize_image image;
    assert_int_equal(stz_image_alloc(test_pool, 7, 5, STYLIZE_FORMAT_RGB8, &image, NULL), STYLIZE_OK);
    assert_int_equal(image.stride, 21);
    assert_int_equal(image.size, 105);
    assert_non_null(image.owner);
    memset(image.pixels, 1, image.size);
    stylize_image_free(&image);
    assert_null(image.pixels);
    stylize_image_free(&image); /* twice is fine */
    stylize_image_free(NULL);
}

static void alloc_refuses(void **state)
{
    stylize_image image;
    stylize_error err;
    assert_int_equal(stz_image_alloc(test_pool, 0, 5, STYLIZE_FORMAT_RGB8, &image, &err),
                     STYLIZE_ERR_INVALID);
    assert_int_equal(stz_image_alloc(test_pool, 5, 0, STYLIZE_FORMAT_RGB8, &image, &err),
                     STYLIZE_ERR_INVALID);
    assert_int_equal(stz_image_alloc(test_pool, 5, 5, STYLIZE_FORMAT_JPEG, &image, &err),
                     STYLIZE_ERR_INVALID);
    assert_int_equal(stz_image_alloc(test_pool, UINT32_MAX, UINT32_MAX, STYLIZE_FORMAT_RGBA8, &image, &err),
                     STYLIZE_ERR_NOMEM);
}

static void free_leaves_memory_of_the_caller(void **state)
{
    uint8_t pixels[3] = {1, 2, 3};
    stylize_image image = {.pixels = pixels, .width = 1, .height = 1, .format = STYLIZE_FORMAT_RGB8};
    stylize_image_free(&image);
    assert_int_equal(pixels[1], 2);
}

static stylize_image sound(uint8_t *pixels)
{
    return (stylize_image){.pixels = pixels, .width = 4, .height = 3, .format = STYLIZE_FORMAT_RGB8};
}

static void check_fills_in(void **state)
{
    uint8_t pixels[64];
    stylize_image in = sound(pixels), out;
    assert_int_equal(stz_image_check(&in, "content", &out, NULL), STYLIZE_OK);
    assert_int_equal(out.stride, 12);
    assert_int_equal(out.size, 36);
    in.stride = 20;
    in.size = 52; /* the last row needs no padding */
    assert_int_equal(stz_image_check(&in, "content", &out, NULL), STYLIZE_OK);
    assert_int_equal(out.size, 52);
    stylize_image file = {.pixels = pixels, .size = 64, .format = STYLIZE_FORMAT_ENCODED};
    assert_int_equal(stz_image_check(&file, "content", &out, NULL), STYLIZE_OK);
}

static void refused(stylize_image in, const char *text)
{
    stylize_image out;
    stylize_error err = {0};
    assert_int_equal(stz_image_check(&in, "content", &out, &err), STYLIZE_ERR_INVALID);
    assert_non_null(strstr(err.message, "content"));
    if (!strstr(err.message, text))
        fail_msg("\"%s\" is not in \"%s\"", text, err.message);
}

#define REFUSED(change, text)                                                                                \
    do {                                                                                                     \
        stylize_image in = sound(px);                                                                        \
        change;                                                                                              \
        refused(in, text);                                                                                   \
    } while (0)

static void check_refuses(void **state)
{
    uint8_t px[64];
    stylize_image out;
    stylize_error err;
    assert_int_equal(stz_image_check(NULL, "content", &out, &err), STYLIZE_ERR_INVALID);
    REFUSED(in.pixels = NULL, "NULL");
    REFUSED(in.width = 0, "0x3");
    REFUSED(in.height = 0, "4x0");
    REFUSED(in.stride = 11, "stride of 11");
    REFUSED(in.stride = -12, "negative");
    REFUSED(in.memory = 1, "lies in CUDA memory");
    REFUSED(in.memory = 2, "memory of kind 2");
    REFUSED(in.size = 35, "35 bytes");
    REFUSED(in.format = STYLIZE_FORMAT_NONE, "format 0");
    REFUSED(in.format = (stylize_format)99, "format 99");
    REFUSED(in.format = (stylize_format)-1, "format -1");
    REFUSED((in.height = UINT32_MAX, in.stride = PTRDIFF_MAX), "too large");
    REFUSED((in.width = UINT32_MAX, in.height = UINT32_MAX, in.stride = PTRDIFF_MAX / 2), "too large");
    REFUSED(in.format = STYLIZE_FORMAT_JPEG, "0 bytes");
}

static void fit_is(stz_fit fit, uint32_t w, uint32_t h, stz_rect r)
{
    assert_int_equal(fit.width, w);
    assert_int_equal(fit.height, h);
    assert_int_equal(fit.source.x, r.x);
    assert_int_equal(fit.source.y, r.y);
    assert_int_equal(fit.source.width, r.width);
    assert_int_equal(fit.source.height, r.height);
}

static void fits_the_longer_side(void **state)
{
    fit_is(stz_fit_longer(4000, 3000, 512), 512, 384, (stz_rect){0, 0, 4000, 3000});
    fit_is(stz_fit_longer(3000, 4000, 512), 384, 512, (stz_rect){0, 0, 3000, 4000});
    fit_is(stz_fit_longer(100, 100, 512), 512, 512, (stz_rect){0, 0, 100, 100});
    fit_is(stz_fit_longer(100, 33, 0), 100, 33, (stz_rect){0, 0, 100, 33});
    fit_is(stz_fit_longer(10000, 1, 100), 100, 1, (stz_rect){0, 0, 10000, 1});
    fit_is(stz_fit_longer(1000, 667, 500), 500, 334, (stz_rect){0, 0, 1000, 667}); /* 333.5 rounds up */
    fit_is(stz_fit_longer(UINT32_MAX, UINT32_MAX, 16), 16, 16, (stz_rect){0, 0, UINT32_MAX, UINT32_MAX});
}

static void fits_to_cover(void **state)
{
    fit_is(stz_fit_cover(400, 300, 200, 150), 200, 150, (stz_rect){0, 0, 400, 300});
    fit_is(stz_fit_cover(400, 300, 100, 100), 100, 100, (stz_rect){50, 0, 300, 300});
    fit_is(stz_fit_cover(300, 400, 100, 100), 100, 100, (stz_rect){0, 50, 300, 300});
    fit_is(stz_fit_cover(100, 100, 400, 200), 400, 200, (stz_rect){0, 25, 100, 50});
    fit_is(stz_fit_cover(10, 10, 1000, 1), 1000, 1, (stz_rect){0, 4, 10, 1});
    for (uint32_t w = 1; w < 40; w++) /* the part never leaves the picture */
        for (uint32_t h = 1; h < 40; h++) {
            stz_fit f = stz_fit_cover(w, h, 17, 23);
            assert_true(f.source.width >= 1 && f.source.x + f.source.width <= w);
            assert_true(f.source.height >= 1 && f.source.y + f.source.height <= h);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocates_tight_rows),
        cmocka_unit_test(alloc_refuses),
        cmocka_unit_test(free_leaves_memory_of_the_caller),
        cmocka_unit_test(check_fills_in),
        cmocka_unit_test(check_refuses),
        cmocka_unit_test(fits_the_longer_side),
        cmocka_unit_test(fits_to_cover),
    };
    return cmocka_run_group_tests(tests, test_pool_create, test_pool_end);
}
