#include "video/frame.h"

#include <string.h>

#include "base/tagged.h"

#define SHIFT 16 /* fraction of the factors */

static bool has_alpha(stylize_frame_format f) { return f == STYLIZE_FRAME_RGBA8 || f == STYLIZE_FRAME_BGRA8; }
static bool blue_first(stylize_frame_format f) { return f == STYLIZE_FRAME_BGR8 || f == STYLIZE_FRAME_BGRA8; }

static ptrdiff_t row_bytes(const stylize_frame *f, int plane)
{
    const ptrdiff_t width = (ptrdiff_t)f->width;
    if (f->format == STYLIZE_FRAME_YUV420)
        return plane ? (width + 1) / 2 : width;
    return (has_alpha(f->format) ? 4 : 3) * width;
}

stylize_status stz_frame_check(const stylize_frame *in, const char *what, stylize_frame *out,
                               stylize_error *err)
{
    if (!in)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is NULL", what);
    if (!stz_tagged_read(STZ_TAG_FRAME, out, in))
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s's struct_size is not set, or from a newer header",
                        what);
    if ((out->format < STYLIZE_FRAME_RGB8 || out->format > STYLIZE_FRAME_BGRA8) &&
        out->format != STYLIZE_FRAME_YUV420)
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "%s's format %d is not known; RGB8, RGBA8, BGR8, BGRA8 and YUV420 are", what,
                        (int)out->format);
    if (out->matrix < STYLIZE_MATRIX_AUTO || out->matrix > STYLIZE_MATRIX_BT709 ||
        out->range < STYLIZE_RANGE_LIMITED || out->range > STYLIZE_RANGE_FULL)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s's matrix %d or range %d is not known", what,
                        (int)out->matrix, (int)out->range);
    if (out->reserved || out->scene > 1)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s's %s", what,
                        out->reserved ? "reserved member is not 0" : "scene is neither 0 nor 1");
    if (out->width < 16 || out->height < 16)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is %ux%u; at least 16x16 pixels are needed", what,
                        out->width, out->height);
    const int planes = out->format == STYLIZE_FRAME_YUV420 ? 3 : 1;
    for (int i = 0; i < planes; i++) {
        if (!out->planes[i])
            return stz_fail(err, STYLIZE_ERR_INVALID, "%s's plane %d is NULL", what, i);
        if (!out->strides[i])
            out->strides[i] = row_bytes(out, i);
        if (out->strides[i] < row_bytes(out, i))
            return stz_fail(err, STYLIZE_ERR_INVALID, "%s's stride %d is %td; rows take %td bytes", what, i,
                            out->strides[i], row_bytes(out, i));
    }
    if (out->matrix == STYLIZE_MATRIX_AUTO)
        out->matrix = out->height >= 720 ? STYLIZE_MATRIX_BT709 : STYLIZE_MATRIX_BT601;
    return STYLIZE_OK;
}

/* The shares of red and blue in brightness, and how far the numbers of a frame reach. */
typedef struct coding {
    double red, blue;
    double luma, chroma; /* levels of Y, and of U and V */
    int black;
} coding;

static coding coding_of(const stylize_frame *f)
{
    const bool full = f->range == STYLIZE_RANGE_FULL, hd = f->matrix == STYLIZE_MATRIX_BT709;
    return (coding){.red = hd ? 0.2126 : 0.299,
                    .blue = hd ? 0.0722 : 0.114,
                    .luma = full ? 255 : 219,
                    .chroma = full ? 255 : 224,
                    .black = full ? 0 : 16};
}

static int32_t fixed(double x) { return (int32_t)(x * (1 << SHIFT) + (x < 0 ? -0.5 : 0.5)); }
static uint8_t to_byte(int32_t x) { return (uint8_t)stz_clamp(x >> SHIFT, 0, 255); }

/* Chroma is taken as it is for its four pixels, and becomes their mean on the way back: it comes out where it was,
 * whatever the siting. */
static void from_yuv(const stylize_frame *f, const stylize_image *out)
{
    const coding c = coding_of(f);
    const double green = 1 - c.red - c.blue, reach = 255 / c.chroma;
    const int32_t y_factor = fixed(255 / c.luma), rv = fixed(2 * (1 - c.red) * reach);
    const int32_t bu = fixed(2 * (1 - c.blue) * reach);
    const int32_t gu = fixed(2 * (1 - c.blue) * c.blue / green * reach);
    const int32_t gv = fixed(2 * (1 - c.red) * c.red / green * reach);
    const int32_t round = (1 << (SHIFT - 1)) - c.black * y_factor;
    for (uint32_t y = 0; y < f->height; y++) {
        const uint8_t *luma = f->planes[0] + (ptrdiff_t)y * f->strides[0];
        const uint8_t *u = f->planes[1] + (ptrdiff_t)(y / 2) * f->strides[1];
        const uint8_t *v = f->planes[2] + (ptrdiff_t)(y / 2) * f->strides[2];
        uint8_t *to = out->pixels + (ptrdiff_t)y * out->stride;
        for (uint32_t x = 0; x < f->width; x++, to += 3) {
            const int32_t bright = luma[x] * y_factor + round, cu = u[x / 2] - 128, cv = v[x / 2] - 128;
            to[0] = to_byte(bright + cv * rv);
            to[1] = to_byte(bright - cu * gu - cv * gv);
            to[2] = to_byte(bright + cu * bu);
        }
    }
}

/* Pixels of 3 or 4 bytes to such of 3 or 4; swap: red and blue change places. What has no alpha is opaque. */
static void copy_row(const uint8_t *from, int from_bytes, bool swap, uint32_t width, uint8_t *to,
                     int to_bytes)
{
    const int red = swap ? 2 : 0;
    for (uint32_t x = 0; x < width; x++, from += from_bytes, to += to_bytes) {
        to[0] = from[red];
        to[1] = from[1];
        to[2] = from[2 - red];
        if (to_bytes == 4)
            to[3] = from_bytes == 4 ? from[3] : 255;
    }
}

stylize_status stz_frame_to_image(const stylize_frame *frame, stz_pool *pool, stylize_image *out,
                                  stylize_error *err)
{
    const stylize_format format = has_alpha(frame->format) ? STYLIZE_FORMAT_RGBA8 : STYLIZE_FORMAT_RGB8;
    const stylize_status status = stz_image_alloc(pool, frame->width, frame->height, format, out, err);
    if (status != STYLIZE_OK)
        return status;
    if (frame->format == STYLIZE_FRAME_YUV420) {
        from_yuv(frame, out);
        return STYLIZE_OK;
    }
    const int bytes = stz_bytes_per_pixel(format);
    for (uint32_t y = 0; y < frame->height; y++) {
        const uint8_t *from = frame->planes[0] + (ptrdiff_t)y * frame->strides[0];
        uint8_t *to = out->pixels + (ptrdiff_t)y * out->stride;
        if (blue_first(frame->format))
            copy_row(from, bytes, true, frame->width, to, bytes);
        else
            memcpy(to, from, (size_t)row_bytes(frame, 0));
    }
    return STYLIZE_OK;
}

const uint8_t *stz_frame_luma(const stylize_frame *frame, uint8_t *scratch, ptrdiff_t *stride)
{
    if (frame->format == STYLIZE_FRAME_YUV420) {
        *stride = frame->strides[0];
        return frame->planes[0];
    }
    const int bytes = has_alpha(frame->format) ? 4 : 3, red = blue_first(frame->format) ? 2 : 0;
    for (uint32_t y = 0; y < frame->height; y++) {
        const uint8_t *from = frame->planes[0] + (ptrdiff_t)y * frame->strides[0];
        uint8_t *to = scratch + (size_t)y * frame->width;
        for (uint32_t x = 0; x < frame->width; x++, from += bytes) {
            const uint8_t rgb[3] = {from[red], from[1], from[2 - red]};
            to[x] = (uint8_t)stz_luma(rgb);
        }
    }
    *stride = (ptrdiff_t)frame->width;
    return scratch;
}

typedef struct to_yuv {
    int32_t y[3], u[3], v[3];
    int32_t black, grey; /* with what rounds */
} to_yuv;

static to_yuv to_yuv_of(const stylize_frame *f)
{
    const coding c = coding_of(f);
    const double green = 1 - c.red - c.blue, luma = c.luma / 255, chroma = c.chroma / 255;
    const double u = chroma / (2 * (1 - c.blue)), v = chroma / (2 * (1 - c.red));
    to_yuv t = {.black = (c.black << SHIFT) + (1 << (SHIFT - 1)),
                .grey = (128 << (SHIFT + 2)) + (1 << (SHIFT + 1))};
    t.y[0] = fixed(c.red * luma), t.y[2] = fixed(c.blue * luma), t.y[1] = fixed(luma) - t.y[0] - t.y[2];
    t.u[0] = fixed(-c.red * u), t.u[1] = fixed(-green * u), t.u[2] = -t.u[0] - t.u[1];
    t.v[1] = fixed(-green * v), t.v[2] = fixed(-c.blue * v), t.v[0] = -t.v[1] - t.v[2];
    return t;
}

static int32_t weigh(const int32_t f[3], int32_t r, int32_t g, int32_t b)
{
    return f[0] * r + f[1] * g + f[2] * b;
}

static void chroma_row(const to_yuv *t, const uint8_t *a, const uint8_t *b, int bytes, uint32_t width,
                       uint8_t *u, uint8_t *v)
{
    for (uint32_t x = 0; x < width; x += 2) {
        const size_t left = (size_t)x * (size_t)bytes, right = left + (x + 1 < width ? (size_t)bytes : 0);
        const int32_t red = a[left] + a[right] + b[left] + b[right];
        const int32_t green = a[left + 1] + a[right + 1] + b[left + 1] + b[right + 1];
        const int32_t blue = a[left + 2] + a[right + 2] + b[left + 2] + b[right + 2];
        u[x / 2] = (uint8_t)stz_clamp((weigh(t->u, red, green, blue) + t->grey) >> (SHIFT + 2), 0, 255);
        v[x / 2] = (uint8_t)stz_clamp((weigh(t->v, red, green, blue) + t->grey) >> (SHIFT + 2), 0, 255);
    }
}

static void write_yuv(const stylize_image *image, int bytes, const stylize_frame *f)
{
    const to_yuv t = to_yuv_of(f);
    for (uint32_t y = 0; y < f->height; y++) {
        const uint8_t *from = image->pixels + (ptrdiff_t)y * image->stride;
        uint8_t *to = f->planes[0] + (ptrdiff_t)y * f->strides[0];
        for (uint32_t x = 0; x < f->width; x++) {
            const uint8_t *p = from + (size_t)x * (size_t)bytes;
            to[x] = to_byte(weigh(t.y, p[0], p[1], p[2]) + t.black);
        }
        if (y % 2 == 0)
            chroma_row(&t, from, y + 1 < f->height ? from + image->stride : from, bytes, f->width,
                       f->planes[1] + (ptrdiff_t)(y / 2) * f->strides[1],
                       f->planes[2] + (ptrdiff_t)(y / 2) * f->strides[2]);
    }
}

static void write_rgb(const stylize_image *image, int bytes, const stylize_frame *f)
{
    const int to_bytes = has_alpha(f->format) ? 4 : 3;
    for (uint32_t y = 0; y < f->height; y++) {
        const uint8_t *from = image->pixels + (ptrdiff_t)y * image->stride;
        uint8_t *to = f->planes[0] + (ptrdiff_t)y * f->strides[0];
        if (bytes == to_bytes && !blue_first(f->format))
            memcpy(to, from, (size_t)bytes * f->width);
        else
            copy_row(from, bytes, blue_first(f->format), f->width, to, to_bytes);
    }
}

void stz_frame_from_image(const stylize_image *image, const stylize_frame *frame)
{
    const int bytes = stz_bytes_per_pixel(image->format);
    if (frame->format == STYLIZE_FRAME_YUV420)
        write_yuv(image, bytes, frame);
    else
        write_rgb(image, bytes, frame);
}
