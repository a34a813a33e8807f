#include "codec_test.h"

#include <jpeglib.h>

static void decodes_every_kind(void **state)
{
    static const struct {
        const char *name;
        double mean;
        int most; /* coarser where chroma is stored at a lower resolution */
    } kinds[] = {
        {"444.jpg", 1.2, 6},        {"422.jpg", 1.5, 12},
        {"420.jpg", 2.5, 20},       {"411.jpg", 3.0, 24},
        {"440.jpg", 1.5, 16},       {"progressive.jpg", 1.2, 6},
        {"restart.jpg", 1.2, 6},    {"progressive420r.jpg", 2.5, 20},
        {"arithmetic.jpg", 1.2, 6}, {"arithmeticp.jpg", 1.2, 6},
        {"rgb.jpg", 1.2, 6},        {"separate.jpg", 1.2, 6},
        {"magick.jpg", 1.2, 6},     {"cmyk.jpg", 1.8, 12},
    };
    for (size_t i = 0; i < STZ_LEN(kinds); i++) {
        stylize_image image = decode_file(kinds[i].name);
        assert_int_equal(image.format, STYLIZE_FORMAT_RGB8);
        assert_card(kinds[i].name, &image, kinds[i].mean, kinds[i].most);
        stylize_image_free(&image);
    }
}

static void decodes_grey(void **state)
{
    stylize_image image = decode_file("grey.jpg");
    for (int y = 0; y < CARD_H; y++)
        for (int x = 0; x < CARD_W; x++) {
            uint8_t c[3];
            card_pixel(x, y, c);
            const uint8_t *p = pixel_at(&image, x, y);
            double want = 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2];
            assert_true(p[0] == p[1] && p[1] == p[2] && p[0] > want - 5 && p[0] < want + 5);
        }
    stylize_image_free(&image);
}

static void turns_upright(void **state)
{
    for (int o = 1; o <= 8; o++) {
        char name[32];
        snprintf(name, sizeof name, "orient%d.jpg", o);
        blob b = blob_load(name);
        stylize_image_info info = probe(b);
        assert_int_equal(info.orientation, o);
        assert_int_equal(info.width, CARD_W);
        assert_int_equal(info.height, CARD_H);
        assert_int_equal(info.format, STYLIZE_FORMAT_JPEG);
        blob_free(&b);
        stylize_image image = decode_file(name);
        assert_card(name, &image, 1.2, 6);
        stylize_image_free(&image);
    }
}

static void scales_by_the_hint(void **state)
{
    static const struct {
        uint32_t min_w, min_h, w, h;
    } cases[] = {{0, 0, 48, 32}, {48, 32, 48, 32}, {25, 1, 48, 32}, {24, 16, 24, 16}, {24, 17, 48, 32},
                 {7, 3, 12, 8},  {6, 4, 6, 4},     {1, 1, 6, 4},    {0, 4, 6, 4},     {100, 100, 48, 32}};
    for (int o = 1; o <= 8; o++) { /* the hint is of the upright picture */
        char name[32];
        snprintf(name, sizeof name, "orient%d.jpg", o);
        blob b = blob_load(name);
        for (size_t i = 0; i < STZ_LEN(cases); i++) {
            stz_decode_hint hint = {.min_width = cases[i].min_w, .min_height = cases[i].min_h};
            stylize_image image;
            assert_int_equal(stz_codec_decode(b.data, b.size, &test_limits, &hint, test_pool, &image, NULL),
                             STYLIZE_OK);
            assert_int_equal(image.width, cases[i].w);
            assert_int_equal(image.height, cases[i].h);
            uint32_t scale = CARD_W / image.width; /* a mean of scale x scale pixels */
            const uint8_t *p = pixel_at(&image, 1, 2);
            double mid = (scale - 1) / 2.0, x = scale + mid, y = 2 * scale + mid;
            assert_true(abs(p[0] - (int)(40 + 4 * x)) <= 6 && abs(p[1] - (int)(30 + 6 * y)) <= 6);
            stylize_image_free(&image);
        }
        blob_free(&b);
    }
}

/* A JPEG written by libjpeg with settings that no tool offers. */
typedef void (*jpeg_setup)(j_compress_ptr c);
static blob jpeg_write(J_COLOR_SPACE in, J_COLOR_SPACE stored, int components, const uint8_t *pixel,
                       const uint8_t *icc, size_t icc_size, jpeg_setup setup)
{
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr error;
    unsigned char *memory = NULL;
    unsigned long size = 0;
    c.err = jpeg_std_error(&error);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &memory, &size);
    c.image_width = 16;
    c.image_height = 16;
    c.input_components = components;
    c.in_color_space = in;
    jpeg_set_defaults(&c);
    jpeg_set_colorspace(&c, stored);
    jpeg_set_quality(&c, 100, TRUE);
    if (setup)
        setup(&c);
    jpeg_start_compress(&c, TRUE);
    if (icc)
        jpeg_write_icc_profile(&c, icc, (unsigned)icc_size);
    uint8_t row[16 * 4];
    for (int x = 0; x < 16; x++)
        memcpy(row + x * components, pixel, (size_t)components);
    for (int y = 0; y < 16; y++) {
        JSAMPROW r = row;
        jpeg_write_scanlines(&c, &r, 1);
    }
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    blob b = blob_copy(memory, size);
    free(memory);
    return b;
}

static void assert_colour(blob b, int red, int green, int blue, int tolerance)
{
    stylize_image image = decode(b);
    const uint8_t *p = pixel_at(&image, 8, 8);
    if (abs(p[0] - red) > tolerance || abs(p[1] - green) > tolerance || abs(p[2] - blue) > tolerance)
        fail_msg("colour is %d %d %d, not %d %d %d", p[0], p[1], p[2], red, green, blue);
    stylize_image_free(&image);
}

static void decodes_ycck(void **state)
{
    const uint8_t inverted[4] = {200, 100, 50, 128}; /* as Photoshop stores it: 255 is no ink */
    blob b = jpeg_write(JCS_CMYK, JCS_YCCK, 4, inverted, NULL, 0, NULL);
    assert_colour(b, 200 * 128 / 255, 100 * 128 / 255, 50 * 128 / 255, 3);
    blob_free(&b);
}

#ifdef STZ_HAVE_LCMS2
#include <lcms2.h>
#include <math.h>

static blob profile_bytes(cmsHPROFILE profile)
{
    cmsUInt32Number size = 0;
    assert_true(cmsSaveProfileToMem(profile, NULL, &size));
    blob b = {malloc(size), size};
    assert_true(cmsSaveProfileToMem(profile, b.data, &size));
    cmsCloseProfile(profile);
    return b;
}

static blob rgb_profile(double gamma, cmsCIExyYTRIPLE primaries)
{
    cmsCIExyY white;
    cmsWhitePointFromTemp(&white, 6504);
    cmsToneCurve *curve = cmsBuildGamma(NULL, gamma), *curves[3] = {curve, curve, curve};
    cmsHPROFILE p = cmsCreateRGBProfile(&white, &primaries, curves);
    cmsFreeToneCurve(curve);
    return profile_bytes(p);
}

static const cmsCIExyYTRIPLE swapped = {{0.30, 0.60, 1}, {0.64, 0.33, 1}, {0.15, 0.06, 1}};
static const cmsCIExyYTRIPLE adobe = {{0.64, 0.33, 1}, {0.21, 0.71, 1}, {0.15, 0.06, 1}};

static void converts_profiles(void **state)
{
    const uint8_t pixel[3] = {60, 180, 100};
    blob icc = rgb_profile(2.2, swapped);
    blob b = jpeg_write(JCS_RGB, JCS_RGB, 3, pixel, icc.data, icc.size, NULL);
    assert_int_equal(probe(b).has_icc, 1);
    assert_colour(b, 180, 60, 100, 4); /* red and green change places; gamma 2.2 is nearly sRGB's */
    blob_free(&b);
    blob_free(&icc);
}

static double to_srgb(double v) { return v <= 0.0031308 ? v * 12.92 : 1.055 * pow(v, 1 / 2.4) - 0.055; }

static void converts_adobe_rgb(void **state)
{
    const uint8_t pixel[3] = {120, 150, 90};
    blob icc = rgb_profile(563 / 256.0, adobe);
    blob b = jpeg_write(JCS_RGB, JCS_RGB, 3, pixel, icc.data, icc.size, NULL);
    double l[3]; /* by the book, from linear Adobe RGB to linear sRGB */
    for (int c = 0; c < 3; c++)
        l[c] = pow(pixel[c] / 255.0, 563 / 256.0);
    double red = 1.39836 * l[0] - 0.39836 * l[1], green = l[1], blue = -0.04293 * l[1] + 1.04293 * l[2];
    assert_colour(b, (int)(255 * to_srgb(red) + 0.5), (int)(255 * to_srgb(green) + 0.5),
                  (int)(255 * to_srgb(blue) + 0.5), 2);
    assert_true((int)(255 * to_srgb(red)) < 110); /* that is not what was stored */
    blob_free(&b);
    blob_free(&icc);
}

/* Of more than 64 kB, by a long text: stored in chunks. Red and blue change places. */
static blob large_profile(void)
{
    cmsHPROFILE p = cmsCreate_sRGBProfile();
    blob b = profile_bytes(p);
    p = cmsOpenProfileFromMem(b.data, (cmsUInt32Number)b.size);
    blob_free(&b);
    const cmsCIEXYZ *red = cmsReadTag(p, cmsSigRedColorantTag), *blue = cmsReadTag(p, cmsSigBlueColorantTag);
    cmsCIEXYZ first = *red, third = *blue;
    assert_true(cmsWriteTag(p, cmsSigRedColorantTag, &third) &&
                cmsWriteTag(p, cmsSigBlueColorantTag, &first));
    char *words = malloc(100001);
    memset(words, 'x', 100000);
    words[100000] = 0;
    cmsMLU *text = cmsMLUalloc(NULL, 1);
    assert_true(cmsMLUsetASCII(text, "en", "US", words) && cmsWriteTag(p, cmsSigCopyrightTag, text));
    cmsMLUfree(text);
    free(words);
    return profile_bytes(p);
}

static void joins_profile_chunks(void **state)
{
    const uint8_t pixel[3] = {60, 180, 100};
    blob icc = large_profile();
    assert_true(icc.size > 140000);
    blob b = jpeg_write(JCS_RGB, JCS_RGB, 3, pixel, icc.data, icc.size, NULL);
    assert_colour(b, 100, 180, 60, 3);
    /* with one chunk missing the profile is left out: the second's name is broken */
    uint8_t *second = memmem(b.data + 4000, b.size - 4000, "ICC_PROFILE", 12);
    assert_non_null(second);
    second[0] = 'X';
    assert_colour(b, 60, 180, 100, 3);
    blob_free(&b);
    blob_free(&icc);
}

static void leaves_srgb_and_broken_profiles(void **state)
{
    const uint8_t pixel[3] = {60, 180, 100};
    blob plain = jpeg_write(JCS_RGB, JCS_YCbCr, 3, pixel, NULL, 0, NULL);
    blob good = profile_bytes(cmsCreate_sRGBProfile());
    blob bad = blob_copy(good.data, good.size);
    memset(bad.data + 40, 0xff, bad.size - 40);
    cmsToneCurve *linear = cmsBuildGamma(NULL, 1.0);
    blob grey = profile_bytes(cmsCreateGrayProfile(cmsD50_xyY(), linear));
    cmsFreeToneCurve(linear);
    const blob profiles[] = {good, bad, grey, {bad.data, 3}}; /* grey: not for these pixels */
    stylize_image want = decode(plain);
    for (size_t i = 0; i < STZ_LEN(profiles); i++) {
        blob b = jpeg_write(JCS_RGB, JCS_YCbCr, 3, pixel, profiles[i].data, profiles[i].size, NULL);
        stylize_image image = decode(b);
        assert_near("profile", &image, &want, 0, 0);
        stylize_image_free(&image);
        blob_free(&b);
    }
    stylize_image_free(&want);
    blob_free(&plain);
    blob_free(&good);
    blob_free(&bad);
    blob_free(&grey);
}

static void converts_grey_profile(void **state)
{
    const uint8_t pixel[1] = {64};
    cmsToneCurve *linear = cmsBuildGamma(NULL, 1.0);
    blob icc = profile_bytes(cmsCreateGrayProfile(cmsD50_xyY(), linear));
    cmsFreeToneCurve(linear);
    blob b = jpeg_write(JCS_GRAYSCALE, JCS_GRAYSCALE, 1, pixel, icc.data, icc.size, NULL);
    int want = (int)(255 * to_srgb(64 / 255.0) + 0.5);
    assert_true(want > 130);
    assert_colour(b, want, want, want, 2);
    blob_free(&b);
    blob_free(&icc);
}
#endif

static void refuses_12_bits(void **state)
{
    blob b = blob_load("444.jpg");
    uint8_t *sof = memmem(b.data, b.size, "\xff\xc0\x00\x11\x08", 5);
    assert_non_null(sof);
    sof[4] = 12;
    decode_fails(b, STYLIZE_ERR_UNSUPPORTED, "12 bits");
    sof[4] = 8;
    sof[1] = 0xc3; /* lossless */
    decode_fails(b, STYLIZE_ERR_UNSUPPORTED, "unsupported");
    blob_free(&b);
}

/* Cut anywhere, a picture is refused; only the end mark may lack, behind all pixels of one scan. */
static void refuses_truncation(void **state)
{
    static const char *const names[] = {"444.jpg",     "420.jpg",        "progressive.jpg", "arithmetic.jpg",
                                        "restart.jpg", "separate.jpg",   "cmyk.jpg",        "grey.jpg",
                                        "orient6.jpg", "arithmeticp.jpg"};
    for (size_t i = 0; i < STZ_LEN(names); i++) {
        blob whole = blob_load(names[i]);
        for (size_t n = 0; n + 3 < whole.size; n += 7) {
            blob b = blob_copy(whole.data, n);
            stylize_image image;
            stylize_error err;
            decode_as(b, STYLIZE_ERR_FORMAT, &image, &err);
            assert_true(err.message[0] != 0);
            blob_free(&b);
        }
        blob_free(&whole);
    }
}

static void accepts_a_missing_end_mark(void **state)
{
    blob b = blob_load("444.jpg");
    b.size -= 2;
    stylize_image image = decode(b);
    assert_card("444.jpg without its end", &image, 1.2, 6);
    stylize_image_free(&image);
    blob_free(&b);
    b = blob_load("progressive.jpg");
    b.size -= 2;
    decode_fails(b, STYLIZE_ERR_FORMAT, "cut short");
    blob_free(&b);
}

#define SCANS 1000

/* One coefficient of one component after the other, and one bit of it after the other. */
static void many_scans(j_compress_ptr c)
{
    static jpeg_scan_info scans[SCANS];
    for (int i = 0; i < SCANS; i++) {
        const int one = i % (3 * 64), bits = 5 - i / (3 * 64);
        scans[i] = (jpeg_scan_info){.comps_in_scan = 1, .component_index = {one % 3}};
        scans[i].Ss = scans[i].Se = one / 3;
        scans[i].Ah = bits < 5 ? bits + 1 : 0;
        scans[i].Al = bits;
    }
    c->scan_info = scans;
    c->num_scans = SCANS;
}

static void limits_scans(void **state)
{
    const uint8_t pixel[3] = {60, 180, 100};
    blob b = jpeg_write(JCS_RGB, JCS_YCbCr, 3, pixel, NULL, 0, many_scans);
    decode_fails(b, STYLIZE_ERR_LIMIT, "64 scans");
    stz_limits more = test_limits;
    more.max_scans = SCANS;
    stylize_image image;
    assert_int_equal(stz_codec_decode(b.data, b.size, &more, NULL, test_pool, &image, NULL), STYLIZE_OK);
    stylize_image_free(&image);
    blob_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_every_kind),
        cmocka_unit_test(decodes_grey),
        cmocka_unit_test(turns_upright),
        cmocka_unit_test(scales_by_the_hint),
        cmocka_unit_test(decodes_ycck),
#ifdef STZ_HAVE_LCMS2
        cmocka_unit_test(converts_profiles),
        cmocka_unit_test(converts_adobe_rgb),
        cmocka_unit_test(joins_profile_chunks),
        cmocka_unit_test(leaves_srgb_and_broken_profiles),
        cmocka_unit_test(converts_grey_profile),
#endif
        cmocka_unit_test(refuses_12_bits),
        cmocka_unit_test(refuses_truncation),
        cmocka_unit_test(accepts_a_missing_end_mark),
        cmocka_unit_test(limits_scans),
    };
    return cmocka_run_group_tests(tests, test_pool_create, test_pool_end);
}
