#include "codec_test.h"

static void decodes_colour(void **state)
{
    static const char *const names[] = {"rgb8.png", "rgb8i.png", "rgb16.png", "rgb16i.png", "animated.png"};
    for (size_t i = 0; i < STZ_LEN(names); i++) {
        stylize_image image = decode_file(names[i]);
        assert_int_equal(image.format, STYLIZE_FORMAT_RGB8);
        assert_card(names[i], &image, 0, 0);
        stylize_image_free(&image);
    }
}

static void decodes_alpha(void **state)
{
    static const char *const names[] = {"rgba8.png", "rgba8i.png", "rgba16.png", "rgba16i.png"};
    for (size_t i = 0; i < STZ_LEN(names); i++) {
        blob b = blob_load(names[i]);
        assert_int_equal(probe(b).has_alpha, 1);
        blob_free(&b);
        stylize_image image = decode_file(names[i]);
        assert_int_equal(image.format, STYLIZE_FORMAT_RGBA8);
        assert_card(names[i], &image, 0, 0);
        stylize_image_free(&image);
    }
}

static void decodes_grey(void **state)
{
    static const char *const names[] = {"grey8.png",       "grey8i.png",      "grey16.png",
                                        "grey16i.png",     "greyalpha8.png",  "greyalpha8i.png",
                                        "greyalpha16.png", "greyalpha16i.png"};
    for (size_t i = 0; i < STZ_LEN(names); i++) {
        stylize_image image = decode_file(names[i]);
        bool alpha = i >= 4;
        assert_int_equal(image.format, alpha ? STYLIZE_FORMAT_RGBA8 : STYLIZE_FORMAT_RGB8);
        for (int y = 0; y < CARD_H; y++)
            for (int x = 0; x < CARD_W; x++) {
                const uint8_t *p = pixel_at(&image, x, y);
                assert_true(p[0] == card_grey(x, y) && p[1] == p[0] && p[2] == p[0]);
                assert_true(!alpha || p[3] == card_alpha(x));
            }
        stylize_image_free(&image);
    }
}

static void decodes_few_bits(void **state)
{
    for (int i = 0; i < 12; i++) {
        int depth = 1 << i % 3, levels = 1 << depth;
        char name[32];
        snprintf(name, sizeof name, "%s%d%s.png", i < 6 ? "grey" : "palette", depth, i / 3 % 2 ? "i" : "");
        stylize_image image = decode_file(name);
        for (int y = 0; y < CARD_H; y++)
            for (int x = 0; x < CARD_W; x++) {
                const uint8_t *p = pixel_at(&image, x, y);
                int want = x % levels * 255 / (levels - 1);
                if (p[0] != want || p[1] != want || p[2] != want)
                    fail_msg("%s: %d at %d,%d is not %d", name, p[0], x, y, want);
            }
        stylize_image_free(&image);
    }
}

static void turns_upright(void **state)
{
    static const char *const names[] = {"orient6.png", "orient6i.png"};
    for (size_t i = 0; i < STZ_LEN(names); i++) {
        blob b = blob_load(names[i]);
        stylize_image_info info = probe(b);
        blob_free(&b);
        assert_int_equal(info.orientation, 6);
        assert_int_equal(info.width, CARD_W);
        stylize_image image = decode_file(names[i]);
        assert_card(names[i], &image, 0, 0);
        stylize_image_free(&image);
    }
}

/* One pixel of one row: filter byte and samples. */
static const uint8_t *decode_pixel(blob *b, const void *raw, size_t size, stylize_image *image)
{
    png_finish(b, raw, size);
    *image = decode(*b);
    blob_free(b);
    return image->pixels;
}

static void rounds_16_bits(void **state)
{
    blob b = png_start(1, 1, 16, 2, 0);
    stylize_image image; /* 0x817f / 257 = 128.99, 0x80ff / 257 = 128.49, 0xff7e / 257 = 254.49 */
    const uint8_t *p = decode_pixel(&b, "\0\x81\x7f\x80\xff\xff\x7e", 7, &image);
    assert_int_equal(p[0], 129);
    assert_int_equal(p[1], 128);
    assert_int_equal(p[2], 254);
    stylize_image_free(&image);
}

static void applies_transparent_colours(void **state)
{
    stylize_image image;
    blob b = png_start(2, 1, 8, 2, 0); /* RGB: one colour is transparent */
    png_chunk(&b, "tRNS", "\0\x0a\0\x14\0\x1e", 6);
    assert_int_equal(probe(b).has_alpha, 1);
    const uint8_t *p = decode_pixel(&b, "\0\x0a\x14\x1e\x0a\x14\x1f", 7, &image);
    assert_int_equal(image.format, STYLIZE_FORMAT_RGBA8);
    assert_int_equal(p[3], 0);
    assert_int_equal(p[7], 255);
    stylize_image_free(&image);

    b = png_start(2, 1, 8, 0, 0); /* grey */
    png_chunk(&b, "tRNS", "\0\x07", 2);
    p = decode_pixel(&b, "\0\x07\x08", 3, &image);
    assert_true(p[3] == 0 && p[4] == 8 && p[7] == 255);
    stylize_image_free(&image);

    b = png_start(2, 1, 8, 3, 0); /* palette with alpha */
    png_chunk(&b, "PLTE", "\x01\x02\x03\x04\x05\x06", 6);
    png_chunk(&b, "tRNS", "\x64", 1);
    p = decode_pixel(&b, "\0\0\x01", 3, &image);
    assert_true(p[0] == 1 && p[3] == 100 && p[4] == 4 && p[7] == 255);
    stylize_image_free(&image);
}

/* What a grey 8-bit sample becomes in a file with these chunks before its pixels. */
static int grey_with(const char *name, const void *data, size_t size, const char *name2, const void *data2,
                     size_t size2, int value)
{
    blob b = png_start(1, 1, 8, 0, 0);
    png_chunk(&b, name, data, size);
    if (name2)
        png_chunk(&b, name2, data2, size2);
    const uint8_t raw[2] = {0, (uint8_t)value};
    stylize_image image;
    int v = decode_pixel(&b, raw, 2, &image)[0];
    stylize_image_free(&image);
    return v;
}

static void converts_gamma(void **state)
{
    int linear = grey_with("gAMA", "\0\x01\x86\xa0", 4, NULL, NULL, 0, 64); /* 1.0 */
    assert_in_range(linear, 134, 138); /* 255 * (64/255)^(1/2.2) = 136.2 */
    assert_int_equal(grey_with("gAMA", "\0\0\xb1\x8f", 4, NULL, NULL, 0, 64), 64);     /* 1/2.2: sRGB's own */
    assert_int_equal(grey_with("gAMA", "\0\x01\x86\xa0", 4, "sRGB", "\0", 1, 64), 64); /* sRGB ranks higher */
    assert_int_equal(grey_with("gAMA", "\0\0\0\0", 4, NULL, NULL, 0, 64), 64);         /* nonsense: ignored */
}

#ifdef STZ_HAVE_LCMS2
#include <lcms2.h>

/* Red and green change places in this profile. */
static blob swapped_profile(void)
{
    cmsCIExyY white;
    cmsCIExyYTRIPLE primaries = {{0.30, 0.60, 1}, {0.64, 0.33, 1}, {0.15, 0.06, 1}};
    cmsWhitePointFromTemp(&white, 6504);
    cmsToneCurve *curve = cmsBuildGamma(NULL, 2.2), *curves[3] = {curve, curve, curve};
    cmsHPROFILE p = cmsCreateRGBProfile(&white, &primaries, curves);
    cmsUInt32Number size = 0;
    cmsSaveProfileToMem(p, NULL, &size);
    blob b = {malloc(size), size};
    assert_true(cmsSaveProfileToMem(p, b.data, &size));
    cmsFreeToneCurve(curve);
    cmsCloseProfile(p);
    return b;
}

static void add_profile(blob *b, const void *data, size_t size)
{
    blob body = blob_copy("test\0", 6), z = deflated(data, size);
    blob_add(&body, z.data, z.size);
    png_chunk(b, "iCCP", body.data, body.size);
    blob_free(&body);
    blob_free(&z);
}

static void converts_profiles(void **state)
{
    blob icc = swapped_profile();
    stylize_image image;
    blob b = png_start(1, 1, 8, 6, 0);
    add_profile(&b, icc.data, icc.size);
    assert_int_equal(probe(b).has_icc, 1);
    const uint8_t *p = decode_pixel(&b, "\0\x3c\xb4\x64\x2a", 5, &image);
    assert_in_range(p[0], 176, 184);
    assert_in_range(p[1], 56, 64);
    assert_in_range(p[2], 96, 104);
    assert_int_equal(p[3], 42);
    stylize_image_free(&image);

    b = png_start(1, 1, 8, 6, 1); /* interlaced */
    add_profile(&b, icc.data, icc.size);
    p = decode_pixel(&b, "\0\x3c\xb4\x64\x2a", 5, &image);
    assert_in_range(p[0], 176, 184);
    stylize_image_free(&image);

    cmsToneCurve *linear = cmsBuildGamma(NULL, 1.0); /* grey with alpha, and a profile for grey */
    cmsHPROFILE grey = cmsCreateGrayProfile(cmsD50_xyY(), linear);
    uint8_t bytes[4096];
    cmsUInt32Number length = sizeof bytes;
    assert_true(cmsSaveProfileToMem(grey, bytes, &length));
    cmsCloseProfile(grey);
    cmsFreeToneCurve(linear);
    b = png_start(1, 1, 8, 4, 0);
    add_profile(&b, bytes, length);
    p = decode_pixel(&b, "\0\x40\x2a", 3, &image);
    assert_in_range(p[0], 135, 139); /* sRGB of 64/255 of the light: 137 */
    assert_true(p[1] == p[0] && p[2] == p[0] && p[3] == 42);
    stylize_image_free(&image);

    b = png_start(1, 1, 8, 2, 0); /* damaged: left out */
    memset(icc.data + 128, 0xee, icc.size - 128);
    add_profile(&b, icc.data, icc.size);
    p = decode_pixel(&b, "\0\x3c\xb4\x64", 4, &image);
    assert_true(p[0] == 60 && p[1] == 180 && p[2] == 100);
    stylize_image_free(&image);
    blob_free(&icc);
}
#endif

/* As libpng and browsers do. What the chunk says counts for nothing, also in the header. */
static void leaves_out_chunks_with_wrong_checksums(void **state)
{
    static const struct {
        const char *name, *body;
        size_t size;
    } chunks[] = {
        {"gAMA", "\0\0\x40\0", 4},
        {"tEXt", "Title\0none", 10},
        {"pHYs", "\0\0\x0b\x13\0\0\x0b\x13\1", 9},
        {"tRNS", "\0\1\0\2\0\3", 6}, /* the pixel, transparent */
        {"eXIf", "II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0", 26},
        {"iCCP", "x\0\0abc", 6},
    };
    for (size_t i = 0; i < 2 * STZ_LEN(chunks); i++) {
        blob b = png_start(1, 1, 8, 2, 0);
        const size_t k = i / 2;
        if (i % 2 == 0 || !memcmp(chunks[k].name, "tEXt", 4))
            png_chunk(&b, chunks[k].name, chunks[k].body, chunks[k].size);
        b.data[b.size - 1] ^= i % 2 == 0;
        png_finish(&b, "\0\1\2\3", 4);
        assert_int_equal(probe(b).has_alpha, 0);
        assert_int_equal(probe(b).orientation, 1);
        assert_int_equal(probe(b).has_icc, 0);
        stylize_image image = decode(b);
        assert_int_equal(image.format, STYLIZE_FORMAT_RGB8);
        assert_memory_equal(image.pixels, "\1\2\3", 3);
        stylize_image_free(&image);
        blob_free(&b);
    }
}

/* All pixels are there: what lies behind them is not needed, and may be cut or wrong. */
static void paints_without_an_end(void **state)
{
    static const char *const names[] = {"rgb8.png", "rgb8i.png", "palette4.png"};
    for (size_t i = 0; i < STZ_LEN(names); i++) {
        blob b = blob_load(names[i]);
        stylize_image whole = decode(b);
        for (size_t cut = 1; cut <= 12; cut++) {
            const blob shorter = {b.data, b.size - cut};
            stylize_image image = decode(shorter);
            assert_int_equal(image.size, whole.size);
            assert_memory_equal(image.pixels, whole.pixels, whole.size);
            stylize_image_free(&image);
        }
        stylize_image_free(&whole);
        blob_free(&b);
    }
    blob b = png_start(1, 1, 8, 2, 0);
    png_finish(&b, "\0\1\2\3", 4);
    b.size -= 12;
    png_chunk(&b, "tEXt", "Title\0late", 10);
    b.data[b.size - 1] ^= 1;
    stylize_image image = decode(b);
    assert_memory_equal(image.pixels, "\1\2\3", 3);
    stylize_image_free(&image);
    blob_free(&b);
}

static void refuses_checksum_errors(void **state)
{
    static const char *const critical[] = {"IHDR", "IDAT"};
    for (size_t i = 0; i < STZ_LEN(critical); i++) {
        blob b = png_start(1, 1, 8, 2, 0);
        png_finish(&b, "\0\1\2\3", 4);
        uint8_t *chunk = memmem(b.data, b.size, critical[i], 4);
        assert_non_null(chunk);
        chunk[4 + (chunk[-2] << 8 | chunk[-1])] ^= 1; /* its checksum */
        decode_fails(b, STYLIZE_ERR_FORMAT, "CRC");
        blob_free(&b);
    }
    blob b = blob_load("rgb8.png");
    uint8_t *idat = memmem(b.data, b.size, "IDAT", 4);
    assert_non_null(idat);
    idat[20] ^= 0x10;
    decode_fails(b, STYLIZE_ERR_FORMAT, "damaged PNG");
    blob_free(&b);
}

static void refuses_truncation(void **state)
{
    static const char *const names[] = {"rgb8.png", "rgba16i.png", "palette4.png", "orient6.png"};
    for (size_t i = 0; i < STZ_LEN(names); i++) {
        blob whole = blob_load(names[i]);
        /* The last bytes hold no pixels: end of the stream and its two checksums, the end mark. */
        for (size_t n = 0; n < whole.size - 32; n += 7) {
            blob b = blob_copy(whole.data, n);
            stylize_image image;
            stylize_error err;
            decode_as(b, STYLIZE_ERR_FORMAT, &image, &err);
            blob_free(&b);
        }
        blob_free(&whole);
    }
}

static void refuses_bad_headers(void **state)
{
    static const struct {
        uint32_t width, height;
        int depth, type;
        stylize_status status;
        const char *text;
    } cases[] = {
        {0, 1, 8, 2, STYLIZE_ERR_FORMAT, "0x1"},
        {1, 0, 8, 2, STYLIZE_ERR_FORMAT, "1x0"},
        {65535, 65535, 8, 2, STYLIZE_ERR_LIMIT,
         "picture is 65535x65535; at most 50000000 pixels and 16384 a side are allowed"},
        {16385, 1, 8, 2, STYLIZE_ERR_LIMIT, "16385x1"},
        {1, 16385, 8, 2, STYLIZE_ERR_LIMIT, "1x16385"},
        {7072, 7071, 8, 2, STYLIZE_ERR_LIMIT, "7072x7071"}, /* 50,006,112 pixels */
        {0xffffffff, 0xffffffff, 8, 2, STYLIZE_ERR_LIMIT, "4294967295x4294967295"},
        {0x80000000, 2, 8, 2, STYLIZE_ERR_LIMIT, "2147483648x2"},
        {1, 1, 3, 2, STYLIZE_ERR_FORMAT, "damaged PNG"},
        {1, 1, 8, 5, STYLIZE_ERR_FORMAT, "damaged PNG"},
    };
    for (size_t i = 0; i < STZ_LEN(cases); i++) {
        blob b = png_start(cases[i].width, cases[i].height, cases[i].depth, cases[i].type, 0);
        png_finish(&b, "\0\1\2\3", 4);
        decode_fails(b, cases[i].status, cases[i].text);
        blob_free(&b);
    }
}

/* A few kB that unfold to hundreds of MB. */
static blob bomb(void)
{
    size_t size = 64u << 20;
    uint8_t *zeros = calloc(size, 1);
    assert_non_null(zeros);
    blob z = deflated(zeros, size);
    free(zeros);
    return z;
}

static void survives_bombs(void **state)
{
    static const struct {
        const char *name, *head;
        size_t head_size;
    } chunks[] = {{"zTXt", "k\0", 3}, {"iTXt", "k\0\1\0\0", 6}, {"iCCP", "k\0", 3}};
    blob z = bomb();
    for (size_t i = 0; i < STZ_LEN(chunks); i++) {
        blob body = blob_copy(chunks[i].head, chunks[i].head_size);
        blob_add(&body, z.data, z.size);
        blob b = png_start(1, 1, 8, 2, 0);
        png_chunk(&b, chunks[i].name, body.data, body.size);
        png_finish(&b, "\0\1\2\3", 4);
        stylize_image image = decode(b); /* the chunk is passed over, the picture is sound */
        assert_int_equal(image.pixels[2], 3);
        stylize_image_free(&image);
        blob_free(&b);
        blob_free(&body);
    }
    blob b = png_start(1, 1, 8, 2, 0); /* more pixels than the header has: no more memory is used */
    png_chunk(&b, "IDAT", z.data, z.size);
    png_chunk(&b, "IEND", NULL, 0);
    stylize_image image;
    stylize_error err;
    if (stz_codec_decode(b.data, b.size, &test_limits, NULL, test_pool, &image, &err) == STYLIZE_OK)
        stylize_image_free(&image);
    blob_free(&b);
    blob_free(&z);
}

static void refuses_lying_lengths(void **state)
{
    blob b = png_start(1, 1, 8, 2, 0);
    blob_add(&b, "\x7f\xff\xff\xfftEXtabc", 11);
    decode_fails(b, STYLIZE_ERR_FORMAT, "cut short");
    b.data[b.size - 11] = 0xff;
    decode_fails(b, STYLIZE_ERR_FORMAT, "damaged PNG");
    blob_free(&b);
    b = png_start(1, 1, 8, 2, 0); /* no pixels at all */
    png_chunk(&b, "IEND", NULL, 0);
    decode_fails(b, STYLIZE_ERR_FORMAT, "PNG");
    blob_free(&b);
}

#ifdef STZ_HAVE_LCMS2
#include <math.h>

/* cICP: Display P3, whose colours are those of sRGB times a matrix, and sRGB itself; it goes before gAMA. */
static void reads_primaries_by_number(void **state)
{
    static const uint8_t in[] = {180, 120, 90};
    for (int primaries = 1; primaries <= 12; primaries += 11) {
        const uint8_t cicp[] = {(uint8_t)primaries, 13, 0, 1};
        blob b = png_start(1, 1, 8, 2, 0);
        png_chunk(&b, "cICP", cicp, 4);
        png_chunk(&b, "gAMA", "\0\1\x86\xa0", 4); /* 1.0 */
        stylize_image image;
        const uint8_t row[] = {0, in[0], in[1], in[2]};
        const uint8_t *p = decode_pixel(&b, row, 4, &image);
        double want[3] = {in[0] / 255.0, in[1] / 255.0, in[2] / 255.0};
        if (primaries == 12)
            p3_in_srgb(in, want);
        for (int c = 0; c < 3; c++)
            assert_true(fabs(p[c] - 255 * want[c]) <= 1);
        stylize_image_free(&image);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef STZ_HAVE_LCMS2
        cmocka_unit_test(reads_primaries_by_number),
#endif
        cmocka_unit_test(decodes_colour),
        cmocka_unit_test(decodes_alpha),
        cmocka_unit_test(decodes_grey),
        cmocka_unit_test(decodes_few_bits),
        cmocka_unit_test(turns_upright),
        cmocka_unit_test(rounds_16_bits),
        cmocka_unit_test(applies_transparent_colours),
        cmocka_unit_test(converts_gamma),
#ifdef STZ_HAVE_LCMS2
        cmocka_unit_test(converts_profiles),
#endif
        cmocka_unit_test(leaves_out_chunks_with_wrong_checksums),
        cmocka_unit_test(paints_without_an_end),
        cmocka_unit_test(refuses_checksum_errors),
        cmocka_unit_test(refuses_truncation),
        cmocka_unit_test(refuses_bad_headers),
        cmocka_unit_test(survives_bombs),
        cmocka_unit_test(refuses_lying_lengths),
    };
    return cmocka_run_group_tests(tests, test_pool_create, test_pool_end);
}
