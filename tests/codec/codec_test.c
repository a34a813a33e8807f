#include "codec_test.h"

#include <math.h>

#include <zlib.h>

const stz_limits test_limits = {
    .max_bytes = 32u << 20, .max_pixels = 50000000, .max_side = 16384, .max_scans = 64};
stz_pool *test_pool;

int test_pool_create(void **state)
{
    test_pool = stz_pool_create(64u << 20);
    return test_pool ? 0 : -1;
}

int test_pool_end(void **state)
{
    stz_pool_end(test_pool);
    return 0;
}

blob blob_copy(const void *data, size_t size)
{
    blob b = {malloc(size ? size : 1), size};
    assert_non_null(b.data);
    if (size)
        memcpy(b.data, data, size);
    return b;
}

blob blob_load(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/tests/codec/data/%s", STYLIZE_SOURCE_DIR, name);
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("%s is missing", path);
    uint8_t bytes[65536];
    blob b = blob_copy(NULL, 0);
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, f)) > 0;)
        blob_add(&b, bytes, n);
    fclose(f);
    return b;
}

void blob_add(blob *b, const void *data, size_t size)
{
    b->data = realloc(b->data, b->size + size + 1);
    assert_non_null(b->data);
    if (size)
        memcpy(b->data + b->size, data, size);
    b->size += size;
}

void blob_byte(blob *b, int value)
{
    uint8_t byte = (uint8_t)value;
    blob_add(b, &byte, 1);
}

void blob_free(blob *b)
{
    free(b->data);
    *b = (blob){0};
}

bool have(stylize_format format)
{
    uint32_t bits = 0;
    assert_int_equal(stz_formats_read(stz_formats_list(), &bits, NULL), STYLIZE_OK);
    return bits & stz_format_bit(format);
}

void decode_as(blob b, stylize_status want, stylize_image *out, stylize_error *err)
{
    *out = (stylize_image){0};
    *err = (stylize_error){0};
    stylize_status status = stz_codec_decode(b.data, b.size, &test_limits, NULL, test_pool, out, err);
    if (status != want)
        fail_msg("status %d (%s), not %d", (int)status, err->message, (int)want);
}

stylize_image decode(blob b)
{
    stylize_image image;
    stylize_error err;
    decode_as(b, STYLIZE_OK, &image, &err);
    assert_int_equal(err.message[0], 0);
    return image;
}

stylize_image decode_file(const char *name)
{
    blob b = blob_load(name);
    stylize_image image = {0};
    stylize_error err = {0};
    if (stz_codec_decode(b.data, b.size, &test_limits, NULL, test_pool, &image, &err) != STYLIZE_OK)
        fail_msg("%s: %s", name, err.message);
    blob_free(&b);
    return image;
}

static void assert_nothing_out(void)
{
    stz_pool_stats stats;
    stz_pool_trim(test_pool);
    stz_pool_get_stats(test_pool, STZ_MEM_PURPOSES, &stats);
    assert_int_equal(stats.bytes, 0);
}

void decode_fails(blob b, stylize_status status, const char *text)
{
    stylize_image image;
    stylize_error err;
    decode_as(b, status, &image, &err);
    assert_int_equal(err.status, status);
    if (!strstr(err.message, text))
        fail_msg("\"%s\" is not in \"%s\"", text, err.message);
    assert_null(image.pixels);
    assert_nothing_out();
}

stylize_image_info probe(blob b)
{
    stylize_image_info info = {.struct_size = sizeof info};
    stylize_error err = {0};
    if (stz_codec_probe(b.data, b.size, &test_limits, &info, &err) != STYLIZE_OK)
        fail_msg("%s", err.message);
    return info;
}

void card_pixel(int x, int y, uint8_t rgb[3])
{
    rgb[0] = (uint8_t)(40 + 4 * x);
    rgb[1] = (uint8_t)(30 + 6 * y);
    rgb[2] = (uint8_t)(200 - 2 * x - y);
}

uint8_t card_alpha(int x) { return (uint8_t)(255 - 5 * x); }
uint8_t card_grey(int x, int y) { return (uint8_t)(20 + 3 * x + 2 * y); }

stylize_image card_image(stylize_format format)
{
    stylize_image image;
    assert_int_equal(stz_image_alloc(test_pool, CARD_W, CARD_H, format, &image, NULL), STYLIZE_OK);
    uint8_t *p = image.pixels;
    for (int y = 0; y < CARD_H; y++)
        for (int x = 0; x < CARD_W; x++) {
            if (format == STYLIZE_FORMAT_GRAY8) {
                *p++ = card_grey(x, y);
                continue;
            }
            card_pixel(x, y, p);
            p += 3;
            if (format == STYLIZE_FORMAT_RGBA8)
                *p++ = card_alpha(x);
        }
    return image;
}

const uint8_t *pixel_at(const stylize_image *image, int x, int y)
{
    return image->pixels + y * image->stride + (ptrdiff_t)x * stz_bytes_per_pixel(image->format);
}

void assert_near(const char *name, const stylize_image *a, const stylize_image *b, double mean, int most)
{
    if (a->width != b->width || a->height != b->height || a->format != b->format)
        fail_msg("%s: %ux%u format %d, not %ux%u format %d", name, a->width, a->height, (int)a->format,
                 b->width, b->height, (int)b->format);
    size_t row = (size_t)a->width * (size_t)stz_bytes_per_pixel(a->format);
    double sum = 0;
    int largest = 0;
    for (uint32_t y = 0; y < a->height; y++)
        for (size_t i = 0; i < row; i++) {
            int d = abs(a->pixels[y * (size_t)a->stride + i] - b->pixels[y * (size_t)b->stride + i]);
            sum += d;
            largest = d > largest ? d : largest;
        }
    sum /= (double)row * a->height;
    if (sum > mean || largest > most)
        fail_msg("%s: mean difference %.3f (at most %.3f), largest %d (at most %d)", name, sum, mean, largest,
                 most);
}

void assert_card(const char *name, const stylize_image *image, double mean, int most)
{
    stylize_image card = card_image(image->format);
    assert_near(name, image, &card, mean, most);
    if (image->format == STYLIZE_FORMAT_RGBA8)
        for (int x = 0; x < CARD_W; x++)
            assert_int_equal(pixel_at(image, x, x % CARD_H)[3], card_alpha(x));
    stylize_image_free(&card);
}

static void add32(blob *b, uint32_t v)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        blob_byte(b, (int)(v >> shift & 255));
}

void png_chunk(blob *b, const char *name, const void *data, size_t size)
{
    add32(b, (uint32_t)size);
    size_t start = b->size;
    blob_add(b, name, 4);
    blob_add(b, data, size);
    add32(b, (uint32_t)crc32(0, b->data + start, (uInt)(b->size - start)));
}

blob png_start(uint32_t width, uint32_t height, int depth, int type, int interlace)
{
    blob b = blob_copy("\x89PNG\r\n\x1a\n", 8), header = blob_copy(NULL, 0);
    add32(&header, width);
    add32(&header, height);
    const uint8_t rest[5] = {(uint8_t)depth, (uint8_t)type, 0, 0, (uint8_t)interlace};
    blob_add(&header, rest, sizeof rest);
    png_chunk(&b, "IHDR", header.data, header.size);
    blob_free(&header);
    return b;
}

blob deflated(const void *data, size_t size)
{
    uLongf bound = compressBound((uLong)size);
    blob b = {malloc(bound), 0};
    assert_non_null(b.data);
    assert_int_equal(compress(b.data, &bound, data, (uLong)size), Z_OK);
    b.size = bound;
    return b;
}

void png_finish(blob *b, const void *raw, size_t size)
{
    blob z = deflated(raw, size);
    png_chunk(b, "IDAT", z.data, z.size);
    png_chunk(b, "IEND", NULL, 0);
    blob_free(&z);
}

static double light(double v) { return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4); }
static double value(double l) { return l <= 0.0031308 ? l * 12.92 : 1.055 * pow(l, 1 / 2.4) - 0.055; }

void p3_in_srgb(const uint8_t in[3], double out[3])
{
    static const double matrix[3][3] = {
        {1.22494, -0.22494, 0}, {-0.04206, 1.04206, 0}, {-0.01964, -0.07864, 1.09828}};
    for (int c = 0; c < 3; c++) {
        double sum = 0;
        for (int k = 0; k < 3; k++)
            sum += matrix[c][k] * light(in[k] / 255.0);
        out[c] = value(sum);
    }
}
