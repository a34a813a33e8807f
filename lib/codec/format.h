/*
 * What the formats share inside the codec: the header of a picture, and the calls that each format offers.
 */
#ifndef STZ_FORMAT_H
#define STZ_FORMAT_H

#include "codec/exif_keep.h"
#include "codec/limits.h"
#include "codec/sink.h"
#include "image/image.h"

#define STZ_ICC_MAX (8u << 20) /* bytes of a colour profile; larger ones are ignored */

/* What a file says before its pixels. */
typedef struct stz_header {
    stylize_format format;
    uint32_t width, height; /* as stored, before the orientation */
    int orientation;        /* 1 to 8 */
    bool alpha, icc;
    bool tolerant; /* set by the caller: what is cut short is not an error as long as the size is known */
} stz_header;

/* A picture to decode. The size is known and within the limits. */
typedef struct stz_source {
    const uint8_t *data;
    size_t size;
    stz_header header;
    const stz_limits *limits;
    stz_decode_hint hint; /* upright; 0, 0 if there is none */
} stz_source;

stylize_status stz_jpeg_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err);
stylize_status stz_jpeg_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                               stylize_error *err);
stylize_status stz_jpeg_encode(const stylize_image *in, int quality, const stz_metadata *metadata,
                               stz_sink *sink, stylize_error *err);
/* The colour profile of a JPEG in one piece: *profile points into data, or into *buf (to be
 * released) if it was in several chunks. False if there is none or it is not whole. */
bool stz_jpeg_profile(const uint8_t *data, size_t size, stz_pool *pool, stz_buf **buf,
                      const uint8_t **profile, size_t *profile_size);

/* The EXIF of each format: a TIFF block inside of data. False if there is none. */
bool stz_jpeg_exif(const uint8_t *data, size_t size, const uint8_t **tiff, size_t *tiff_size);
bool stz_png_exif(const uint8_t *data, size_t size, const uint8_t **tiff, size_t *tiff_size);
bool stz_webp_exif(const uint8_t *data, size_t size, const uint8_t **tiff, size_t *tiff_size);
/* Likewise the XMP, and IPTC's datasets, which stand in JPEG and TIFF. *buf as of profiles. */
#define STZ_JPEG_XMP  "http://ns.adobe.com/xap/1.0/" /* with their final 0, before what a segment holds */
#define STZ_JPEG_IPTC "Photoshop 3.0"
bool stz_jpeg_xmp(const uint8_t *data, size_t size, const uint8_t **xmp, size_t *xmp_size);
#define STZ_PNG_XMP "XML:com.adobe.xmp" /* the keyword */
bool stz_png_xmp(const uint8_t *data, size_t size, stz_pool *pool, stz_buf **buf, const uint8_t **xmp,
                 size_t *xmp_size);
bool stz_webp_xmp(const uint8_t *data, size_t size, const uint8_t **xmp, size_t *xmp_size);
bool stz_jpeg_iptc(const uint8_t *data, size_t size, const uint8_t **iptc, size_t *iptc_size);
/* The colour profile of each, as stz_jpeg_profile. */
bool stz_png_profile(const uint8_t *data, size_t size, stz_pool *pool, stz_buf **buf, const uint8_t **profile,
                     size_t *profile_size);
/* The number of a PNG's primaries by its chunk cICP, or 0. */
int stz_png_primaries(const uint8_t *data, size_t size);
bool stz_webp_profile(const uint8_t *data, size_t size, const uint8_t **profile, size_t *profile_size);
/* In memory of the pool, or NULL. */
void stz_tiff_profile(const uint8_t *data, size_t size, stz_pool *pool, stz_buf **icc, size_t *icc_size);
/* All that there is, in memory of the pool. */
void stz_heif_metadata(const uint8_t *data, size_t size, stz_pool *pool, stz_metadata *out);
void stz_jxl_metadata(const uint8_t *data, size_t size, stz_pool *pool, stz_metadata *out);

stylize_status stz_png_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err);
stylize_status stz_png_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                              stylize_error *err);
stylize_status stz_png_encode(const stylize_image *in, const stz_metadata *metadata, stz_sink *sink,
                              stylize_error *err);

stylize_status stz_webp_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err);
stylize_status stz_webp_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                               stylize_error *err);
stylize_status stz_webp_encode(const stylize_image *in, int quality, const stz_metadata *metadata,
                               stz_sink *sink, stylize_error *err);

/* The first directory of a TIFF. */
stylize_status stz_tiff_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err);
stylize_status stz_tiff_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                               stylize_error *err);

stylize_status stz_tiff_encode(const stylize_image *in, const stz_metadata *metadata, stz_sink *sink,
                               stylize_error *err);

/* The first picture of a GIF, where it lies on its canvas. */
stylize_status stz_gif_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err);
stylize_status stz_gif_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                              stylize_error *err);

stylize_status stz_bmp_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err);
stylize_status stz_bmp_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                              stylize_error *err);

stylize_status stz_avif_encode(const stylize_image *in, int quality, const stz_metadata *metadata,
                               stz_sink *sink, stylize_error *err);

stylize_status stz_jxl_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err);
stylize_status stz_jxl_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                              stylize_error *err);

/* AVIF and HEIC. */
stylize_status stz_heif_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err);
stylize_status stz_heif_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                               stylize_error *err);

#endif
