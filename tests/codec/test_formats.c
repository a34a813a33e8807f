/* TIFF, GIF, BMP, AVIF, HEIC and JPEG XL that other programs wrote: the card in each of their kinds. */
#include "codec_test.h"

#include <math.h>

/* Decodes a file of this format, or says that the build cannot. */
static bool decode_if_there(const char *name, stylize_format format, stylize_image *image)
{
    blob b = blob_load(name);
    assert_int_equal(stz_sniff(b.data, b.size), format);
    if (have(format)) {
        const stylize_image_info info = probe(b);
        *image = decode_file(name);
        assert_int_equal(info.format, format);
        assert_int_equal(info.width, image->width);
        assert_int_equal(info.height, image->height);
        assert_int_equal(info.has_alpha, image->format == STYLIZE_FORMAT_RGBA8);
    } else {
        decode_fails(b, STYLIZE_ERR_UNSUPPORTED, "which this build does not have");
    }
    blob_free(&b);
    return have(format);
}

static const struct {
    const char *name;
    stylize_format format;
    bool alpha;
    double mean; /* what the coding may cost */
    int most;
} cards[] = {
    {"rgb8_none.tif", STYLIZE_FORMAT_TIFF, false, 0, 0},
    {"rgb8_lzw.tif", STYLIZE_FORMAT_TIFF, false, 0, 0},
    {"rgb8_zip.tif", STYLIZE_FORMAT_TIFF, false, 0, 0},
    {"rgb16.tif", STYLIZE_FORMAT_TIFF, false, 0, 0},
    {"rgb16mm.tif", STYLIZE_FORMAT_TIFF, false, 0, 0},
    {"rgba8.tif", STYLIZE_FORMAT_TIFF, true, 0, 0},
    {"rgba16.tif", STYLIZE_FORMAT_TIFF, true, 0, 0},
    {"rgba8_times.tif", STYLIZE_FORMAT_TIFF, true, 1, 6}, /* times an alpha that goes down to 20 */
    {"tiled.tif", STYLIZE_FORMAT_TIFF, false, 0, 0},
    {"tiledplanes.tif", STYLIZE_FORMAT_TIFF, false, 0, 0},
    {"planes16.tif", STYLIZE_FORMAT_TIFF, false, 0, 0},
    {"big.tif", STYLIZE_FORMAT_TIFF, false, 0, 0},
    {"cmyk.tif", STYLIZE_FORMAT_TIFF, false, 0, 0},
    {"jpeg.tif", STYLIZE_FORMAT_TIFF, false, 2, 12},
    {"ycbcr.tif", STYLIZE_FORMAT_TIFF, false, 1, 3}, /* two roundings of colour */
    {"palette8.tif", STYLIZE_FORMAT_TIFF, false, 3, 24},
    {"palette8.bmp", STYLIZE_FORMAT_BMP, false, 3, 24},
    {"v2.bmp", STYLIZE_FORMAT_BMP, false, 0, 0},
    {"v3.bmp", STYLIZE_FORMAT_BMP, false, 0, 0},
    {"v5alpha.bmp", STYLIZE_FORMAT_BMP, true, 0, 0},
    {"565.bmp", STYLIZE_FORMAT_BMP, false, 4, 8}, /* a step of five bits, which the writer cut off */
    {"555.bmp", STYLIZE_FORMAT_BMP, false, 5, 8},
    {"plain.gif", STYLIZE_FORMAT_GIF, false, 3, 24},
    {"interlaced.gif", STYLIZE_FORMAT_GIF, false, 3, 24},
    {"animated.gif", STYLIZE_FORMAT_GIF, false, 3, 24},
    {"plain.avif", STYLIZE_FORMAT_AVIF, false, 2, 12},
    {"alpha.avif", STYLIZE_FORMAT_AVIF, true, 2, 12},
    {"plain.heic", STYLIZE_FORMAT_HEIC, false, 2, 12},
    {"alpha.heic", STYLIZE_FORMAT_HEIC, true, 2, 12},
    {"ten.avif", STYLIZE_FORMAT_AVIF, false, 2, 12},
    {"twelve.avif", STYLIZE_FORMAT_AVIF, false, 2, 12},
    {"turned.avif", STYLIZE_FORMAT_AVIF, false, 2, 12}, /* by its boxes */
    {"animated.avif", STYLIZE_FORMAT_AVIF, false, 2, 12},
    {"times.avif", STYLIZE_FORMAT_AVIF, true, 2, 20}, /* likewise: a level of 20 is 13 of 255 */
    {"two_mpo.jpg", STYLIZE_FORMAT_JPEG, false, 2, 12},
    {"turned.heic", STYLIZE_FORMAT_HEIC, false, 2, 12},
    {"ten.heic", STYLIZE_FORMAT_HEIC, false, 2, 12},
    {"rgb8.jxl", STYLIZE_FORMAT_JXL, false, 0, 0},
    {"rgb16.jxl", STYLIZE_FORMAT_JXL, false, 0, 0},
    {"rgba8.jxl", STYLIZE_FORMAT_JXL, true, 0, 0},
    {"rgba16.jxl", STYLIZE_FORMAT_JXL, true, 0, 0},
    {"plain.jxl", STYLIZE_FORMAT_JXL, false, 2, 12},
    {"jpeg.jxl", STYLIZE_FORMAT_JXL, false, 2, 12}, /* a JPEG packed again */
    {"turned.jxl", STYLIZE_FORMAT_JXL, false, 0, 0},
    {"animated.jxl", STYLIZE_FORMAT_JXL, false, 0, 0},
};

static void decodes_the_card(void **state)
{
    for (size_t i = 0; i < STZ_LEN(cards); i++) {
        stylize_image image;
        if (!decode_if_there(cards[i].name, cards[i].format, &image))
            continue;
        assert_int_equal(image.format, cards[i].alpha ? STYLIZE_FORMAT_RGBA8 : STYLIZE_FORMAT_RGB8);
        stylize_image card = card_image(image.format);
        assert_near(cards[i].name, &image, &card, cards[i].mean, cards[i].most);
        stylize_image_free(&card);
        stylize_image_free(&image);
    }
}

static void decodes_grey(void **state)
{
    static const char *const names[] = {"grey8.tif", "grey16.tif", "grey8white.tif", "greyalpha8.tif",
                                        "grey8.jxl", "grey16.jxl", "greyalpha8.jxl"};
    for (size_t i = 0; i < STZ_LEN(names); i++) {
        stylize_image image;
        if (!decode_if_there(names[i], strstr(names[i], ".jxl") ? STYLIZE_FORMAT_JXL : STYLIZE_FORMAT_TIFF,
                             &image))
            continue;
        const bool alpha = strstr(names[i], "alpha");
        assert_int_equal(image.format, alpha ? STYLIZE_FORMAT_RGBA8 : STYLIZE_FORMAT_RGB8);
        for (int y = 0; y < CARD_H; y++)
            for (int x = 0; x < CARD_W; x++) {
                const uint8_t *p = pixel_at(&image, x, y);
                if (p[0] != card_grey(x, y) || p[1] != p[0] || p[2] != p[0] ||
                    (alpha && p[3] != card_alpha(x)))
                    fail_msg("%s: %d at %d,%d is not %d", names[i], p[0], x, y, card_grey(x, y));
            }
        stylize_image_free(&image);
    }
}

static void decodes_few_bits(void **state)
{
    static const struct {
        const char *name;
        stylize_format format;
        int levels;
    } files[] = {{"steps1.tif", STYLIZE_FORMAT_TIFF, 2},  {"steps2.tif", STYLIZE_FORMAT_TIFF, 4},
                 {"steps4.tif", STYLIZE_FORMAT_TIFF, 16}, {"steps1.bmp", STYLIZE_FORMAT_BMP, 2},
                 {"steps4.bmp", STYLIZE_FORMAT_BMP, 16},  {"runs8.bmp", STYLIZE_FORMAT_BMP, 16}};
    for (size_t i = 0; i < STZ_LEN(files); i++) {
        stylize_image image;
        if (!decode_if_there(files[i].name, files[i].format, &image))
            continue;
        for (int y = 0; y < CARD_H; y++)
            for (int x = 0; x < CARD_W; x++) {
                const uint8_t *p = pixel_at(&image, x, y);
                const int want = x % files[i].levels * 255 / (files[i].levels - 1);
                if (p[0] != want || p[1] != want || p[2] != want)
                    fail_msg("%s: %d at %d,%d is not %d", files[i].name, p[0], x, y, want);
            }
        stylize_image_free(&image);
    }
}

static void turns_tiff_upright(void **state)
{
    for (int o = 1; o <= 8; o++) {
        char name[32];
        snprintf(name, sizeof name, "orient%d.tif", o);
        stylize_image image;
        if (!decode_if_there(name, STYLIZE_FORMAT_TIFF, &image))
            return;
        assert_card(name, &image, 0, 0);
        stylize_image_free(&image);
    }
}

/* A transparent colour; and a picture that leaves some of its canvas free. */
#ifdef STZ_HAVE_LCMS2
/* Their profile has red and green in each other's place. */
static void a_profile_in_a_file(void **state)
{
    static const struct {
        const char *name;
        stylize_format format;
        double mean;
        int most;
    } files[] = {
        {"profile.avif", STYLIZE_FORMAT_AVIF, 2, 12},   {"profile.heic", STYLIZE_FORMAT_HEIC, 2, 12},
        {"profile.jpg", STYLIZE_FORMAT_JPEG, 2, 12},    {"profile.png", STYLIZE_FORMAT_PNG, 0.5, 2},
        {"profile.tif", STYLIZE_FORMAT_TIFF, 0.5, 2},   {"profile.webp", STYLIZE_FORMAT_WEBP, 0.5, 2},
        {"profile.bmp", STYLIZE_FORMAT_BMP, 0.5, 2},    {"profile.jxl", STYLIZE_FORMAT_JXL, 0.5, 2},
        {"profilelossy.jxl", STYLIZE_FORMAT_JXL, 2, 12}};
    for (size_t i = 0; i < STZ_LEN(files); i++) {
        stylize_image image;
        if (!decode_if_there(files[i].name, files[i].format, &image))
            continue;
        for (size_t k = 0; k < image.size; k += 3) {
            const uint8_t red = image.pixels[k];
            image.pixels[k] = image.pixels[k + 1];
            image.pixels[k + 1] = red;
        }
        stylize_image card = card_image(STYLIZE_FORMAT_RGB8);
        assert_near(files[i].name, &image, &card, files[i].mean, files[i].most);
        stylize_image_free(&card);
        stylize_image_free(&image);
    }
}

/* Display P3, whose brightest colours sRGB does not have. */
static void primaries_by_number_in_an_avif(void **state)
{
    stylize_image image;
    if (!decode_if_there("numbered.avif", STYLIZE_FORMAT_AVIF, &image))
        skip();
    stylize_image want = card_image(STYLIZE_FORMAT_RGB8);
    for (size_t i = 0; i < want.size; i += 3) {
        double rgb[3];
        p3_in_srgb(want.pixels + i, rgb);
        for (int c = 0; c < 3; c++)
            want.pixels[i + (size_t)c] = (uint8_t)lrint(255 * fmin(fmax(rgb[c], 0), 1));
    }
    assert_near("numbered.avif", &image, &want, 2, 14);
    stylize_image_free(&want);
    stylize_image_free(&image);
}
#endif

/* What a TIFF does not say of a fourth sample is alpha; what it says is not specified is none. */
static void a_tiff_that_does_not_say_alpha(void **state)
{
    if (!strstr(stz_formats_list(), "tiff"))
        skip();
    blob b = blob_load("rgba8.tif");
    uint8_t *tag = memmem(b.data, b.size, "\x52\x01\x03\0\x01\0\0\0", 8); /* of one short */
    assert_non_null(tag);
    const uint8_t kind = tag[8];
    stylize_image right = decode(b);
    tag[0] = 0x51; /* another tag, of another type: ignored */
    stylize_image unsaid = decode(b);
    assert_near("unsaid", &unsaid, &right, 0, 0);
    tag[0] = 0x52;
    tag[8] = 0;
    stylize_image none = decode(b);
    assert_int_equal(none.format, STYLIZE_FORMAT_RGB8);
    assert_int_equal(right.format, STYLIZE_FORMAT_RGBA8);
    assert_int_equal(kind, 2);
    stylize_image_free(&none);
    stylize_image_free(&unsaid);
    stylize_image_free(&right);
    blob_free(&b);
}

/* A header may say that the pixels begin where the palette does. */
static void a_bmp_of_a_wrong_offset(void **state)
{
    blob b = blob_load("palette8.bmp");
    stylize_image right = decode(b);
    memcpy(b.data + 10, "\x36\0\0\0", 4); /* behind the headers */
    stylize_image wrong = decode(b);
    assert_near("offset", &wrong, &right, 0, 0);
    stylize_image_free(&wrong);
    stylize_image_free(&right);
    blob_free(&b);
}

static void gif_on_its_canvas(void **state)
{
    stylize_image image;
    if (!decode_if_there("clear.gif", STYLIZE_FORMAT_GIF, &image))
        return;
    for (int x = 0; x < CARD_W; x++)
        assert_int_equal(pixel_at(&image, x, 7)[3], card_alpha(x) > 127 ? 255 : 0);
    stylize_image_free(&image);
    assert_true(decode_if_there("small.gif", STYLIZE_FORMAT_GIF, &image));
    assert_int_equal(image.width, CARD_W);
    for (int y = 0; y < CARD_H; y++)
        for (int x = 0; x < CARD_W; x++)
            assert_int_equal(pixel_at(&image, x, y)[3], x >= 8 && x < 32 && y >= 4 && y < 20 ? 255 : 0);
    uint8_t rgb[3];
    card_pixel(20 - 8, 10 - 4, rgb);
    for (int c = 0; c < 3; c++)
        assert_true(abs(pixel_at(&image, 20, 10)[c] - rgb[c]) <= 4);
    stylize_image_free(&image);
}

static void raw_photographs_are_named(void **state)
{
    if (!have(STYLIZE_FORMAT_TIFF))
        return;
    blob b = blob_load("rgb8_none.tif");
    memcpy(b.data + 8, "CR\2\0", 4); /* as Canon's begin */
    decode_fails(b, STYLIZE_ERR_UNSUPPORTED, "is a raw photograph");
    blob_free(&b);
}

/* Cut anywhere and with any byte changed: an error with a text, or a picture; never more. */
static void survives_damage(void **state)
{
    for (size_t i = 0; i < STZ_LEN(cards); i++) {
        blob b = blob_load(cards[i].name);
        const bool slow = cards[i].format >= STYLIZE_FORMAT_AVIF; /* and libjxl prints each fault */
        for (size_t at = 0; at < b.size; at += slow ? 7 : b.size > 2000 ? 11 : 1)
            for (int kind = 0; kind < 3; kind++) {
                blob bad = blob_copy(b.data, kind ? b.size : at);
                if (kind)
                    bad.data[at] ^= kind == 1 ? 0xff : 1;
                for (int tolerant = 0; tolerant < 2; tolerant++) {
                    stz_limits limits = {
                        .max_bytes = 1 << 20, .max_pixels = 1 << 16, .max_side = 512, .max_scans = 4};
                    limits.tolerant = tolerant;
                    bool damaged = false;
                    const stz_decode_hint hint = {.damaged = &damaged};
                    stylize_image image = {0};
                    stylize_error err = {0};
                    if (stz_codec_decode(bad.data, bad.size, &limits, &hint, test_pool, &image, &err) ==
                        STYLIZE_OK)
                        assert_non_null(image.pixels);
                    else
                        assert_true(!image.pixels && err.message[0]);
                    assert_true(tolerant || !damaged);
                    stylize_image_free(&image);
                }
                blob_free(&bad);
            }
        blob_free(&b);
    }
}

static void cut_files_go_as_far_as_they_can(void **state)
{
    static const char *const names[] = {"v2.bmp", "v3.bmp", "plain.gif", "interlaced.gif"};
    for (size_t i = 0; i < STZ_LEN(names); i++) {
        blob b = blob_load(names[i]);
        if (!have(stz_sniff(b.data, b.size))) {
            blob_free(&b);
            continue;
        }
        stylize_image whole = decode(b), image = {0};
        b.size = b.size * 3 / 5;
        stylize_error err = {0};
        stz_limits limits = test_limits;
        limits.tolerant = true;
        bool damaged = false;
        const stz_decode_hint hint = {.damaged = &damaged};
        const stylize_status status =
            stz_codec_decode(b.data, b.size, &limits, &hint, test_pool, &image, &err);
        assert_int_equal(status, STYLIZE_OK);
        assert_true(damaged);
        const int y = strstr(names[i], ".bmp") ? CARD_H - 1 : 0; /* stored from the bottom up */
        assert_memory_equal(pixel_at(&image, 0, y), pixel_at(&whole, 0, y), CARD_W * 3);
        stylize_image_free(&image);
        stylize_image_free(&whole);
        blob_free(&b);
    }
}

/* The directory of a TIFF is often its end: here it is whole, and the pixels are not. */
static void a_tiff_damaged_in_the_middle(void **state)
{
    if (!have(STYLIZE_FORMAT_TIFF))
        return;
    blob b = blob_load("rgb8_lzw.tif");
    stylize_image whole = decode(b), image = {0};
    memset(b.data + 250, 0xff, 20);
    stylize_error err = {0};
    stz_limits limits = test_limits;
    bool damaged = false;
    const stz_decode_hint hint = {.damaged = &damaged};
    assert_int_equal(stz_codec_decode(b.data, b.size, &limits, &hint, test_pool, &image, &err),
                     STYLIZE_ERR_FORMAT);
    assert_non_null(strstr(err.message, "damaged TIFF: "));
    limits.tolerant = true;
    assert_int_equal(stz_codec_decode(b.data, b.size, &limits, &hint, test_pool, &image, &err), STYLIZE_OK);
    assert_true(damaged);
    assert_memory_equal(image.pixels, whole.pixels, CARD_W * 3);
    stylize_image_free(&image);
    stylize_image_free(&whole);
    blob_free(&b);
}

static void formats_can_be_switched_off(void **state)
{
    stylize_error err = {0};
    stz_limits limits = test_limits;
    assert_int_equal(stz_formats_read("jpeg,PNG", &limits.formats, &err), STYLIZE_OK);
    stylize_image image = {0};
    blob bmp = blob_load("v3.bmp"), png = blob_load("rgb8.png");
    assert_int_equal(stz_codec_decode(bmp.data, bmp.size, &limits, NULL, test_pool, &image, &err),
                     STYLIZE_ERR_FORMAT);
    assert_non_null(strstr(err.message, "is BMP, which is not read here"));
    assert_int_equal(stz_codec_decode(png.data, png.size, &limits, NULL, test_pool, &image, &err),
                     STYLIZE_OK);
    stylize_image_free(&image);
    blob_free(&bmp);
    blob_free(&png);
    static const char *const wrong[] = {"", "jpeg,", ",png", "jpg2", "jpeg;png", "psd"};
    for (size_t i = 0; i < STZ_LEN(wrong); i++) {
        assert_int_equal(stz_formats_read(wrong[i], &limits.formats, &err), STYLIZE_ERR_INVALID);
        assert_non_null(strstr(err.message, "jpeg,png"));
    }
    assert_int_equal(stz_formats_read("web", &limits.formats, &err), STYLIZE_OK);
    assert_true(limits.formats & stz_format_bit(STYLIZE_FORMAT_JPEG));
    assert_false(limits.formats & stz_format_bit(STYLIZE_FORMAT_HEIC));
    assert_int_equal(stz_formats_read("all", &limits.formats, &err), STYLIZE_OK);
    assert_int_equal(limits.formats, 0);
    assert_int_equal(stz_formats_read(NULL, &limits.formats, &err), STYLIZE_OK);
    assert_int_equal(limits.formats, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_the_card),
        cmocka_unit_test(decodes_grey),
        cmocka_unit_test(decodes_few_bits),
        cmocka_unit_test(turns_tiff_upright),
#ifdef STZ_HAVE_LCMS2
        cmocka_unit_test(a_profile_in_a_file),
        cmocka_unit_test(primaries_by_number_in_an_avif),
#endif
        cmocka_unit_test(a_bmp_of_a_wrong_offset),
        cmocka_unit_test(a_tiff_that_does_not_say_alpha),
        cmocka_unit_test(gif_on_its_canvas),
        cmocka_unit_test(raw_photographs_are_named),
        cmocka_unit_test(cut_files_go_as_far_as_they_can),
        cmocka_unit_test(a_tiff_damaged_in_the_middle),
        cmocka_unit_test(formats_can_be_switched_off),
        cmocka_unit_test(survives_damage),
    };
    return cmocka_run_group_tests(tests, test_pool_create, test_pool_end);
}
