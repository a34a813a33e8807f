/*
 * Encoded pictures: sniffing, limits, decoding, encoding, files.
 * Each format is a pair of files, jpeg.c and jpeg_encode.c and so on; a format that is not in the
 * build still sniffs and then answers UNSUPPORTED.
 */
#ifndef STZ_CODEC_H
#define STZ_CODEC_H

#include "base/common.h"
#include "base/mem.h"
#include "image/image.h"

typedef struct stz_limits {
    uint64_t max_bytes;
    uint64_t max_pixels;
    uint32_t max_side;
    uint32_t max_scans;
} stz_limits;

/* JPEG, PNG, WEBP by the first bytes, or NONE. */
stylize_format stz_sniff(const uint8_t *data, size_t size);

/* LIMIT if a picture of this size has too many pixels or too long a side; `what` names it ("content"). */
stylize_status stz_limits_pixels(const stz_limits *limits, const char *what, uint64_t width, uint64_t height,
                                 stylize_error *err);

/* Header only. LIMIT if the size is above a limit; *info is filled then too. */
stylize_status stz_codec_probe(const uint8_t *data, size_t size, const stz_limits *limits,
                               stylize_image_info *info, stylize_error *err);

/* Which smaller versions of the picture will do: a decoder that can scale cheaply (JPEG's DCT) may
 * return one whose sides are both at least these, upright. 0, 0: the full size. */
typedef struct stz_decode_hint {
    uint32_t min_width, min_height;
} stz_decode_hint;

/* Upright, sRGB, RGB8 or (if there is alpha) RGBA8. hint may be NULL. */
stylize_status stz_codec_decode(const uint8_t *data, size_t size, const stz_limits *limits,
                                const stz_decode_hint *hint, stz_pool *pool, stylize_image *out,
                                stylize_error *err);

/* format: JPEG, PNG or WEBP; quality 1 to 100 or 0 for the default. Output without metadata. */
stylize_status stz_codec_encode(const stylize_image *in, stylize_format format, int quality, stz_pool *pool,
                                stylize_image *out, stylize_error *err);

/* A whole file into a pooled buffer, after a look at its size and first bytes. */
stylize_status stz_file_load(const char *path, const stz_limits *limits, stz_pool *pool, stylize_image *out,
                             stylize_error *err);
/* Under a temporary name in the same folder, then renamed; never leaves a partial file. */
stylize_status stz_file_save(const char *path, const void *data, size_t size, stylize_error *err);
/* JPEG, PNG or WEBP by the ending of a file name, or NONE. */
stylize_format stz_format_of_path(const char *path);
/* "jpeg,png,webp": the formats of this build. Static text. */
const char *stz_codec_list(void);

#endif
