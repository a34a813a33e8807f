/* Files that were cut or damaged: refused as ever, and painted as far as they go where that was asked for. */
#include "codec_test.h"

static stz_limits tolerant_limits(void)
{
    stz_limits limits = test_limits;
    limits.tolerant = true;
    return limits;
}

static stylize_status decode_tolerant(blob b, stylize_image *out, bool *damaged, stylize_error *err)
{
    const stz_limits limits = tolerant_limits();
    const stz_decode_hint hint = {.damaged = damaged};
    *out = (stylize_image){0};
    *err = (stylize_error){0};
    *damaged = false;
    return stz_codec_decode(b.data, b.size, &limits, &hint, test_pool, out, err);
}

static blob cut(blob b, double share) { return blob_copy(b.data, (size_t)((double)b.size * share)); }

static bool readable(const char *name)
{
    return !strstr(name, ".webp") || strstr(stz_formats_list(), "webp");
}

static const char *const names[] = {"444.jpg",      "420.jpg",      "progressive.jpg", "orient6.jpg",
                                    "orient3.jpg",  "rgb8.png",     "rgb8i.png",       "rgba8.png",
                                    "orient6.png",  "orient6i.png", "grey16.png",      "lossy.webp",
                                    "alphall.webp", "orient6.webp"};

static void sound_files_are_the_same(void **state)
{
    for (size_t i = 0; i < STZ_LEN(names); i++) {
        if (!readable(names[i]))
            continue;
        blob b = blob_load(names[i]);
        stylize_image strict = decode(b), image;
        stylize_error err;
        bool damaged;
        if (decode_tolerant(b, &image, &damaged, &err) != STYLIZE_OK)
            fail_msg("%s: %s", names[i], err.message);
        assert_false(damaged);
        assert_near(names[i], &image, &strict, 0, 0);
        stylize_image_free(&strict);
        stylize_image_free(&image);
        blob_free(&b);
    }
}

static bool is_blank(const uint8_t *p, int bpp) { return bpp == 4 ? !p[3] : p[0] > 120 && p[0] < 136; }

/* Stored rows come first: in an upright file those at the top. */
static void cut_files_go_as_far_as_they_can(void **state)
{
    static const char *const upright[] = {"444.jpg", "rgb8.png", "rgba8.png", "lossy.webp"};
    for (size_t i = 0; i < STZ_LEN(upright); i++) {
        if (!readable(upright[i]))
            continue;
        blob b = blob_load(upright[i]), half = cut(b, strstr(upright[i], "jpg") ? 0.7 : 0.85);
        decode_fails(half, STYLIZE_ERR_FORMAT, "cut short");
        stylize_image whole = decode(b), image;
        stylize_error err;
        bool damaged;
        if (decode_tolerant(half, &image, &damaged, &err) != STYLIZE_OK)
            fail_msg("%s: %s", upright[i], err.message);
        assert_true(damaged);
        assert_int_equal(image.format, whole.format);
        const int bpp = stz_bytes_per_pixel(image.format);
        assert_memory_equal(image.pixels, whole.pixels, CARD_W * (size_t)bpp); /* the first row */
        if (!is_blank(pixel_at(&image, CARD_W / 2, CARD_H - 1), bpp))
            fail_msg("%s: the last row is there", upright[i]);
        stylize_image_free(&whole);
        stylize_image_free(&image);
        blob_free(&half);
        blob_free(&b);
    }
}

/* Of every file, at every length: refused, or a picture of the size of the whole one. */
static void every_length_is_refused_or_painted(void **state)
{
    for (size_t i = 0; i < STZ_LEN(names); i++) {
        if (!readable(names[i]))
            continue;
        blob b = blob_load(names[i]);
        stylize_image whole = decode(b);
        size_t painted = 0;
        for (size_t size = 1; size < b.size; size++) {
            blob part = blob_copy(b.data, size);
            stylize_image image;
            stylize_error err;
            bool damaged;
            if (decode_tolerant(part, &image, &damaged, &err) == STYLIZE_OK) {
                assert_int_equal(image.format, whole.format);
                if (!strstr(names[i], ".webp")) /* whose orientation comes after the pixels */
                    assert_int_equal(image.width, whole.width);
                assert_int_equal(image.width * image.height, whole.width * whole.height);
                painted += damaged;
                stylize_image_free(&image);
            } else {
                assert_null(image.pixels);
                assert_true(err.message[0]);
            }
            blob_free(&part);
        }
        if (painted < 10 && !strstr(names[i], "ll.webp")) /* lossless in one block of rows */
            fail_msg("%s: painted at %zu lengths only", names[i], painted);
        stylize_image_free(&whole);
        blob_free(&b);
    }
}

/* Pixels that are sound under a wrong checksum are taken, and it is said. */
static void a_wrong_checksum_of_pixels(void **state)
{
    blob b = blob_load("rgb8.png");
    for (size_t at = 8; at + 8 < b.size; at++)
        if (!memcmp(b.data + at + 4, "IDAT", 4)) {
            const uint32_t length = (uint32_t)b.data[at + 2] << 8 | b.data[at + 3];
            b.data[at + 8 + length] ^= 1;
            break;
        }
    decode_fails(b, STYLIZE_ERR_FORMAT, "CRC error");
    stylize_image image;
    stylize_error err;
    bool damaged;
    assert_int_equal(decode_tolerant(b, &image, &damaged, &err), STYLIZE_OK);
    assert_true(damaged);
    assert_card("rgb8.png", &image, 0, 0);
    stylize_image_free(&image);
    blob_free(&b);
}

/* The first passes of an interlaced picture are a coarse one, not dots on grey. */
static void an_interlaced_picture_is_coarse(void **state)
{
    blob b = blob_load("rgb8i.png"), half = cut(b, 0.8);
    stylize_image image;
    stylize_error err;
    bool damaged;
    assert_int_equal(decode_tolerant(half, &image, &damaged, &err), STYLIZE_OK);
    assert_true(damaged);
    assert_card("rgb8i.png", &image, 24, 64);
    stylize_image_free(&image);
    blob_free(&half);
    blob_free(&b);
}

static void without_a_row_there_is_nothing(void **state)
{
    stylize_image image;
    stylize_error err;
    bool damaged;
    static const char *const headers[] = {"444.jpg", "progressive.jpg", "rgb8.png"};
    for (size_t i = 0; i < STZ_LEN(headers); i++) {
        blob b = blob_load(headers[i]);
        size_t size = 0; /* to where the pixels begin */
        for (size_t at = 0; at + 4 < b.size && !size; at++)
            if (!memcmp(b.data + at, "IDAT", 4) || (b.data[at] == 0xff && b.data[at + 1] == 0xda))
                size = at + (b.data[at] == 0xff ? 2u + b.data[at + 3] : 6u);
        blob part = blob_copy(b.data, size);
        assert_int_equal(decode_tolerant(part, &image, &damaged, &err), STYLIZE_ERR_FORMAT);
        blob_free(&part);
        blob_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_files_are_the_same),
        cmocka_unit_test(cut_files_go_as_far_as_they_can),
        cmocka_unit_test(every_length_is_refused_or_painted),
        cmocka_unit_test(a_wrong_checksum_of_pixels),
        cmocka_unit_test(an_interlaced_picture_is_coarse),
        cmocka_unit_test(without_a_row_there_is_nothing),
    };
    return cmocka_run_group_tests(tests, test_pool_create, test_pool_end);
}
