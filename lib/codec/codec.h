/*
 * Encoded pictures: sniffing, decoding, encoding.
 * Each format is a pair of files, jpeg.c and jpeg_encode.c and so on; a format that is not in the
 * build still sniffs and then answers UNSUPPORTED.
 */
#ifndef STZ_CODEC_H
#define STZ_CODEC_H

#include "base/mem.h"
#include "codec/limits.h"
#include "codec/metadata.h"
#include "codec/names.h"
#include "codec/sniff.h"
#include "image/image.h"

/* Header only. LIMIT if the size is above a limit; *info is filled then too. */
stylize_status stz_codec_probe(const uint8_t *data, size_t size, const stz_limits *limits,
                               stylize_image_info *info, stylize_error *err);

/* Upright, sRGB, RGB8 or (if there is alpha) RGBA8. hint may be NULL. */
stylize_status stz_codec_decode(const uint8_t *data, size_t size, const stz_limits *limits,
                                const stz_decode_hint *hint, stz_pool *pool, stylize_image *out,
                                stylize_error *err);

/* format: JPEG, PNG, WEBP, TIFF or AVIF; quality 1 to 100 or 0 for the default. metadata: NULL, or what is written with it. Its
 * profile says how the pixels are to be read: they must be of it. */
stylize_status stz_codec_encode(const stylize_image *in, stylize_format format, int quality,
                                const stz_metadata *metadata, stz_pool *pool, stylize_image *out,
                                stylize_error *err);

/* Turns pixels of sRGB, in place, into those of the profile of the metadata; drops it where that cannot be done. */
void stz_codec_to_profile(const stylize_image *image, stz_metadata *metadata);

#endif
