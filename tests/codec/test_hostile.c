/* Broken and hostile files of every format; each must end in a plain error or in a picture. */
#include <dirent.h>

#include "codec_test.h"

static uint32_t seed = 99;
static uint32_t random32(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8 | seed << 24;
}

/* Decodes under small limits; the text must be there after a failure, the picture after success. */
static void try_bytes(const uint8_t *data, size_t size)
{
    static const stz_limits limits = {
        .max_bytes = 1u << 20, .max_pixels = 1u << 18, .max_side = 2048, .max_scans = 16};
    blob b = blob_copy(data, size);
    stylize_image image = {0};
    stylize_error err = {0};
    stylize_status status = stz_codec_decode(b.data, b.size, &limits, NULL, test_pool, &image, &err);
    if (status == STYLIZE_OK)
        assert_true(image.pixels && image.width && image.height && !err.message[0]);
    else
        assert_true(!image.pixels && err.message[0] && err.status == status);
    stylize_image_free(&image);
    blob_free(&b);
}

static void for_each_file(void (*fn)(blob b))
{
    char path[512];
    snprintf(path, sizeof path, "%s/tests/codec/data", STYLIZE_SOURCE_DIR);
    DIR *d = opendir(path);
    int files = 0;
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.' || !strncmp(e->d_name, "golden", 6)) /* those are large */
            continue;
        blob b = blob_load(e->d_name);
        fn(b);
        blob_free(&b);
        files++;
    }
    closedir(d);
    assert_true(files > 60);
}

static void flip_bits(blob b)
{
    for (int round = 0; round < 40; round++) {
        blob copy = blob_copy(b.data, b.size);
        for (uint32_t n = 1 + random32() % 8; n; n--)
            copy.data[random32() % copy.size] ^= (uint8_t)(1u << random32() % 8);
        try_bytes(copy.data, copy.size);
        blob_free(&copy);
    }
}

static void cut(blob b)
{
    for (size_t n = 0; n < b.size; n += 7)
        try_bytes(b.data, n);
}

static void join_halves(blob b)
{
    static blob last;
    if (last.data) { /* the first half of this, the second of the one before */
        blob mixed = blob_copy(b.data, b.size / 2);
        blob_add(&mixed, last.data + last.size / 2, last.size - last.size / 2);
        try_bytes(mixed.data, mixed.size);
        blob_free(&mixed);
    }
    blob_free(&last);
    last = blob_copy(b.data, b.size);
    static int seen;
    if (++seen > 60)
        blob_free(&last);
}

static void survives_flipped_bits(void **state) { for_each_file(flip_bits); }
static void survives_cuts(void **state) { for_each_file(cut); }
static void survives_joined_halves(void **state) { for_each_file(join_halves); }

static void refuses_other_files(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } files[] = {{"", 0},
                 {"\xff\xd8", 2},
                 {"GIF88a", 6},
                 {"BM", 2},
                 {"\x89PNG\r\n\x1a", 7},
                 {"RIFF1234WAVE", 12},
                 {"RIFF1234WEB", 11},
                 {"\0\0\0\0\0\0\0\0", 8},
                 {"<svg/>", 6},
                 {"%PDF-1.4", 8}};
    for (size_t i = 0; i < STZ_LEN(files); i++) {
        blob b = blob_copy(files[i].bytes, files[i].size);
        assert_int_equal(stz_sniff(b.data, b.size), STYLIZE_FORMAT_NONE);
        decode_fails(b, STYLIZE_ERR_FORMAT, files[i].size ? "JPEG, PNG" : "empty");
        blob_free(&b);
    }
    decode_fails((blob){NULL, 0}, STYLIZE_ERR_FORMAT, "empty");
}

static void limits_bytes(void **state)
{
    blob b = blob_load("444.jpg");
    stz_limits limits = test_limits;
    stylize_image image = {0};
    stylize_error err = {0};
    limits.max_bytes = b.size - 1;
    assert_int_equal(stz_codec_decode(b.data, b.size, &limits, NULL, test_pool, &image, &err),
                     STYLIZE_ERR_LIMIT);
    assert_non_null(strstr(err.message, "bytes"));
    limits.max_bytes = b.size;
    assert_int_equal(stz_codec_decode(b.data, b.size, &limits, NULL, test_pool, &image, NULL), STYLIZE_OK);
    stylize_image_free(&image);
    blob_free(&b);
}

static void limits_pixels_at_the_border(void **state)
{
    static const char *const names[] = {"444.jpg", "rgb8.png", "lossless.webp", "orient6.jpg", "orient6.png"};
    for (size_t i = 0; i < STZ_LEN(names); i++) {
        if (strstr(names[i], "webp") && !strstr(stz_formats_list(), "webp"))
            continue;
        blob b = blob_load(names[i]);
        stz_limits limits = {
            .max_bytes = b.size, .max_pixels = CARD_W * CARD_H, .max_side = CARD_W, .max_scans = 1};
        stylize_image image = {0};
        stylize_image_info info = {.struct_size = sizeof info};
        assert_int_equal(stz_codec_decode(b.data, b.size, &limits, NULL, test_pool, &image, NULL),
                         STYLIZE_OK);
        stylize_image_free(&image);
        limits.max_pixels--;
        assert_int_equal(stz_codec_decode(b.data, b.size, &limits, NULL, test_pool, &image, NULL),
                         STYLIZE_ERR_LIMIT);
        limits.max_pixels++;
        limits.max_side--;
        assert_int_equal(stz_codec_decode(b.data, b.size, &limits, NULL, test_pool, &image, NULL),
                         STYLIZE_ERR_LIMIT);
        assert_int_equal(stz_codec_probe(b.data, b.size, &limits, &info, NULL), STYLIZE_ERR_LIMIT);
        assert_int_equal(info.width, CARD_W); /* filled all the same */
        assert_int_equal(info.height, CARD_H);
        blob_free(&b);
    }
}

/* Pixels are not asked for before the header was judged: no buffer of the pool is touched. */
static void judges_before_it_allocates(void **state)
{
    blob b = blob_load("progressive.jpg");
    uint8_t *sof = memmem(b.data, b.size, "\xff\xc2", 2);
    assert_non_null(sof);
    memset(sof + 5, 0xff, 4); /* 65535 x 65535 */
    stz_pool *pool = stz_pool_create(0);
    stz_pool_stats stats;
    stylize_image image = {0};
    stylize_error err = {0};
    assert_int_equal(stz_codec_decode(b.data, b.size, &test_limits, NULL, pool, &image, &err),
                     STYLIZE_ERR_LIMIT);
    assert_string_equal(err.message,
                        "picture is 65535x65535; at most 50000000 pixels and 16384 a side are allowed");
    stz_pool_get_stats(pool, STZ_MEM_PURPOSES, &stats);
    assert_int_equal(stats.allocs, 0);
    stz_pool_end(pool);
    memset(sof + 5, 0, 4);
    decode_fails(b, STYLIZE_ERR_FORMAT, "0x0");
    blob_free(&b);
}

/* A second frame header must not smuggle a larger size past the check of the first. */
static void believes_no_second_header(void **state)
{
    blob b = blob_load("444.jpg"), twice = blob_copy(b.data, 2);
    uint8_t *sof = memmem(b.data, b.size, "\xff\xc0", 2);
    size_t length = 2 + ((size_t)sof[2] << 8 | sof[3]);
    blob_add(&twice, sof, length);
    memcpy(twice.data + 2 + 5, "\0\x08\0\x08", 4); /* 8 x 8 first */
    memset(sof + 5, 0xff, 4);                      /* then 65535 x 65535 */
    blob_add(&twice, b.data + 2, b.size - 2);
    stylize_image image;
    stylize_error err;
    decode_as(twice, STYLIZE_ERR_FORMAT, &image, &err);
    blob_free(&twice);
    blob_free(&b);
}

static blob exif_jpeg(const uint8_t *tiff, size_t size)
{
    blob plain = blob_load("444.jpg"), b = blob_copy(plain.data, 2);
    size_t length = 2 + 6 + size;
    const uint8_t head[10] = {0xff, 0xe1, (uint8_t)(length >> 8), (uint8_t)length, 'E', 'x', 'i', 'f', 0, 0};
    blob_add(&b, head, sizeof head);
    blob_add(&b, tiff, size);
    blob_add(&b, plain.data + 2, plain.size - 2);
    blob_free(&plain);
    return b;
}

static void reads_exif_strictly(void **state)
{
#define ENTRY "\x12\x01\x03\0\1\0\0\0\6\0\0\0"
    static const struct {
        const char *tiff;
        size_t size;
        uint32_t orientation;
    } cases[] = {
        {"II*\0\x08\0\0\0\1\0" ENTRY, 22, 6},
        {"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\x08\0\0", 22, 8},
        {"II*\0\x08\0\0\0\xff\xff" ENTRY, 22, 6},   /* more entries announced than there are */
        {"II*\0\x09\0\0\0\1\0" ENTRY, 22, 1},       /* the directory elsewhere: nothing there */
        {"II*\0\xf0\xff\xff\xff\1\0" ENTRY, 22, 1}, /* far outside */
        {"II*\0\0\0\0\0\1\0" ENTRY, 22, 1},         /* inside the header */
        {"IM*\0\x08\0\0\0\1\0" ENTRY, 22, 1},       /* neither byte order */
        {"II+\0\x08\0\0\0\1\0" ENTRY, 22, 1},       /* not TIFF */
        {"II*\0\x08\0\0\0\1\0\x12\x01\3\0\1\0\0\0\x09\0\0\0", 22, 1}, /* 9 */
        {"II*\0\x08\0\0\0\1\0\x12\x01\3\0\1\0\0\0\0\0\0\0", 22, 1},   /* 0 */
        {"II*\0\x08\0\0\0\1\0\x12\x01\4\0\1\0\0\0\6\0\0\0", 22, 1},   /* another type */
        {"II*\0\x08\0\0\0\1\0\x12\x01\3\0\2\0\0\0\6\0\0\0", 22, 1},   /* two values */
        {"II*\0\x08\0\0\0\1\0" ENTRY, 21, 1},                         /* cut short */
        {"II*\0\x08\0\0\0\1", 9, 1},
        {"II*\0\x08\0\0\0", 8, 1},
        {"II*\0", 4, 1},
        {"", 0, 1},
    };
    for (size_t i = 0; i < STZ_LEN(cases); i++) {
        blob b = exif_jpeg((const uint8_t *)cases[i].tiff, cases[i].size);
        if (probe(b).orientation != cases[i].orientation)
            fail_msg("case %zu: orientation %u, not %u", i, probe(b).orientation, cases[i].orientation);
        stylize_image image = decode(b);
        assert_int_equal(image.width, cases[i].orientation >= 5 ? CARD_H : CARD_W);
        stylize_image_free(&image);
        blob_free(&b);
    }
}

/* What is no picture for us is called by its name, where it has one. */
static void names_other_formats(void **state)
{
#define FILE_OF(text, name)                                                                                  \
    {                                                                                                        \
        text "                                ", name                                                        \
    }
    static const struct {
        const char *data, *name;
    } files[] = {
        FILE_OF("\0\0\0\x20"
                "ftypisom",
                "is a video (MP4),"),
        FILE_OF("8BPS", "is PSD,"),
        FILE_OF("%PDF-1.4", "is PDF,"),
        FILE_OF("<svg xmlns", "is SVG,"),
        FILE_OF("P6\n8 8", "is PNM,"),
        FILE_OF("BMW is a maker of cars", "is no picture of a known format; JPEG, PNG"),
        FILE_OF("GIF is a format", "is no picture of a known format"),
        FILE_OF("hello", "is no picture of a known format"),
    };
    for (size_t i = 0; i < STZ_LEN(files); i++) {
        stylize_image image;
        stylize_error err;
        for (size_t size = 0; size <= 32; size++) /* the first bytes of any length */
            assert_int_not_equal(stz_codec_decode((const uint8_t *)files[i].data, size, &test_limits, NULL,
                                                  test_pool, &image, &err),
                                 STYLIZE_OK);
        assert_int_equal(err.status, STYLIZE_ERR_FORMAT);
        assert_non_null(strstr(err.message, files[i].name));
    }
}

static void sniffs_every_format(void **state)
{
    static const struct {
        const char *data;
        stylize_format format;
    } files[] = {
        {"II*\0                            ", STYLIZE_FORMAT_TIFF},
        {"MM\0*                            ", STYLIZE_FORMAT_TIFF},
        {"MM\0+                            ", STYLIZE_FORMAT_TIFF},
        {"GIF87a                          ", STYLIZE_FORMAT_GIF},
        {"BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0            ", STYLIZE_FORMAT_BMP},
        {"\xff\x0a                              ", STYLIZE_FORMAT_JXL},
        {"\0\0\0\x0cJXL \r\n\x87\n                    ", STYLIZE_FORMAT_JXL},
        {"\0\0\0\x1c"
         "ftypheic\0\0\0\0                ",
         STYLIZE_FORMAT_HEIC},
        {"\0\0\0\x20"
         "ftypavif\0\0\0\0                ",
         STYLIZE_FORMAT_AVIF},
        {"\0\0\0\x1c"
         "ftypmif1\0\0\0\0heic            ",
         STYLIZE_FORMAT_HEIC},
        {"\0\0\0\x1c"
         "ftypmif1\0\0\0\0mif1avif        ",
         STYLIZE_FORMAT_AVIF},
        {"\0\0\0\x14"
         "ftypmif1\0\0\0\0heicavif        ",
         STYLIZE_FORMAT_HEIC}, /* behind the end of the box */
    };
    for (size_t i = 0; i < STZ_LEN(files); i++) {
        assert_int_equal(stz_sniff((const uint8_t *)files[i].data, 32), files[i].format);
        for (size_t size = 0; size < 32;
             size++) { /* the first bytes of any length, with nothing behind them */
            blob part = blob_copy(files[i].data, size);
            stylize_image image;
            stylize_error err;
            assert_int_not_equal(
                stz_codec_decode(part.data, size, &test_limits, NULL, test_pool, &image, &err), STYLIZE_OK);
            blob_free(&part);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_other_formats),
        cmocka_unit_test(sniffs_every_format),
        cmocka_unit_test(survives_flipped_bits),
        cmocka_unit_test(survives_cuts),
        cmocka_unit_test(survives_joined_halves),
        cmocka_unit_test(refuses_other_files),
        cmocka_unit_test(limits_bytes),
        cmocka_unit_test(limits_pixels_at_the_border),
        cmocka_unit_test(judges_before_it_allocates),
        cmocka_unit_test(believes_no_second_header),
        cmocka_unit_test(reads_exif_strictly),
    };
    return cmocka_run_group_tests(tests, test_pool_create, test_pool_end);
}
