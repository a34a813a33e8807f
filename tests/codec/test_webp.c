#include "codec_test.h"

#ifdef STZ_HAVE_WEBP

static void decodes_every_kind(void **state)
{
    static const struct {
        const char *name;
        stylize_format format;
        double mean;
        int most;
    } kinds[] = {
        {"lossless.webp", STYLIZE_FORMAT_RGB8, 0, 0},
        {"lossy.webp", STYLIZE_FORMAT_RGB8, 3, 24},
        {"alphall.webp", STYLIZE_FORMAT_RGBA8, 0, 0},
        {"alpha.webp", STYLIZE_FORMAT_RGBA8, 3, 24},
    };
    for (size_t i = 0; i < STZ_LEN(kinds); i++) {
        blob b = blob_load(kinds[i].name);
        stylize_image_info info = probe(b);
        assert_int_equal(info.format, STYLIZE_FORMAT_WEBP);
        assert_int_equal(info.width, CARD_W);
        assert_int_equal(info.height, CARD_H);
        assert_int_equal(info.has_alpha, kinds[i].format == STYLIZE_FORMAT_RGBA8);
        blob_free(&b);
        stylize_image image = decode_file(kinds[i].name);
        assert_int_equal(image.format, kinds[i].format);
        assert_card(kinds[i].name, &image, kinds[i].mean, kinds[i].most);
        stylize_image_free(&image);
    }
}

static void turns_upright(void **state)
{
    for (int o = 1; o <= 8; o++) {
        char name[32];
        snprintf(name, sizeof name, "orient%d.webp", o);
        blob b = blob_load(name);
        stylize_image_info info = probe(b);
        blob_free(&b);
        assert_int_equal(info.orientation, o);
        assert_int_equal(info.width, CARD_W);
        stylize_image image = decode_file(name);
        assert_card(name, &image, 4, 32);
        stylize_image_free(&image);
    }
}

static void decodes_the_first_frame(void **state)
{
    stylize_image image = decode_file("animated.webp");
    assert_int_equal(image.format, STYLIZE_FORMAT_RGBA8);
    for (int y = 0; y < CARD_H; y++)
        for (int x = 0; x < CARD_W; x++) {
            uint8_t c[3];
            card_pixel(x, y, c);
            const uint8_t *p = pixel_at(&image, x, y);
            assert_memory_equal(p, c, 3);
            assert_int_equal(p[3], 255);
        }
    stylize_image_free(&image);
}

static void add_chunk(blob *b, const char *name, const void *data, size_t size)
{
    const uint8_t length[4] = {(uint8_t)size, (uint8_t)(size >> 8), (uint8_t)(size >> 16),
                               (uint8_t)(size >> 24)};
    blob_add(b, name, 4);
    blob_add(b, length, 4);
    blob_add(b, data, size);
    if (size & 1)
        blob_byte(b, 0);
    uint32_t riff = (uint32_t)b->size - 8;
    for (int i = 0; i < 4; i++)
        b->data[4 + i] = (uint8_t)(riff >> 8 * i);
}

static blob extended(int flags, int width, int height)
{
    blob b = blob_copy("RIFF\0\0\0\0WEBP", 12);
    const uint8_t body[10] = {(uint8_t)flags,        0, 0, 0, (uint8_t)(width - 1), 0, 0,
                              (uint8_t)(height - 1), 0, 0};
    add_chunk(&b, "VP8X", body, sizeof body);
    return b;
}

/* A frame at (16, 8) of a larger canvas: what it leaves free is transparent. */
static void places_a_small_frame(void **state)
{
    blob still = blob_load("lossless.webp"), b = extended(2, 80, 60);
    add_chunk(&b, "ANIM", "\0\0\0\0\0\0", 6);
    uint8_t head[16] = {8, 0, 0, 4, 0, 0, CARD_W - 1, 0, 0, CARD_H - 1, 0, 0, 10, 0, 0, 0};
    blob body = blob_copy(head, sizeof head);
    blob_add(&body, still.data + 12, still.size - 12);
    add_chunk(&b, "ANMF", body.data, body.size);
    stylize_image image = decode(b);
    assert_int_equal(image.width, 80);
    assert_int_equal(image.height, 60);
    uint8_t c[3];
    card_pixel(5, 7, c);
    assert_memory_equal(pixel_at(&image, 21, 15), c, 3);
    assert_int_equal(pixel_at(&image, 21, 15)[3], 255);
    assert_int_equal(pixel_at(&image, 15, 15)[3], 0);
    assert_int_equal(pixel_at(&image, 79, 59)[3], 0);
    stylize_image_free(&image);

    uint8_t *frame = memmem(b.data, b.size, "ANMF", 4);
    frame[8] = 30; /* now it ends at column 60 + 48, outside */
    decode_fails(b, STYLIZE_ERR_FORMAT, "outside");
    blob_free(&b);
    blob_free(&body);
    blob_free(&still);
}

#ifdef STZ_HAVE_LCMS2
#include <lcms2.h>

static void converts_profiles(void **state)
{
    cmsCIExyY white;
    cmsCIExyYTRIPLE primaries = {
        {0.30, 0.60, 1}, {0.64, 0.33, 1}, {0.15, 0.06, 1}}; /* red and green swapped */
    cmsWhitePointFromTemp(&white, 6504);
    cmsToneCurve *curve = cmsBuildGamma(NULL, 2.2), *curves[3] = {curve, curve, curve};
    cmsHPROFILE p = cmsCreateRGBProfile(&white, &primaries, curves);
    uint8_t icc[8192];
    cmsUInt32Number size = sizeof icc;
    assert_true(cmsSaveProfileToMem(p, icc, &size));
    cmsFreeToneCurve(curve);
    cmsCloseProfile(p);
    blob still = blob_load("lossless.webp"), b = extended(0x20, CARD_W, CARD_H);
    add_chunk(&b, "ICCP", icc, size);
    blob_add(&b, still.data + 12, still.size - 12);
    add_chunk(&b, "XMP ", "x", 1);
    assert_int_equal(probe(b).has_icc, 1);
    stylize_image image = decode(b);
    for (int x = 10; x < 40; x++) {
        uint8_t c[3];
        card_pixel(x, 20, c);
        const uint8_t *q = pixel_at(&image, x, 20);
        assert_true(abs(q[0] - c[1]) <= 5 && abs(q[1] - c[0]) <= 5 && abs(q[2] - c[2]) <= 5);
    }
    stylize_image_free(&image);
    blob_free(&b);
    blob_free(&still);
}
#endif

static void refuses_truncation(void **state)
{
    static const char *const names[] = {"lossy.webp", "lossless.webp", "alpha.webp", "orient6.webp",
                                        "animated.webp"};
    for (size_t i = 0; i < STZ_LEN(names); i++) {
        blob whole = blob_load(names[i]);
        for (size_t n = 0; n < whole.size; n += 7) {
            blob b = blob_copy(whole.data, n);
            stylize_image image;
            stylize_error err;
            decode_as(b, STYLIZE_ERR_FORMAT, &image, &err);
            blob_free(&b);
        }
        blob_free(&whole);
    }
}

static void refuses_large_canvas(void **state)
{
    blob b = blob_copy("RIFF\0\0\0\0WEBP", 12);
    add_chunk(&b, "VP8X", "\2\0\0\0\xff\xff\xff\0\0\0", 10); /* 16777216 wide */
    add_chunk(&b, "ANMF", "0123456789abcdef0123456789", 26);
    decode_fails(b, STYLIZE_ERR_LIMIT, "16777216x1");
    blob_free(&b);
    b = extended(2, 10, 10); /* animated without a frame */
    add_chunk(&b, "ANIM", "\0\0\0\0\0\0", 6);
    decode_fails(b, STYLIZE_ERR_FORMAT, "WebP");
    blob_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_every_kind),      cmocka_unit_test(turns_upright),
        cmocka_unit_test(decodes_the_first_frame), cmocka_unit_test(places_a_small_frame),
#ifdef STZ_HAVE_LCMS2
        cmocka_unit_test(converts_profiles),
#endif
        cmocka_unit_test(refuses_truncation),      cmocka_unit_test(refuses_large_canvas),
    };
    return cmocka_run_group_tests(tests, test_pool_create, test_pool_end);
}

#else

static void is_unsupported(void **state)
{
    blob b = blob_load("lossless.webp");
    assert_int_equal(stz_sniff(b.data, b.size), STYLIZE_FORMAT_WEBP);
    decode_fails(b, STYLIZE_ERR_UNSUPPORTED, "libwebp");
    blob_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(is_unsupported)};
    return cmocka_run_group_tests(tests, test_pool_create, test_pool_end);
}

#endif
