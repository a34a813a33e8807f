/* 16 bits a channel: what is read is what is written, and what is made of it is finer than with 8. */
#include "codec_test.h"

#include <math.h>

#include "image/canvas.h"
#include "image/deep.h"
#include "image/stack.h"

static stylize_image decode_deep(blob b)
{
    stylize_image image = {0};
    stylize_error err = {0};
    const stz_decode_hint hint = {.deep = true};
    if (stz_codec_decode(b.data, b.size, &test_limits, &hint, test_pool, &image, &err) != STYLIZE_OK)
        fail_msg("%s", err.message);
    return image;
}

/* All values that there are, in no order. */
static stylize_image noise(stylize_format format, uint32_t w, uint32_t h)
{
    stylize_image image;
    assert_int_equal(stz_image_alloc(test_pool, w, h, format, &image, NULL), STYLIZE_OK);
    uint32_t v = 1;
    for (size_t i = 0; i < image.size; i++) {
        v = v * 1664525 + 1013904223;
        image.pixels[i] = (uint8_t)(v >> 24);
    }
    return image;
}

static void reads_files_of_others(void **state)
{
    static const struct {
        const char *name;
        bool alpha, grey;
    } files[] = {
        {"rgb16.png", false, false},    {"rgb16i.png", false, false},  {"rgba16.png", true, false},
        {"rgba16i.png", true, false},   {"grey16.png", false, true},   {"greyalpha16.png", true, true},
        {"rgb16.tif", false, false},    {"rgb16mm.tif", false, false}, {"rgba16.tif", true, false},
        {"planes16.tif", false, false}, {"grey16.tif", false, true},   {"rgb16.jxl", false, false},
        {"rgba16.jxl", true, false},    {"grey16.jxl", false, true}};
    for (size_t i = 0; i < STZ_LEN(files); i++) {
        blob b = blob_load(files[i].name);
        if (!have(stz_sniff(b.data, b.size))) {
            blob_free(&b);
            continue;
        }
        stylize_image deep = decode_deep(b), plain = decode(b), narrow;
        assert_int_equal(deep.format, files[i].alpha ? STYLIZE_FORMAT_RGBA16 : STYLIZE_FORMAT_RGB16);
        assert_int_equal(stz_narrow(&deep, test_pool, &narrow, NULL), STYLIZE_OK);
        assert_near(files[i].name, &narrow, &plain, 0, 0);
        const uint16_t *p = (const uint16_t *)(const void *)deep.pixels;
        assert_int_equal(p[0], plain.pixels[0] * 257); /* the card has 8 bits, stored in 16 */
        stylize_image_free(&deep);
        stylize_image_free(&plain);
        stylize_image_free(&narrow);
        blob_free(&b);
    }
}

/* 10 and 12 bits become 16: nearer to the card than 8 can be, where coding leaves it. */
static void reads_10_and_12_bits(void **state)
{
    static const char *const names[] = {"ten.avif", "twelve.avif", "ten.heic"};
    for (size_t i = 0; i < STZ_LEN(names); i++) {
        blob b = blob_load(names[i]);
        if (have(stz_sniff(b.data, b.size))) {
            stylize_image deep = decode_deep(b), plain = decode(b), narrow;
            assert_int_equal(deep.format, STYLIZE_FORMAT_RGB16);
            assert_int_equal(stz_narrow(&deep, test_pool, &narrow, NULL), STYLIZE_OK);
            assert_near(names[i], &narrow, &plain, 1, 2); /* libheif cuts bits off where it makes 8 of them */
            const uint16_t *p = (const uint16_t *)(const void *)deep.pixels;
            size_t finer = 0;
            for (size_t k = 0; k < deep.size / 2; k++)
                finer += p[k] % 257 != 0;
            assert_true(finer > deep.size / 8); /* of values that 8 bits do not have */
            stylize_image_free(&deep);
            stylize_image_free(&plain);
            stylize_image_free(&narrow);
        }
        blob_free(&b);
    }
}

static void files_of_8_bits_stay_so(void **state)
{
    static const char *const names[] = {"rgb8.png", "444.jpg", "rgba8.png"};
    for (size_t i = 0; i < STZ_LEN(names); i++) {
        blob b = blob_load(names[i]);
        stylize_image image = decode_deep(b);
        assert_false(stz_is_deep(image.format));
        stylize_image_free(&image);
        blob_free(&b);
    }
}

static void what_is_written_is_read(void **state)
{
    static const stylize_format pixels[] = {STYLIZE_FORMAT_RGB16, STYLIZE_FORMAT_RGBA16, STYLIZE_FORMAT_RGB8,
                                            STYLIZE_FORMAT_RGBA8, STYLIZE_FORMAT_GRAY8};
    static const stylize_format files[] = {STYLIZE_FORMAT_PNG, STYLIZE_FORMAT_TIFF};
    for (size_t k = 0; k < STZ_LEN(files); k++)
        for (size_t i = 0; i < STZ_LEN(pixels); i++) {
            stylize_image in = noise(pixels[i], 61, 47), file = {0};
            stylize_error err = {0};
            const stylize_status status = stz_codec_encode(&in, files[k], 0, NULL, test_pool, &file, &err);
            if (files[k] == STYLIZE_FORMAT_TIFF && !have(STYLIZE_FORMAT_TIFF)) {
                assert_int_equal(status, STYLIZE_ERR_UNSUPPORTED);
            } else {
                if (status != STYLIZE_OK)
                    fail_msg("%s", err.message);
                stylize_image out = decode_deep((blob){file.pixels, file.size});
                if (pixels[i] == STYLIZE_FORMAT_GRAY8) {
                    assert_int_equal(out.format, STYLIZE_FORMAT_RGB8);
                    assert_int_equal(out.pixels[3], in.pixels[1]);
                } else {
                    assert_int_equal(out.format, in.format);
                    assert_memory_equal(out.pixels, in.pixels, in.size);
                }
                stylize_image_free(&out);
                stylize_image_free(&file);
            }
            stylize_image_free(&in);
        }
}

static void others_get_8_bits(void **state)
{
    stylize_image deep = noise(STYLIZE_FORMAT_RGBA16, 32, 32), narrow, a = {0}, b = {0};
    stylize_error err = {0};
    assert_int_equal(stz_narrow(&deep, test_pool, &narrow, NULL), STYLIZE_OK);
    assert_int_equal(stz_codec_encode(&deep, STYLIZE_FORMAT_JPEG, 0, NULL, test_pool, &a, &err), STYLIZE_OK);
    assert_int_equal(stz_codec_encode(&narrow, STYLIZE_FORMAT_JPEG, 0, NULL, test_pool, &b, &err),
                     STYLIZE_OK);
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.pixels, b.pixels, a.size);
    stylize_image_free(&a);
    stylize_image_free(&b);
    stylize_image_free(&deep);
    stylize_image_free(&narrow);
}

/* The same as with 8 bits, to a level, and finer: a slope of half a level a pixel has a value of its own in each. */
static void scales_as_8_bits_do(void **state)
{
    static const stylize_format formats[] = {STYLIZE_FORMAT_RGB8, STYLIZE_FORMAT_RGBA8};
    for (size_t i = 0; i < STZ_LEN(formats); i++)
        for (int up = 0; up < 2; up++) {
            stylize_image card = card_image(formats[i]), deep, small, deep_small, narrow;
            const uint32_t w = up ? 77 : 29, h = up ? 50 : 17;
            const stz_rect all = {0, 0, card.width, card.height};
            assert_int_equal(stz_widen(&card, test_pool, &deep, NULL), STYLIZE_OK);
            assert_int_equal(stz_resize(&card, all, w, h, test_pool, &small, NULL), STYLIZE_OK);
            assert_int_equal(stz_resize(&deep, all, w, h, test_pool, &deep_small, NULL), STYLIZE_OK);
            assert_int_equal(stz_narrow(&deep_small, test_pool, &narrow, NULL), STYLIZE_OK);
            assert_near("resize", &narrow, &small, 0.5, 1);
            stylize_image_free(&card);
            stylize_image_free(&deep);
            stylize_image_free(&small);
            stylize_image_free(&deep_small);
            stylize_image_free(&narrow);
        }
}

static void blends_as_8_bits_do(void **state)
{
    for (int k = 0; k < 9; k++) {
        const float strength = (float)(k % 3) / 2, colour = (float)(k / 3) / 2;
        stylize_image content = noise(STYLIZE_FORMAT_RGB8, 40, 30), painted = card_image(STYLIZE_FORMAT_RGB8);
        stylize_image part, wide_content, wide_painted, narrow;
        assert_int_equal(stz_resize(&painted, (stz_rect){0, 0, 40, 30}, 40, 30, test_pool, &part, NULL),
                         STYLIZE_OK);
        assert_int_equal(stz_widen(&content, test_pool, &wide_content, NULL), STYLIZE_OK);
        assert_int_equal(stz_widen(&part, test_pool, &wide_painted, NULL), STYLIZE_OK);
        stz_blend_rgb(content.pixels, content.stride, 3, part.pixels, part.stride, 40, 30, strength, colour);
        stz_blend_deep(&wide_content, &wide_painted, strength, colour);
        assert_int_equal(stz_narrow(&wide_painted, test_pool, &narrow, NULL), STYLIZE_OK);
        assert_near("blend", &narrow, &part, 0.5, 2); /* 8 bits are rounded between colour and strength */
        stylize_image_free(&content);
        stylize_image_free(&painted);
        stylize_image_free(&part);
        stylize_image_free(&wide_content);
        stylize_image_free(&wide_painted);
        stylize_image_free(&narrow);
    }
}

/* Mirrored at the edges and white where it is transparent, as with 8 bits. */
static void extracts_as_8_bits_do(void **state)
{
    stylize_image card = card_image(STYLIZE_FORMAT_RGBA8), wide, out;
    for (int x = 0; x < CARD_W; x += 5)
        card.pixels[x * 4 + 3] = 0;
    assert_int_equal(stz_widen(&card, test_pool, &wide, NULL), STYLIZE_OK);
    assert_int_equal(stz_image_alloc(test_pool, 40, 24, STYLIZE_FORMAT_RGB8, &out, NULL), STYLIZE_OK);
    float *samples = malloc(40 * 24 * 3 * sizeof *samples);
    stz_extract(&card, 20, 16, &out);
    stz_extract_deep(&wide, 20, 16, 40, 24, samples);
    for (size_t i = 0; i < 40 * 24 * 3; i++)
        assert_int_equal((int)(samples[i] * 255 + 0.5f), out.pixels[i]);
    stylize_image again;
    assert_int_equal(stz_image_alloc(test_pool, 40, 24, STYLIZE_FORMAT_RGB8, &again, NULL), STYLIZE_OK);
    stz_extract(&wide, 20, 16, &again); /* of 16 bits into 8 */
    assert_near("extract", &again, &out, 0, 0);
    free(samples);
    stylize_image_free(&card);
    stylize_image_free(&wide);
    stylize_image_free(&out);
    stylize_image_free(&again);
}

/* Joined by masks it is the mean of 8 bits before it was rounded. */
static void stacks_are_finer(void **state)
{
    const float shares[] = {0.3f, 0.7f};
    stylize_image content = noise(STYLIZE_FORMAT_RGBA16, 31, 7), result;
    stylize_image parts[2], masks[2], kept[2], where[2];
    stz_stack stack = {0};
    for (int i = 0; i < 2; i++) {
        parts[i] = noise(STYLIZE_FORMAT_RGB16, 31, 7);
        for (size_t k = 0; i && k < parts[i].size; k++)
            parts[i].pixels[k] ^= 0x5a;
        masks[i] = noise(STYLIZE_FORMAT_GRAY8, 31, 7);
        for (size_t k = 0; k < masks[i].size; k++)
            masks[i].pixels[k] = (uint8_t)(k % 5 == (size_t)i ? 0 : masks[i].pixels[k] / (k % 2 + 1));
        kept[i] = noise(STYLIZE_FORMAT_RGB16, 31, 7);
        memcpy(kept[i].pixels, parts[i].pixels, parts[i].size);
        where[i] = noise(STYLIZE_FORMAT_GRAY8, 31, 7);
        memcpy(where[i].pixels, masks[i].pixels, masks[i].size);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(stz_stack_add(test_pool, &stack, &parts[i], &masks[i], shares[i], false, NULL),
                         STYLIZE_OK);
        stylize_image_free(&masks[i]);
    }
    stz_stack_finish(&stack, &content, &result);
    stz_stack_free(&stack);
    for (size_t i = 0; i < 31 * 7; i++)
        for (size_t c = 0; c < 3; c++) {
            double sum = 0, total = 0, cover = 0;
            for (int k = 0; k < 2; k++) {
                const double m = where[k].pixels[i];
                sum += (double)shares[k] * m * ((const uint16_t *)(const void *)kept[k].pixels)[i * 3 + c];
                total += (double)shares[k] * m;
                cover += m / 255;
            }
            cover = cover > 1 ? 1 : cover;
            const double bare = ((const uint16_t *)(const void *)content.pixels)[i * 4 + c];
            const double expected = total > 0 ? cover * sum / total + (1 - cover) * bare : bare;
            const double got = ((const uint16_t *)(const void *)result.pixels)[i * 3 + c];
            assert_true(fabs(got - expected) <
                        24); /* a tenth of a level of 8 bits: the shares are whole numbers */
        }
    for (int i = 0; i < 2; i++) {
        stylize_image_free(&kept[i]);
        stylize_image_free(&where[i]);
    }
    stylize_image_free(&result);
    stylize_image_free(&content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stacks_are_finer),        cmocka_unit_test(reads_files_of_others),
        cmocka_unit_test(reads_10_and_12_bits),    cmocka_unit_test(files_of_8_bits_stay_so),
        cmocka_unit_test(what_is_written_is_read), cmocka_unit_test(others_get_8_bits),
        cmocka_unit_test(scales_as_8_bits_do),     cmocka_unit_test(blends_as_8_bits_do),
        cmocka_unit_test(extracts_as_8_bits_do),
    };
    return cmocka_run_group_tests(tests, test_pool_create, test_pool_end);
}
