#include "image/deep.h"

#include <string.h>

static unsigned to_8(unsigned v) { return (v * 255 + 32767) / 65535; }

static stylize_format other_of(stylize_format f)
{
    switch (f) {
    case STYLIZE_FORMAT_RGB16:
        return STYLIZE_FORMAT_RGB8;
    case STYLIZE_FORMAT_RGBA16:
        return STYLIZE_FORMAT_RGBA8;
    case STYLIZE_FORMAT_RGBA8:
        return STYLIZE_FORMAT_RGBA16;
    default:
        return STYLIZE_FORMAT_RGB16;
    }
}

stylize_status stz_widen(const stylize_image *in, stz_pool *pool, stylize_image *out, stylize_error *err)
{
    const stylize_status status =
        stz_image_alloc(pool, in->width, in->height, other_of(in->format), out, err);
    if (status != STYLIZE_OK)
        return status;
    const uint32_t repeat = in->format == STYLIZE_FORMAT_GRAY8 ? 3 : 1;
    const size_t n = (size_t)in->width * (size_t)stz_bytes_per_pixel(in->format);
    for (uint32_t y = 0; y < in->height; y++) {
        const uint8_t *from = in->pixels + y * in->stride;
        uint16_t *to = (uint16_t *)(void *)(out->pixels + y * out->stride);
        for (size_t i = 0; i < n; i++)
            for (uint32_t k = 0; k < repeat; k++)
                *to++ = (uint16_t)(from[i] * 257u);
    }
    return STYLIZE_OK;
}

stylize_status stz_narrow(const stylize_image *in, stz_pool *pool, stylize_image *out, stylize_error *err)
{
    const stylize_status status =
        stz_image_alloc(pool, in->width, in->height, other_of(in->format), out, err);
    if (status != STYLIZE_OK)
        return status;
    const size_t n = (size_t)in->width * (size_t)stz_bytes_per_pixel(out->format);
    for (uint32_t y = 0; y < in->height; y++) {
        const uint8_t *from = in->pixels + y * in->stride;
        uint8_t *to = out->pixels + y * out->stride;
        for (size_t i = 0; i < n; i++) {
            uint16_t v;
            memcpy(&v, from + 2 * i, 2); /* of a caller's, perhaps at an odd address */
            to[i] = (uint8_t)to_8(v);
        }
    }
    return STYLIZE_OK;
}

void stz_extract_deep(const stylize_image *in, int x, int y, int w, int h, float *to)
{
    const int channels = in->format == STYLIZE_FORMAT_RGBA16 ? 4 : 3;
    for (int row = 0; row < h; row++) {
        const uint8_t *from = in->pixels + stz_mirrored(y + row, (int)in->height) * in->stride;
        for (int i = 0; i < w; i++, to += 3) {
            uint16_t p[4] = {0, 0, 0, 65535};
            memcpy(p, from + (ptrdiff_t)stz_mirrored(x + i, (int)in->width) * channels * 2,
                   (size_t)channels * 2);
            for (int c = 0; c < 3; c++)
                to[c] = p[3] ? (float)p[c] * (1 / 65535.0f) : 1;
        }
    }
}

static uint16_t to_16(float v) { return v <= 0 ? 0 : v >= 1 ? 65535 : (uint16_t)(v * 65535.0f + 0.5f); }

void stz_place_deep(const float *from, int stride, const stylize_image *to, int x, int y, int w, int h)
{
    for (int row = 0; row < h; row++, from += (ptrdiff_t)stride * 3) {
        uint16_t *out = (uint16_t *)(void *)(to->pixels + (y + row) * to->stride) + (ptrdiff_t)x * 3;
        for (int i = 0; i < w * 3; i++)
            out[i] = to_16(from[i]);
    }
}

static float luminance(const float *p) { return 0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2]; }

/* The painting's luminance on the content's chroma, as in blend.c. */
static void recolour(const float *content, float *painted, float share)
{
    const float y = luminance(painted), old = luminance(content);
    float d[3], keep = 1;
    for (int c = 0; c < 3; c++) {
        d[c] = content[c] - old;
        if (d[c] > 1e-6f && (1 - y) / d[c] < keep)
            keep = (1 - y) / d[c];
        if (d[c] < -1e-6f && y / -d[c] < keep)
            keep = y / -d[c];
    }
    for (int c = 0; c < 3; c++)
        painted[c] = (1 - share) * painted[c] + share * (y + keep * d[c]);
}

void stz_blend_deep(const stylize_image *content, const stylize_image *painted, float strength,
                    float preserve_color)
{
    const int channels = content->format == STYLIZE_FORMAT_RGBA16 ? 4 : 3;
    if (strength >= 1 && !(preserve_color > 0))
        return;
    for (uint32_t y = 0; y < painted->height; y++) {
        const uint8_t *from = content->pixels + y * content->stride;
        uint16_t *to = (uint16_t *)(void *)(painted->pixels + y * painted->stride);
        for (uint32_t x = 0; x < painted->width; x++, from += channels * 2, to += 3) {
            uint16_t in[3];
            float c[3], p[3];
            memcpy(in, from, sizeof in);
            for (int i = 0; i < 3; i++) {
                c[i] = (float)in[i] * (1 / 65535.0f);
                p[i] = (float)to[i] * (1 / 65535.0f);
            }
            if (preserve_color > 0)
                recolour(c, p, preserve_color);
            for (int i = 0; i < 3; i++)
                to[i] = to_16(c[i] + strength * (p[i] - c[i]));
        }
    }
}
