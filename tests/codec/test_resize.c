#include "codec_test.h"

#include "image/resize.h"

static stz_rect whole(const stylize_image *in) { return (stz_rect){0, 0, in->width, in->height}; }

static stylize_image resize(const stylize_image *in, stz_rect part, uint32_t width, uint32_t height)
{
    stylize_image out = {0};
    stylize_error err = {0};
    if (stz_resize(in, part, width, height, test_pool, &out, &err) != STYLIZE_OK)
        fail_msg("%s", err.message);
    assert_int_equal(out.width, width);
    assert_int_equal(out.height, height);
    assert_int_equal(out.format, in->format);
    return out;
}

/* A grey PNG is decoded to three channels; this takes the first. */
static stylize_image to_grey(const stylize_image *in)
{
    stylize_image out;
    assert_int_equal(stz_image_alloc(test_pool, in->width, in->height, STYLIZE_FORMAT_GRAY8, &out, NULL),
                     STYLIZE_OK);
    for (size_t i = 0; i < out.size; i++)
        out.pixels[i] = in->pixels[i * 3];
    return out;
}

/* Golden files by Pillow's filters in floating point (make_data.py). What is left is rounding, at
 * most one level; transparency is weighed in floating point here too. */
static void agrees_with_pillow(void **state)
{
    static const struct {
        const char *source, *golden;
        stz_rect part; /* of no width: all */
        double mean;
        int most;
    } cases[] = {
        {"golden.png", "golden_50x31.png", {0}, 0.05, 1},
        {"golden.png", "golden_120x17.png", {0}, 0.05, 1},
        {"golden.png", "golden_160x110.png", {0}, 0.05, 1}, /* upwards: bicubic, that is Catmull-Rom */
        {"golden.png", "golden_crop_33x40.png", {10, 7, 100, 70}, 0.05, 1},
        {"golden_rgba.png", "golden_rgba_50x31.png", {0}, 0.01, 1},
    };
    for (size_t i = 0; i < STZ_LEN(cases); i++) {
        stylize_image in = decode_file(cases[i].source), want = decode_file(cases[i].golden);
        stz_rect part = cases[i].part.width ? cases[i].part : whole(&in);
        stylize_image out = resize(&in, part, want.width, want.height);
        assert_near(cases[i].golden, &out, &want, cases[i].mean, cases[i].most);
        stylize_image_free(&in);
        stylize_image_free(&want);
        stylize_image_free(&out);
    }
    stylize_image in = decode_file("golden_l.png"), want = decode_file("golden_l_37x29.png");
    stylize_image grey = to_grey(&in), want_grey = to_grey(&want);
    stylize_image out = resize(&grey, whole(&grey), 37, 29);
    assert_near("grey", &out, &want_grey, 0.05, 1);
    stylize_image *all[] = {&in, &want, &grey, &want_grey, &out};
    for (size_t i = 0; i < STZ_LEN(all); i++)
        stylize_image_free(all[i]);
}

static stylize_image constant(uint32_t width, uint32_t height, stylize_format format, const uint8_t *pixel)
{
    stylize_image out;
    assert_int_equal(stz_image_alloc(test_pool, width, height, format, &out, NULL), STYLIZE_OK);
    size_t bpp = (size_t)stz_bytes_per_pixel(format);
    for (size_t i = 0; i < out.size; i += bpp)
        memcpy(out.pixels + i, pixel, bpp);
    return out;
}

static void keeps_constants(void **state)
{
    static const uint8_t pixels[][4] = {{0, 0, 0, 255},   {255, 255, 255, 255}, {1, 254, 127, 255},
                                        {200, 13, 77, 9}, {250, 3, 129, 128},   {255, 255, 255, 1}};
    static const uint32_t sizes[][4] = {{97, 61, 13, 9},  {97, 61, 300, 200}, {97, 61, 97, 30},
                                        {1, 1, 40, 30},   {3000, 2, 3, 50},   {2, 3000, 50, 3},
                                        {64, 64, 63, 65}, {5, 5, 1, 1}};
    static const stylize_format formats[] = {STYLIZE_FORMAT_RGB8, STYLIZE_FORMAT_RGBA8, STYLIZE_FORMAT_GRAY8};
    for (size_t f = 0; f < STZ_LEN(formats); f++)
        for (size_t p = 0; p < STZ_LEN(pixels); p++)
            for (size_t s = 0; s < STZ_LEN(sizes); s++) {
                stylize_image in = constant(sizes[s][0], sizes[s][1], formats[f], pixels[p]);
                stylize_image want = constant(sizes[s][2], sizes[s][3], formats[f], pixels[p]);
                stylize_image out = resize(&in, whole(&in), sizes[s][2], sizes[s][3]);
                assert_near("constant", &out, &want, 0, 0);
                stylize_image_free(&in);
                stylize_image_free(&want);
                stylize_image_free(&out);
            }
}

static void copies_what_does_not_change(void **state)
{
    static const stylize_format formats[] = {STYLIZE_FORMAT_RGB8, STYLIZE_FORMAT_RGBA8, STYLIZE_FORMAT_GRAY8};
    for (size_t f = 0; f < STZ_LEN(formats); f++) {
        stylize_image card = card_image(formats[f]);
        card.pixels[3] ^= 0x55;
        stylize_image out = resize(&card, whole(&card), CARD_W, CARD_H);
        assert_near("copy", &out, &card, 0, 0);
        stylize_image_free(&out);
        out = resize(&card, (stz_rect){5, 6, 20, 10}, 20, 10); /* a cut */
        for (int y = 0; y < 10; y++)
            assert_memory_equal(pixel_at(&out, 0, y), pixel_at(&card, 5, 6 + y), (size_t)out.stride);
        stylize_image_free(&out);
        stylize_image_free(&card);
    }
    /* one side stays: its pixels do not mix */
    stylize_image card = card_image(STYLIZE_FORMAT_RGB8), out = resize(&card, whole(&card), CARD_W, 8);
    for (int x = 0; x < CARD_W; x++)
        assert_int_equal(pixel_at(&out, x, 4)[0], 40 + 4 * x);
    stylize_image_free(&out);
    stylize_image_free(&card);
}

/* What lies outside the part, and between the rows, is not looked at. */
static void keeps_to_its_part(void **state)
{
    stylize_image card = card_image(STYLIZE_FORMAT_RGB8);
    stylize_image small = resize(&card, (stz_rect){10, 5, 30, 20}, 30, 20);
    stylize_image want = resize(&small, whole(&small), 13, 11);
    for (int y = 0; y < CARD_H; y++)
        for (int x = 0; x < CARD_W; x++)
            if (x < 10 || x >= 40 || y < 5 || y >= 25)
                memset((uint8_t *)pixel_at(&card, x, y), 0xee, 3);
    stylize_image out = resize(&card, (stz_rect){10, 5, 30, 20}, 13, 11);
    assert_near("part", &out, &want, 0, 0);
    stylize_image *all[] = {&card, &small, &want, &out};
    for (size_t i = 0; i < STZ_LEN(all); i++)
        stylize_image_free(all[i]);
}

/* Colours of transparent pixels must not bleed into the others. */
static void weighs_by_alpha(void **state)
{
    stylize_image in;
    assert_int_equal(stz_image_alloc(test_pool, 40, 40, STYLIZE_FORMAT_RGBA8, &in, NULL), STYLIZE_OK);
    for (int y = 0; y < 40; y++)
        for (int x = 0; x < 40; x++)
            memcpy(in.pixels + (y * 40 + x) * 4, x < 20 ? "\xff\0\0\xff" : "\0\xff\0\0", 4);
    for (uint32_t size = 10; size < 100; size += 30) {
        stylize_image out = resize(&in, whole(&in), size, size);
        for (uint32_t i = 0; i < size * size; i++) {
            const uint8_t *p = out.pixels + (size_t)i * 4;
            assert_true(p[3] == 0 || (p[0] >= 254 && p[1] == 0));
        }
        assert_int_equal(pixel_at(&out, 1, 5)[3], 255);
        assert_int_equal(pixel_at(&out, (int)size - 2, 5)[3], 0);
        stylize_image_free(&out);
    }
    stylize_image_free(&in);
}

/* Waves too fine for the output vanish into their mean: no moiré. */
static void does_not_alias(void **state)
{
    stylize_image in;
    assert_int_equal(stz_image_alloc(test_pool, 400, 400, STYLIZE_FORMAT_GRAY8, &in, NULL), STYLIZE_OK);
    for (int i = 0; i < 400 * 400; i++)
        in.pixels[i] = (i % 400 + i / 400) % 2 ? 255 : 0;
    stylize_image out = resize(&in, whole(&in), 100, 100);
    for (int y = 3; y < 97; y++)
        for (int x = 3; x < 97; x++)
            assert_in_range(pixel_at(&out, x, y)[0], 126, 129);
    stylize_image_free(&out);
    stylize_image_free(&in);
}

/* Coefficients sum to one exactly and lie inside the input, whatever the sizes. */
static void tables_are_sound(void **state)
{
    static const uint32_t sizes[] = {1, 2, 3, 5, 16, 17, 63, 100, 511, 1000, 16384};
    for (size_t i = 0; i < STZ_LEN(sizes); i++)
        for (size_t o = 0; o < STZ_LEN(sizes); o++) {
            size_t size;
            stz_taps taps;
            assert_true(stz_taps_size(sizes[i], sizes[o], &size));
            uint8_t *memory = aligned_alloc(64, (size + 63) & ~(size_t)63);
            assert_non_null(memory);
            stz_taps_make(&taps, sizes[i], sizes[o], false, memory);
            for (uint32_t k = 0; k < sizes[o]; k++) {
                int sum = 0;
                for (uint32_t t = 0; t < taps.step; t++)
                    sum += taps.coef[(size_t)k * taps.step + t];
                assert_int_equal(sum, 1 << STZ_COEF_BITS);
                assert_true(taps.count[k] >= 1 && taps.first[k] + taps.count[k] <= sizes[i]);
            }
            free(memory);
        }
}

/* The kernels of this CPU give the bytes of the portable ones. */
static void kernels_agree(void **state)
{
    const stz_resize_kernels *best = stz_resize_best();
    uint8_t src[9][333];
    uint32_t random = 7;
    uint8_t *bytes = (uint8_t *)src;
    for (size_t i = 0; i < sizeof src; i++)
        bytes[i] = (uint8_t)((random = random * 1664525u + 1013904223u) >> 24);
    for (uint32_t count = 1; count <= 9; count++) {
        int16_t coef[12] = {0}, a[333 + STZ_TEMP_PAD] = {0}, b[333 + STZ_TEMP_PAD] = {0};
        for (uint32_t k = 0; k < count; k++)
            coef[k] = (int16_t)((random = random * 1664525u + 1013904223u) >> 18);
        best->down(src[0], 333, coef, count, a, 333);
        stz_resize_portable.down(src[0], 333, coef, count, b, 333);
        assert_memory_equal(a, b, sizeof a);
    }
    static const int channels[] = {1, 3, 4};
    for (size_t c = 0; c < STZ_LEN(channels); c++)
        for (uint32_t out = 1; out < 200; out += 13) {
            int16_t temp[83 * 4 + STZ_TEMP_PAD];
            for (size_t i = 0; i < STZ_LEN(temp); i++)
                temp[i] = (int16_t)((int)((random = random * 1664525u + 1013904223u) >> 18) - 200);
            size_t size;
            stz_taps taps;
            uint8_t a[200 * 4] = {0}, b[200 * 4] = {0};
            assert_true(stz_taps_size(83, out, &size));
            uint8_t *memory = aligned_alloc(64, (size + 63) & ~(size_t)63);
            assert_non_null(memory);
            stz_taps_make(&taps, 83, out, false, memory);
            best->across(temp, &taps, channels[c], a);
            stz_resize_portable.across(temp, &taps, channels[c], b);
            assert_memory_equal(a, b, sizeof a);
            free(memory);
        }
}

static void refused(const stylize_image *in, stz_rect part, uint32_t width, uint32_t height)
{
    stylize_image out = {0};
    stylize_error err = {0};
    assert_int_equal(stz_resize(in, part, width, height, test_pool, &out, &err), STYLIZE_ERR_INVALID);
    assert_true(err.message[0] != 0);
    assert_null(out.pixels);
}

static void refuses(void **state)
{
    stylize_image card = card_image(STYLIZE_FORMAT_RGB8), bad = card;
    refused(NULL, whole(&card), 4, 4);
    refused(&card, whole(&card), 0, 4);
    refused(&card, whole(&card), 4, 0);
    refused(&card, whole(&card), UINT32_MAX, 1);
    refused(&card, (stz_rect){0, 0, 0, 1}, 4, 4);
    refused(&card, (stz_rect){0, 0, 49, 1}, 4, 4);
    refused(&card, (stz_rect){48, 0, 1, 1}, 4, 4);
    refused(&card, (stz_rect){0, 1, 48, 32}, 4, 4);
    refused(&card, (stz_rect){1, 0, UINT32_MAX, 1}, 4, 4);
    bad.format = STYLIZE_FORMAT_PNG;
    refused(&bad, whole(&card), 4, 4);
    bad.format = STYLIZE_FORMAT_NONE;
    refused(&bad, whole(&card), 4, 4);
    stylize_image_free(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_pillow),
        cmocka_unit_test(keeps_constants),
        cmocka_unit_test(copies_what_does_not_change),
        cmocka_unit_test(keeps_to_its_part),
        cmocka_unit_test(weighs_by_alpha),
        cmocka_unit_test(does_not_alias),
        cmocka_unit_test(tables_are_sound),
        cmocka_unit_test(kernels_agree),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, test_pool_create, test_pool_end);
}
