#include <string.h>

#include "codec/exif.h"
#include "codec/format.h"
#include "codec/icc.h"
#include "codec/names.h"
#include "codec/rows.h"

#ifdef STZ_HAVE_WEBP
#include <webp/decode.h>

#define RIFF_SIZE     12
#define VP8X_ALPHA    0x10
#define VP8X_ANIMATED 0x02
#define ANMF_SIZE     16 /* of the fields before the frame's own chunks */

/* The parts of a file that matter here. */
struct parts {
    stz_header header;
    bool animated;
    const uint8_t *icc, *frame; /* frame: the first of an animation, its chunks only */
    size_t icc_size, frame_size;
    uint32_t frame_x, frame_y;
};

static uint32_t get24(const uint8_t *p) { return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16; }
static uint32_t get32(const uint8_t *p) { return get24(p) | (uint32_t)p[3] << 24; }

static void read_chunk(struct parts *w, const uint8_t *name, const uint8_t *body, size_t size)
{
    if (!memcmp(name, "ICCP", 4) && !w->icc) {
        w->icc = body;
        w->icc_size = size;
        w->header.icc = true;
    } else if (!memcmp(name, "EXIF", 4)) {
        if (size > 6 && !memcmp(body, "Exif\0", 6)) { /* written by some programs, against the rule */
            body += 6;
            size -= 6;
        }
        w->header.orientation = stz_exif_orientation(body, size);
    } else if (!memcmp(name, "ANMF", 4) && !w->frame && size > ANMF_SIZE) {
        w->frame_x = get24(body) * 2;
        w->frame_y = get24(body + 3) * 2;
        w->frame = body + ANMF_SIZE;
        w->frame_size = size - ANMF_SIZE;
    }
}

/* Walks the chunks of the extended format; ones that are cut short end the walk. */
static stylize_status read_parts(const uint8_t *data, size_t size, bool tolerant, struct parts *w,
                                 stylize_error *err)
{
    *w = (struct parts){.header = {.orientation = 1}};
    WebPBitstreamFeatures features;
    VP8StatusCode code = WebPGetFeatures(data, size, &features);
    if (code != VP8_STATUS_OK)
        return stz_fail(err, code == VP8_STATUS_OUT_OF_MEMORY ? STYLIZE_ERR_NOMEM : STYLIZE_ERR_FORMAT,
                        "WebP has no sound header: damaged or cut short");
    if (!tolerant && (uint64_t)get32(data + 4) + 8 > size)
        return stz_fail(err, STYLIZE_ERR_FORMAT, "WebP is cut short: %zu of %llu bytes", size,
                        (unsigned long long)get32(data + 4) + 8);
    w->header.width = (uint32_t)features.width;
    w->header.height = (uint32_t)features.height;
    w->header.alpha = features.has_alpha || features.has_animation; /* a frame may leave room free */
    w->animated = features.has_animation;
    if (memcmp(data + RIFF_SIZE, "VP8X", 4))
        return STYLIZE_OK;
    for (size_t at = RIFF_SIZE; size - at >= 8;) {
        uint64_t length = get32(data + at + 4);
        if (length > size - at - 8) {
            if (!tolerant)
                break;
            length = size - at - 8;
        }
        read_chunk(w, data + at, data + at + 8, (size_t)length);
        length += 8 + (length & 1);
        at = length > size - at ? size : at + (size_t)length;
    }
    if (w->animated && !w->frame)
        return stz_fail(err, STYLIZE_ERR_FORMAT, "damaged WebP: animated without a frame");
    return STYLIZE_OK;
}

stylize_status stz_webp_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err)
{
    struct parts parts;
    stylize_status status = read_parts(data, size, out->tolerant, &parts, err);
    parts.header.tolerant = out->tolerant;
    parts.header.format = STYLIZE_FORMAT_WEBP;
    if (status == STYLIZE_OK)
        *out = parts.header;
    return status;
}

static stylize_status fail_code(VP8StatusCode code, stylize_error *err)
{
    switch (code) {
    case VP8_STATUS_OUT_OF_MEMORY:
        return stz_fail(err, STYLIZE_ERR_NOMEM, "out of memory while decoding WebP");
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
        return stz_fail(err, STYLIZE_ERR_FORMAT, "WebP is cut short");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "WebP of an unsupported kind");
    default:
        return stz_fail(err, STYLIZE_ERR_FORMAT, "damaged WebP");
    }
}

/* As far as it goes; the caller has filled what may stay free. */
static VP8StatusCode decode_tolerant(const uint8_t *data, size_t size, WebPDecoderConfig *config,
                                     bool *damaged)
{
    WebPIDecoder *decoder = WebPIDecode(NULL, 0, config);
    if (!decoder)
        return VP8_STATUS_OUT_OF_MEMORY;
    VP8StatusCode code = WebPIUpdate(decoder, data, size);
    int rows = 0;
    if (code != VP8_STATUS_OK && code != VP8_STATUS_OUT_OF_MEMORY &&
        WebPIDecGetRGB(decoder, &rows, NULL, NULL, NULL) && rows > 0) {
        *damaged = true;
        code = VP8_STATUS_OK;
    }
    WebPIDelete(decoder);
    return code;
}

/* Decodes into memory of ours; width x height is what the place has room for. damaged: NULL, or how far it
 * goes is far enough, and whether that was not all of it. */
static stylize_status decode_frame(const uint8_t *data, size_t size, uint8_t *to, ptrdiff_t stride,
                                   uint32_t width, uint32_t height, stylize_format format, bool *damaged,
                                   stylize_error *err)
{
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config))
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED,
                        "libwebp is of another version than the one built with");
    config.output.colorspace = format == STYLIZE_FORMAT_RGBA8 ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = to;
    config.output.u.RGBA.stride = (int)stride;
    config.output.u.RGBA.size =
        (size_t)stride * (height - 1) + (size_t)width * (size_t)stz_bytes_per_pixel(format);
    VP8StatusCode code =
        damaged ? decode_tolerant(data, size, &config, damaged) : WebPDecode(data, size, &config);
    WebPFreeDecBuffer(&config.output);
    return code == VP8_STATUS_OK ? STYLIZE_OK : fail_code(code, err);
}

/* The first frame where it lies on its canvas; what it leaves free is transparent. */
static stylize_status decode_animated(const struct parts *w, stylize_image *canvas, bool *damaged,
                                      stylize_error *err)
{
    WebPBitstreamFeatures features;
    VP8StatusCode code = WebPGetFeatures(w->frame, w->frame_size, &features);
    if (code != VP8_STATUS_OK)
        return fail_code(code, err);
    uint32_t width = (uint32_t)features.width, height = (uint32_t)features.height;
    if ((uint64_t)w->frame_x + width > canvas->width || (uint64_t)w->frame_y + height > canvas->height)
        return stz_fail(err, STYLIZE_ERR_FORMAT, "damaged WebP: a frame lies outside the picture");
    memset(canvas->pixels, 0, canvas->size);
    size_t at = (size_t)w->frame_y * (size_t)canvas->stride + (size_t)w->frame_x * 4;
    return decode_frame(w->frame, w->frame_size, canvas->pixels + at, canvas->stride, width, height,
                        canvas->format, damaged, err);
}

static stylize_status decode_parts(const stz_source *source, const struct parts *w, stylize_image *image,
                                   stylize_error *err)
{
    bool seen = false, *damaged = !source->header.tolerant ? NULL
                                  : source->hint.damaged   ? source->hint.damaged
                                                           : &seen;
    if (damaged)
        stz_rows_blank(image->pixels, (size_t)image->width * image->height,
                       stz_bytes_per_pixel(image->format));
    if (w->animated)
        return decode_animated(w, image, damaged, err);
    return decode_frame(source->data, source->size, image->pixels, image->stride, image->width, image->height,
                        image->format, damaged, err);
}

static void convert(const struct parts *w, stylize_image *image)
{
    bool alpha = image->format == STYLIZE_FORMAT_RGBA8;
    stz_icc *icc = stz_icc_create(w->icc, w->icc_size, alpha ? STZ_ICC_RGBA : STZ_ICC_RGB, false);
    if (!icc)
        return;
    for (uint32_t y = 0; y < image->height; y++) {
        uint8_t *row = image->pixels + (size_t)y * (size_t)image->stride;
        stz_icc_row(icc, row, row, image->width);
    }
    stz_icc_free(icc);
}

stylize_status stz_webp_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                               stylize_error *err)
{
    struct parts w;
    stylize_image image = {0}, upright = {0};
    stylize_status status = read_parts(source->data, source->size, source->header.tolerant, &w, err);
    if (status != STYLIZE_OK)
        return status;
    stylize_format format = w.header.alpha ? STYLIZE_FORMAT_RGBA8 : STYLIZE_FORMAT_RGB8;
    status = stz_image_alloc(pool, w.header.width, w.header.height, format, &image, err);
    if (status == STYLIZE_OK)
        status = decode_parts(source, &w, &image, err);
    if (status != STYLIZE_OK)
        goto end;
    convert(&w, &image);
    if (w.header.orientation == 1) {
        *out = image;
        return STYLIZE_OK;
    }
    stz_rows rows;
    status =
        stz_rows_init(&rows, pool, image.width, image.height, w.header.orientation, format, &upright, err);
    if (status == STYLIZE_OK) {
        stz_rows_put(&rows, image.pixels, image.stride);
        stz_rows_free(&rows);
        *out = upright;
    }
end:
    stylize_image_free(&image);
    return status;
}

#else

stylize_status stz_webp_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err)
{
    return stz_format_missing(STYLIZE_FORMAT_WEBP, "libwebp", err);
}

stylize_status stz_webp_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                               stylize_error *err)
{
    return stz_format_missing(STYLIZE_FORMAT_WEBP, "libwebp", err);
}

#endif
