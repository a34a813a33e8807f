/*
 * What the formats share inside the codec: the header of a picture, the calls that each format
 * offers, the sink that encoders write to and the place that decoded rows go to.
 */
#ifndef STZ_FORMAT_H
#define STZ_FORMAT_H

#include "codec/codec.h"

#define STZ_ICC_MAX (8u << 20) /* bytes of a colour profile; larger ones are ignored */

/* What a file says before its pixels. */
typedef struct stz_header {
    uint32_t width, height; /* as stored, before the orientation */
    int orientation;        /* 1 to 8 */
    bool alpha, icc;
} stz_header;

/* A picture to decode. The size is known and within the limits. */
typedef struct stz_source {
    const uint8_t *data;
    size_t size;
    stz_header header;
    const stz_limits *limits;
    stz_decode_hint hint; /* upright; 0, 0 if there is none */
} stz_source;

/* FORMAT or LIMIT: "picture is WxH; at most ..." */
stylize_status stz_limits_check(const stz_limits *limits, uint64_t width, uint64_t height,
                                stylize_error *err);

/* Growing pooled memory for an encoded picture. */
typedef struct stz_sink {
    stz_pool *pool;
    stz_buf *buf;
    size_t used;
} stz_sink;
bool stz_sink_init(stz_sink *sink, stz_pool *pool, size_t guess);
/* Makes room for `more` bytes behind `used`; false if there is no memory, the sink stays as it was. */
bool stz_sink_reserve(stz_sink *sink, size_t more);
bool stz_sink_write(stz_sink *sink, const void *data, size_t size);
void stz_sink_free(stz_sink *sink);

/*
 * Takes stored rows from top to bottom and puts them upright into a picture. Rows whose direction
 * stays are decoded in place; those that become columns pass through a strip of a few rows.
 */
typedef struct stz_rows {
    stylize_image *out;
    stz_buf *strip; /* orientations 5 to 8 */
    uint32_t width, height, y;
    int orientation, bpp;
} stz_rows;
/* Allocates out (upright) for width x height stored pixels, and the strip. */
stylize_status stz_rows_init(stz_rows *rows, stz_pool *pool, uint32_t width, uint32_t height, int orientation,
                             stylize_format format, stylize_image *out, stylize_error *err);
uint8_t *stz_rows_next(stz_rows *rows); /* where the next stored row is to be written */
void stz_rows_done(stz_rows *rows);     /* that row is complete */
void stz_rows_free(stz_rows *rows);     /* the strip; not the picture */
/* Takes all rows of a decoded picture of the same format. */
void stz_rows_put(stz_rows *rows, const uint8_t *pixels, ptrdiff_t stride);

stylize_status stz_jpeg_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err);
stylize_status stz_jpeg_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                               stylize_error *err);
stylize_status stz_jpeg_encode(const stylize_image *in, int quality, stz_sink *sink, stylize_error *err);
/* The colour profile of a JPEG in one piece: *profile points into data, or into *buf (to be
 * released) if it was in several chunks. False if there is none or it is not whole. */
bool stz_jpeg_profile(const uint8_t *data, size_t size, stz_pool *pool, stz_buf **buf,
                      const uint8_t **profile, size_t *profile_size);

stylize_status stz_png_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err);
stylize_status stz_png_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                              stylize_error *err);
stylize_status stz_png_encode(const stylize_image *in, stz_sink *sink, stylize_error *err);

stylize_status stz_webp_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err);
stylize_status stz_webp_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                               stylize_error *err);
stylize_status stz_webp_encode(const stylize_image *in, int quality, stz_sink *sink, stylize_error *err);

#endif
