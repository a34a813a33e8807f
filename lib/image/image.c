#include "image/image.h"

#include <string.h>

int stz_bytes_per_pixel(stylize_format format)
{
    switch (format) {
    case STYLIZE_FORMAT_RGB8:
        return 3;
    case STYLIZE_FORMAT_RGBA8:
        return 4;
    case STYLIZE_FORMAT_GRAY8:
        return 1;
    case STYLIZE_FORMAT_RGB16:
        return 6;
    case STYLIZE_FORMAT_RGBA16:
        return 8;
    default:
        return 0;
    }
}

stylize_status stz_image_alloc(stz_pool *pool, uint32_t width, uint32_t height, stylize_format format,
                               stylize_image *out, stylize_error *err)
{
    size_t row, size;
    int bpp = stz_bytes_per_pixel(format);
    if (!bpp || !width || !height)
        return stz_fail(err, STYLIZE_ERR_INVALID, "a picture of %ux%u pixels in format %d cannot be made",
                        width, height, (int)format);
    if (!stz_mul(width, (size_t)bpp, &row) || !stz_mul(row, height, &size) || size > PTRDIFF_MAX)
        return stz_nomem(err, UINT64_MAX);
    stz_buf *buf = stz_pool_get(pool, STZ_MEM_PICTURE, size);
    if (!buf)
        return stz_nomem(err, size);
    *out = (stylize_image){
        .pixels = buf->data,
        .size = size,
        .stride = (ptrdiff_t)row,
        .width = width,
        .height = height,
        .format = format,
        .owner = buf,
    };
    return STYLIZE_OK;
}

void stz_image_from_buf(stz_buf *buf, size_t size, stylize_format format, stylize_image *out)
{
    *out = (stylize_image){.pixels = buf->data, .size = size, .format = format, .owner = buf};
}

void stylize_image_free(stylize_image *image)
{
    if (!image || !image->owner)
        return;
    stz_buf_unref(image->owner);
    memset(image, 0, sizeof *image);
}

static stylize_status check_pixels(const stylize_image *in, const char *what, stylize_image *out,
                                   stylize_error *err)
{
    if (!in->width || !in->height)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is %ux%u; both sides must be 1 or more", what,
                        in->width, in->height);
    size_t row, last, need;
    if (!stz_mul(in->width, (size_t)stz_bytes_per_pixel(in->format), &row))
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s of width %u is too large", what, in->width);
    if (in->stride < 0)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s has the negative stride %td", what, in->stride);
    size_t stride = in->stride ? (size_t)in->stride : row;
    if (stride < row)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s has a stride of %zu bytes; a row has %zu", what, stride,
                        row);
    if (!stz_mul(stride, in->height - 1, &last) || !stz_add(last, row, &need) || need > PTRDIFF_MAX)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s of %ux%u with a stride of %zu is too large", what,
                        in->width, in->height, stride);
    if (in->size && in->size < need)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s has %zu bytes; %ux%u with a stride of %zu needs %zu",
                        what, in->size, in->width, in->height, stride, need);
    *out = *in;
    out->stride = (ptrdiff_t)stride;
    out->size = in->size ? in->size : need;
    return STYLIZE_OK;
}

static stylize_status check_place(const stylize_image *in, const char *what, stz_places places,
                                  stylize_error *err)
{
    if (in->memory == STYLIZE_MEMORY_HOST)
        return STYLIZE_OK;
    if (in->memory != STYLIZE_MEMORY_CUDA)
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "%s lies in memory of kind %u; 0 (host) and 1 (CUDA) are known", what, in->memory);
    if (places == STZ_IN_HOST)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s lies in CUDA memory; it must lie in host memory", what);
    if (stz_is_encoded(in->format))
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is encoded and lies in CUDA memory; only pixels may",
                        what);
    if (in->device < 0)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s lies on CUDA device %d; 0 and more are known", what,
                        (int)in->device);
    return STYLIZE_OK;
}

stylize_status stz_image_check(const stylize_image *in, const char *what, stylize_image *out,
                               stylize_error *err)
{
    return stz_image_check_at(in, what, STZ_IN_HOST, out, err);
}

stylize_status stz_image_check_at(const stylize_image *in, const char *what, stz_places places,
                                  stylize_image *out, stylize_error *err)
{
    if (!in)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is missing", what);
    if (!in->pixels)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s has no pixels (NULL)", what);
    const stylize_status place = check_place(in, what, places, err);
    if (place != STYLIZE_OK)
        return place;
    if (stz_is_encoded(in->format)) {
        if (!in->size)
            return stz_fail(err, STYLIZE_ERR_INVALID, "%s is an encoded picture of 0 bytes", what);
        *out = *in;
        return STYLIZE_OK;
    }
    if (!stz_bytes_per_pixel(in->format))
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s has the unknown format %d", what, (int)in->format);
    return check_pixels(in, what, out, err);
}

/* a * b / c, rounded to nearest, at least 1. Exact: the product of two 32-bit numbers fits. */
static uint32_t scale_side(uint32_t a, uint32_t b, uint32_t c)
{
    uint64_t v = ((uint64_t)a * b + c / 2) / c;
    return v < 1 ? 1 : v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

stz_fit stz_fit_longer(uint32_t w, uint32_t h, uint32_t longer)
{
    stz_fit fit = {w, h, {0, 0, w, h}};
    if (!longer || !w || !h)
        return fit;
    fit.width = w >= h ? longer : scale_side(w, longer, h);
    fit.height = h >= w ? longer : scale_side(h, longer, w);
    return fit;
}

stz_fit stz_fit_cover(uint32_t w, uint32_t h, uint32_t out_w, uint32_t out_h)
{
    stz_fit fit = {out_w, out_h, {0, 0, w, h}};
    if (!w || !h || !out_w || !out_h)
        return fit;
    uint64_t across = (uint64_t)w * out_h, down = (uint64_t)h * out_w;
    if (across > down) {
        fit.source.width = scale_side(h, out_w, out_h);
        if (fit.source.width > w)
            fit.source.width = w;
        fit.source.x = (w - fit.source.width) / 2;
    } else if (down > across) {
        fit.source.height = scale_side(w, out_h, out_w);
        if (fit.source.height > h)
            fit.source.height = h;
        fit.source.y = (h - fit.source.height) / 2;
    }
    return fit;
}
