/* Pictures of 16 bits a channel: to and from 8, on white, blended. Samples are in the machine's byte order. */
#ifndef STZ_DEEP_H
#define STZ_DEEP_H

#include "image/image.h"

static inline bool stz_is_deep(stylize_format f)
{
    return f == STYLIZE_FORMAT_RGB16 || f == STYLIZE_FORMAT_RGBA16;
}

/* A picture of the other depth, in new memory: RGB8 and GRAY8 become RGB16, RGBA8 RGBA16, and back. */
stylize_status stz_widen(const stylize_image *in, stz_pool *pool, stylize_image *out, stylize_error *err);
stylize_status stz_narrow(const stylize_image *in, stz_pool *pool, stylize_image *out, stylize_error *err);

/* Samples of 0 to 1 of the part at (x, y) of a picture of 16 bits, w x h pixels, three a pixel; what lies right of or below
 * the picture is its mirror image, and pixels of alpha 0 are white, as stz_extract has it. */
void stz_extract_deep(const stylize_image *in, int x, int y, int w, int h, float *to);
/* The other way: w x h of `from`, which has `stride` pixels a row, to (x, y) of RGB16. What is out of range is cut. */
void stz_place_deep(const float *from, int stride, const stylize_image *to, int x, int y, int w, int h);

/* As stz_blend_rgb, for RGB16 or RGBA16 content and an RGB16 painting of its size. */
void stz_blend_deep(const stylize_image *content, const stylize_image *painted, float strength,
                    float preserve_color);

#endif
