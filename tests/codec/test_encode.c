#include "codec_test.h"

#include <jpeglib.h>
#include <unistd.h>

static stylize_image encode(const stylize_image *in, stylize_format format, int quality)
{
    stylize_image out;
    stylize_error err = {0};
    if (stz_codec_encode(in, format, quality, NULL, test_pool, &out, &err) != STYLIZE_OK)
        fail_msg("%s", err.message);
    assert_int_equal(out.format, format);
    assert_int_equal(stz_sniff(out.pixels, out.size), format);
    assert_non_null(out.owner);
    return out;
}

static stylize_image decode_image(const stylize_image *in) { return decode((blob){in->pixels, in->size}); }

static void png_round_trip(void **state)
{
    static const stylize_format formats[] = {STYLIZE_FORMAT_RGB8, STYLIZE_FORMAT_RGBA8};
    for (size_t i = 0; i < STZ_LEN(formats); i++) {
        stylize_image card = card_image(formats[i]);
        stylize_image file = encode(&card, STYLIZE_FORMAT_PNG, 0), back = decode_image(&file);
        assert_card("png", &back, 0, 0);
        stylize_image_free(&back);
        stylize_image_free(&file);
        stylize_image_free(&card);
    }
}

static void grey_stays_grey(void **state)
{
    stylize_image card = card_image(STYLIZE_FORMAT_GRAY8);
    stylize_image png = encode(&card, STYLIZE_FORMAT_PNG, 0), jpeg = encode(&card, STYLIZE_FORMAT_JPEG, 95);
    assert_int_equal(png.pixels[25], 0); /* colour type: grey */
    uint8_t *sof = memmem(jpeg.pixels, jpeg.size, "\xff\xc0", 2);
    assert_int_equal(sof[9], 1); /* one channel */
    stylize_image files[] = {png, jpeg};
    for (int i = 0; i < 2; i++) {
        stylize_image back = decode_image(&files[i]);
        for (int y = 0; y < CARD_H; y++)
            for (int x = 0; x < CARD_W; x++)
                assert_true(abs(pixel_at(&back, x, y)[1] - card_grey(x, y)) <= (i ? 4 : 0));
        stylize_image_free(&back);
        stylize_image_free(&files[i]);
    }
    stylize_image_free(&card);
}

static void jpeg_round_trip(void **state)
{
    stylize_image card = card_image(STYLIZE_FORMAT_RGB8);
    static const struct {
        int quality, sampling; /* 0x11: 4:4:4, 0x22: 4:2:0 */
        double mean;
        int most;
    } cases[] = {{100, 0x11, 0.8, 3}, {92, 0x11, 1.5, 8}, {90, 0x11, 1.5, 8},
                 {0, 0x11, 1.5, 8},   {89, 0x22, 3, 24},  {50, 0x22, 5, 40}};
    size_t size = SIZE_MAX;
    for (size_t i = 0; i < STZ_LEN(cases); i++) {
        stylize_image file = encode(&card, STYLIZE_FORMAT_JPEG, cases[i].quality), back = decode_image(&file);
        uint8_t *sof = memmem(file.pixels, file.size, "\xff\xc0", 2);
        assert_int_equal(sof[11], cases[i].sampling);
        assert_card("jpeg", &back, cases[i].mean, cases[i].most);
        assert_true(file.size <= size || cases[i].quality == 0);
        size = file.size;
        stylize_image_free(&back);
        stylize_image_free(&file);
    }
    stylize_image_free(&card);
}

static void jpeg_lays_alpha_on_white(void **state)
{
    stylize_image card = card_image(STYLIZE_FORMAT_RGBA8);
    stylize_image file = encode(&card, STYLIZE_FORMAT_JPEG, 100), back = decode_image(&file);
    assert_int_equal(back.format, STYLIZE_FORMAT_RGB8);
    for (int y = 0; y < CARD_H; y++)
        for (int x = 0; x < CARD_W; x++) {
            uint8_t c[3];
            card_pixel(x, y, c);
            double a = card_alpha(x) / 255.0;
            for (int i = 0; i < 3; i++)
                assert_true(abs(pixel_at(&back, x, y)[i] - (int)(c[i] * a + 255 * (1 - a) + 0.5)) <= 4);
        }
    stylize_image_free(&back);
    stylize_image_free(&file);
    stylize_image_free(&card);
}

#ifdef STZ_HAVE_WEBP
static void webp_round_trip(void **state)
{
    static const stylize_format formats[] = {STYLIZE_FORMAT_RGB8, STYLIZE_FORMAT_RGBA8, STYLIZE_FORMAT_GRAY8};
    for (size_t i = 0; i < STZ_LEN(formats); i++) {
        stylize_image card = card_image(formats[i]);
        stylize_image file = encode(&card, STYLIZE_FORMAT_WEBP, 95), back = decode_image(&file);
        if (formats[i] != STYLIZE_FORMAT_GRAY8)
            assert_card("webp", &back, 3, 24);
        else
            assert_true(abs(pixel_at(&back, 20, 20)[0] - card_grey(20, 20)) <= 6);
        stylize_image_free(&back);
        stylize_image_free(&file);
        stylize_image_free(&card);
    }
}
#endif

static void avif_round_trip(void **state)
{
    static const stylize_format formats[] = {STYLIZE_FORMAT_RGB8, STYLIZE_FORMAT_RGBA8, STYLIZE_FORMAT_GRAY8};
    if (!strstr(stz_formats_list(), "avif"))
        skip();
    size_t whole = 0;
    for (size_t i = 0; i < STZ_LEN(formats); i++) {
        stylize_image card = card_image(formats[i]);
        stylize_image file = encode(&card, STYLIZE_FORMAT_AVIF, 95), back = decode_image(&file);
        if (formats[i] != STYLIZE_FORMAT_GRAY8)
            assert_card("avif", &back, 3, 24);
        else
            assert_true(abs(pixel_at(&back, 20, 20)[0] - card_grey(20, 20)) <= 6);
        assert_int_equal(back.format == STYLIZE_FORMAT_RGBA8, formats[i] == STYLIZE_FORMAT_RGBA8);
        stylize_image small = encode(&card, STYLIZE_FORMAT_AVIF, 20);
        assert_true(small.size < file.size);
        whole = file.size;
        stylize_image_free(&small);
        stylize_image_free(&back);
        stylize_image_free(&file);
        stylize_image_free(&card);
    }
    stylize_image card = card_image(STYLIZE_FORMAT_GRAY8); /* 0 is the default, which is below 95 */
    stylize_image file = encode(&card, STYLIZE_FORMAT_AVIF, 0);
    assert_true(file.size <= whole);
    stylize_image_free(&file);
    stylize_image_free(&card);
}

/* Rows with space behind them, read where they are. */
static void honours_the_stride(void **state)
{
    stylize_image card = card_image(STYLIZE_FORMAT_RGB8), wide = card;
    uint8_t *pixels = malloc(200 * CARD_H);
    assert_non_null(pixels);
    memset(pixels, 0xcd, 200 * CARD_H);
    for (int y = 0; y < CARD_H; y++)
        memcpy(pixels + y * 200, card.pixels + y * card.stride, CARD_W * 3);
    wide.pixels = pixels;
    wide.stride = 200;
    wide.size = 0;
    for (int f = STYLIZE_FORMAT_JPEG; f <= STYLIZE_FORMAT_PNG; f++) {
        stylize_image a = encode(&card, (stylize_format)f, 0), b = encode(&wide, (stylize_format)f, 0);
        assert_int_equal(a.size, b.size);
        assert_memory_equal(a.pixels, b.pixels, a.size);
        stylize_image_free(&a);
        stylize_image_free(&b);
    }
    free(pixels);
    stylize_image_free(&card);
}

static void one_pixel(void **state)
{
    uint8_t pixel[4] = {10, 200, 90, 255};
    stylize_image in = {.pixels = pixel, .width = 1, .height = 1, .format = STYLIZE_FORMAT_RGBA8};
    for (int f = STYLIZE_FORMAT_JPEG; f <= STYLIZE_FORMAT_PNG; f++) {
        stylize_image file = encode(&in, (stylize_format)f, 0), back = decode_image(&file);
        assert_true(back.width == 1 && back.height == 1 && abs(back.pixels[1] - 200) < 6);
        stylize_image_free(&back);
        stylize_image_free(&file);
    }
}

/* Noise does not compress: the output outgrows its first buffer. */
static void grows(void **state)
{
    stylize_image in;
    uint32_t random = 1;
    assert_int_equal(stz_image_alloc(test_pool, 700, 500, STYLIZE_FORMAT_RGB8, &in, NULL), STYLIZE_OK);
    for (size_t i = 0; i < in.size; i++)
        in.pixels[i] = (uint8_t)((random = random * 1664525u + 1013904223u) >> 24);
    for (int f = STYLIZE_FORMAT_JPEG; f <= STYLIZE_FORMAT_PNG; f++) {
        stylize_image file = encode(&in, (stylize_format)f, 100), back = decode_image(&file);
        assert_true(file.size > in.size / 2 + 20000);
        assert_near("noise", &back, &in, f == STYLIZE_FORMAT_PNG ? 0 : 1, f == STYLIZE_FORMAT_PNG ? 0 : 8);
        stylize_image_free(&back);
        stylize_image_free(&file);
    }
    stylize_image_free(&in);
}

static void steady_state_allocates_nothing(void **state)
{
    stylize_image card = card_image(STYLIZE_FORMAT_RGBA8);
    uint64_t allocs[4];
    for (int round = 0; round < 4; round++) {
        for (int f = STYLIZE_FORMAT_JPEG; f <= STYLIZE_FORMAT_PNG; f++) {
            stylize_image file = encode(&card, (stylize_format)f, 0), back = decode_image(&file);
            stylize_image_free(&back);
            stylize_image_free(&file);
        }
        stz_pool_stats stats;
        stz_pool_get_stats(test_pool, STZ_MEM_PURPOSES, &stats);
        allocs[round] = stats.allocs;
    }
    assert_int_equal(allocs[1], allocs[3]);
    stylize_image_free(&card);
}

static void refused(const stylize_image *in, stylize_format format, int quality, const char *text)
{
    stylize_image out = {0};
    stylize_error err = {0};
    assert_int_equal(stz_codec_encode(in, format, quality, NULL, test_pool, &out, &err), STYLIZE_ERR_INVALID);
    if (!strstr(err.message, text))
        fail_msg("\"%s\" is not in \"%s\"", text, err.message);
    assert_null(out.pixels);
}

static void refuses(void **state)
{
    stylize_image card = card_image(STYLIZE_FORMAT_RGB8), bad = card;
    refused(NULL, STYLIZE_FORMAT_PNG, 0, "missing");
    refused(&card, STYLIZE_FORMAT_ENCODED, 0, "format 16");
    refused(&card, STYLIZE_FORMAT_RGB8, 0, "format 1");
    refused(&card, STYLIZE_FORMAT_JPEG, 101, "quality is 101");
    refused(&card, STYLIZE_FORMAT_JPEG, -1, "quality is -1");
    bad.format = STYLIZE_FORMAT_PNG;
    refused(&bad, STYLIZE_FORMAT_JPEG, 0, "encoded already");
    uint8_t *row = calloc(65501, 1);
    stylize_image wide = {.pixels = row, .width = 65501, .height = 1, .format = STYLIZE_FORMAT_GRAY8};
    refused(&wide, STYLIZE_FORMAT_JPEG, 0, "65500 a side");
#ifdef STZ_HAVE_WEBP
    refused(&wide, STYLIZE_FORMAT_WEBP, 0, "16383 a side");
#endif
    free(row);
    stylize_image_free(&card);
}

/* Segments of a JPEG, chunks of the others: only those that a picture needs. */
static void writes_no_metadata(void **state)
{
    stylize_image card = card_image(STYLIZE_FORMAT_RGB8);
    stylize_image jpeg = encode(&card, STYLIZE_FORMAT_JPEG, 0), png = encode(&card, STYLIZE_FORMAT_PNG, 0);
    for (size_t at = 2; jpeg.pixels[at + 1] != 0xda;) {
        int marker = jpeg.pixels[at + 1];
        size_t length = (size_t)jpeg.pixels[at + 2] << 8 | jpeg.pixels[at + 3];
        assert_true(marker == 0xe0 || marker == 0xdb || marker == 0xc0 || marker == 0xc4);
        assert_true(marker != 0xe0 || length == 16); /* JFIF without a thumbnail */
        at += 2 + length;
    }
    for (size_t at = 8; at < png.size;) {
        const uint8_t *p = png.pixels + at;
        assert_true(!memcmp(p + 4, "IHDR", 4) || !memcmp(p + 4, "IDAT", 4) || !memcmp(p + 4, "IEND", 4));
        at += 12 + ((size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3]);
    }
    stylize_image_free(&jpeg);
    stylize_image_free(&png);
#ifdef STZ_HAVE_WEBP
    stylize_image webp = encode(&card, STYLIZE_FORMAT_WEBP, 0);
    assert_memory_equal(webp.pixels + 12, "VP8 ", 4);
    stylize_image_free(&webp);
#endif
    stylize_image_free(&card);
}

/* What exiftool knows about the files, if it is here: nothing beyond size and kind. */
static void exiftool_finds_nothing(void **state)
{
    if (system("exiftool -ver >/dev/null 2>&1"))
        skip();
    stylize_image card = card_image(STYLIZE_FORMAT_RGB8);
    for (int f = STYLIZE_FORMAT_JPEG; f <= STYLIZE_FORMAT_PNG; f++) {
        char path[] = "/tmp/stylize-test-XXXXXX", command[256];
        close(mkstemp(path));
        stylize_image file = encode(&card, (stylize_format)f, 0);
        assert_int_equal(stz_file_save(path, file.pixels, file.size, NULL), STYLIZE_OK);
        snprintf(
            command, sizeof command,
            "exiftool -a -G1 -s -EXIF:all -XMP:all -IPTC:all -ICC_Profile:all -Comment -ThumbnailImage %s",
            path);
        FILE *p = popen(command, "r");
        char text[200];
        assert_non_null(p);
        assert_null(fgets(text, sizeof text, p));
        pclose(p);
        unlink(path);
        stylize_image_free(&file);
    }
    stylize_image_free(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_round_trip),
        cmocka_unit_test(grey_stays_grey),
        cmocka_unit_test(jpeg_round_trip),
        cmocka_unit_test(jpeg_lays_alpha_on_white),
#ifdef STZ_HAVE_WEBP
        cmocka_unit_test(webp_round_trip),
#endif
        cmocka_unit_test(avif_round_trip),
        cmocka_unit_test(honours_the_stride),
        cmocka_unit_test(one_pixel),
        cmocka_unit_test(grows),
        cmocka_unit_test(steady_state_allocates_nothing),
        cmocka_unit_test(refuses),
        cmocka_unit_test(writes_no_metadata),
        cmocka_unit_test(exiftool_finds_nothing),
    };
    return cmocka_run_group_tests(tests, test_pool_create, test_pool_end);
}
