/* What the tests of the codec share: files of data/, the card, files built byte by byte. */
#ifndef CODEC_TEST_H
#define CODEC_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/codec.h"
#include "codec/file.h"

#define CARD_W 48
#define CARD_H 32

extern const stz_limits test_limits; /* the defaults of stylize_options */
extern stz_pool *test_pool;
int test_pool_create(void **state); /* group setup and teardown */
int test_pool_end(void **state);

/* Bytes on the heap, so that a sanitizer sees what is read past their end. */
typedef struct blob {
    uint8_t *data;
    size_t size;
} blob;
blob blob_load(const char *name); /* a file of tests/codec/data */
blob blob_copy(const void *data, size_t size);
void blob_add(blob *b, const void *data, size_t size);
void blob_byte(blob *b, int value);
void blob_free(blob *b);

bool have(stylize_format format); /* whether the build reads it */

/* Decodes, frees nothing; fails the test unless the status is `want`. */
void decode_as(blob b, stylize_status want, stylize_image *out, stylize_error *err);
/* Decodes, must succeed. */
stylize_image decode(blob b);
stylize_image decode_file(const char *name);
/* Must fail with this status, a text that contains `text`, and nothing allocated for good. */
void decode_fails(blob b, stylize_status status, const char *text);
stylize_image_info probe(blob b);

/* The picture of make_data.py. */
void card_pixel(int x, int y, uint8_t rgb[3]);
uint8_t card_alpha(int x);
uint8_t card_grey(int x, int y);
/* Fails unless the picture is the card: mean and largest difference of a channel, alpha exact. */
void assert_card(const char *name, const stylize_image *image, double mean, int most);
/* The same size and format; fails unless mean and largest difference are at most these. */
void assert_near(const char *name, const stylize_image *a, const stylize_image *b, double mean, int most);
stylize_image card_image(stylize_format format);
const uint8_t *pixel_at(const stylize_image *image, int x, int y);

/* What a colour of Display P3 is in sRGB: 0 to 1 where it has it. */
void p3_in_srgb(const uint8_t in[3], double out[3]);

/* PNG: signature, chunks with their checksum, image data compressed from raw scanlines. */
blob png_start(uint32_t width, uint32_t height, int depth, int type, int interlace);
void png_chunk(blob *b, const char *name, const void *data, size_t size);
void png_finish(blob *b, const void *raw, size_t size); /* IDAT and IEND */
/* zlib stream of data; free it */
blob deflated(const void *data, size_t size);

#endif
