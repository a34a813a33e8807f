/* Pictures in memory: sizes, pooled allocation, checks, geometry. */
#ifndef STZ_IMAGE_H
#define STZ_IMAGE_H

#include "base/common.h"
#include "base/mem.h"

/* Bytes a pixel; 0 for every encoded or unknown format. */
int stz_bytes_per_pixel(stylize_format format);
static inline bool stz_is_encoded(stylize_format f)
{
    return f >= STYLIZE_FORMAT_ENCODED && f <= STYLIZE_FORMAT_JXL;
}

/* Brightness of an RGB pixel as it is seen (BT.601), 0 to 255. */
static inline int stz_luma(const uint8_t *rgb)
{
    return (77 * rgb[0] + 150 * rgb[1] + 29 * rgb[2] + 128) >> 8;
}

/* i of 0 or more, mirrored into 0 .. n - 1. */
static inline int stz_mirrored(int i, int n)
{
    if (n == 1)
        return 0;
    const int period = 2 * (n - 1);
    i %= period;
    return i < n ? i : period - i;
}

/* A pooled picture of tightly packed rows; pixels undefined. stylize_image_free releases it. */
stylize_status stz_image_alloc(stz_pool *pool, uint32_t width, uint32_t height, stylize_format format,
                               stylize_image *out, stylize_error *err);
/* Hands a pooled buffer over to an encoded picture of `size` bytes. */
void stz_image_from_buf(stz_buf *buf, size_t size, stylize_format format, stylize_image *out);

/* Where a picture may lie for a function. */
typedef enum stz_places { STZ_IN_HOST, STZ_ANYWHERE } stz_places;

/* Checks a caller's input picture and fills in what may be 0 (stride, size). `what` names it in the
 * error ("content", "style picture"). */
stylize_status stz_image_check(const stylize_image *in, const char *what, stylize_image *out,
                               stylize_error *err);
stylize_status stz_image_check_at(const stylize_image *in, const char *what, stz_places places,
                                  stylize_image *out, stylize_error *err);

typedef struct stz_rect {
    uint32_t x, y, width, height;
} stz_rect;

/* The output size of a request for a content of w x h, and the part of the content that fills it. */
typedef struct stz_fit {
    uint32_t width, height; /* output */
    stz_rect source;        /* part of the content, in content pixels */
} stz_fit;
stz_fit stz_fit_longer(uint32_t w, uint32_t h, uint32_t longer); /* 0: as it is */
stz_fit stz_fit_cover(uint32_t w, uint32_t h, uint32_t out_w, uint32_t out_h);

/* Scales the part `source` of `in` (pixels of any format) to width x height with an anti-aliasing
 * filter (Lanczos 3 downwards, Mitchell or better upwards; alpha weighted). A copy if nothing changes. */
stylize_status stz_resize(const stylize_image *in, stz_rect source, uint32_t width, uint32_t height,
                          stz_pool *pool, stylize_image *out, stylize_error *err);

/* The same of all of it. */
static inline stylize_status stz_resize_whole(const stylize_image *in, uint32_t width, uint32_t height,
                                              stz_pool *pool, stylize_image *out, stylize_error *err)
{
    return stz_resize(in, (stz_rect){0, 0, in->width, in->height}, width, height, pool, out, err);
}

/* out = content + strength * (painted - content) for w x h RGB pixels; first the luminance
 * (BT.601) of the painting is put on the content's chroma, as far as preserve_color (0 to 1) says.
 * In place on `painted`. */
void stz_blend_rgb(const uint8_t *content, ptrdiff_t content_stride, int content_bpp, uint8_t *painted,
                   ptrdiff_t painted_stride, int width, int height, float strength, float preserve_color);

#endif
