#include "codec/codec.h"

#include "codec/format.h"
#include "codec/icc.h"
#include "codec/sniff.h"
#include "image/deep.h"

#define DEFAULT_QUALITY 92
#define AVIF_QUALITY    80 /* its scale is another: two thirds of the size of a JPEG of 92 */

/* How each format is read. */
static const struct {
    stylize_format format;
    stylize_status (*header)(const uint8_t *data, size_t size, stz_header *out, stylize_error *err);
    stylize_status (*decode)(const stz_source *source, stz_pool *pool, stylize_image *out,
                             stylize_error *err);
} readers[] = {
    {STYLIZE_FORMAT_JPEG, stz_jpeg_header, stz_jpeg_decode},
    {STYLIZE_FORMAT_PNG, stz_png_header, stz_png_decode},
    {STYLIZE_FORMAT_WEBP, stz_webp_header, stz_webp_decode},
    {STYLIZE_FORMAT_TIFF, stz_tiff_header, stz_tiff_decode},
    {STYLIZE_FORMAT_GIF, stz_gif_header, stz_gif_decode},
    {STYLIZE_FORMAT_BMP, stz_bmp_header, stz_bmp_decode},
    {STYLIZE_FORMAT_AVIF, stz_heif_header, stz_heif_decode},
    {STYLIZE_FORMAT_HEIC, stz_heif_header, stz_heif_decode},
    {STYLIZE_FORMAT_JXL, stz_jxl_header, stz_jxl_decode},
};

/* Sniffs and reads the header; limits of the pixels are the caller's. *reader: which of the above. */
static stylize_status read_header(const uint8_t *data, size_t size, const stz_limits *limits, size_t *reader,
                                  stz_header *header, stylize_error *err)
{
    if (!data || !size)
        return stz_fail(err, STYLIZE_ERR_FORMAT, "picture is empty");
    if (size > limits->max_bytes)
        return stz_fail(err, STYLIZE_ERR_LIMIT, "picture has %zu bytes; at most %llu are allowed", size,
                        (unsigned long long)limits->max_bytes);
    const stylize_format format = stz_sniff(data, size);
    *header = (stz_header){.format = format, .orientation = 1, .tolerant = limits->tolerant};
    if (limits->formats && format && !(limits->formats & stz_format_bit(format)))
        return stz_fail(err, STYLIZE_ERR_FORMAT, "picture is %s, which is not read here",
                        stz_format_name(format));
    for (size_t i = 0; i < STZ_LEN(readers); i++)
        if (readers[i].format == format) {
            *reader = i;
            return readers[i].header(data, size, header, err);
        }
    return stz_sniff_fail("picture", data, size, err);
}

stylize_status stz_codec_probe(const uint8_t *data, size_t size, const stz_limits *limits,
                               stylize_image_info *info, stylize_error *err)
{
    size_t reader = 0;
    stz_header header;
    stylize_status status = read_header(data, size, limits, &reader, &header, err);
    if (status != STYLIZE_OK)
        return status;
    bool transposed = header.orientation >= 5;
    info->format = header.format;
    info->width = transposed ? header.height : header.width;
    info->height = transposed ? header.width : header.height;
    info->has_alpha = header.alpha;
    info->orientation = (uint32_t)header.orientation;
    info->has_icc = header.icc;
    return stz_limits_check(limits, info->width, info->height, err);
}

stylize_status stz_codec_decode(const uint8_t *data, size_t size, const stz_limits *limits,
                                const stz_decode_hint *hint, stz_pool *pool, stylize_image *out,
                                stylize_error *err)
{
    size_t reader = 0;
    stz_source source = {.data = data, .size = size, .limits = limits};
    stylize_status status = read_header(data, size, limits, &reader, &source.header, err);
    if (status == STYLIZE_OK)
        status = stz_limits_check(limits, source.header.width, source.header.height, err);
    if (status != STYLIZE_OK)
        return status;
    if (hint)
        source.hint = *hint;
    return readers[reader].decode(&source, pool, out, err);
}

/* Bytes that a file of ordinary content takes, so that the sink rarely has to grow. */
static size_t encoded_guess(const stylize_image *in, stylize_format format, int quality)
{
    size_t raw = (size_t)in->width * in->height * (size_t)stz_bytes_per_pixel(in->format);
    size_t share = format == STYLIZE_FORMAT_PNG ? raw / 2 : quality >= 90 ? raw / 4 : raw / 8;
    return share + 65536;
}

static stz_icc_kind kind_of(stylize_format format)
{
    switch (format) {
    case STYLIZE_FORMAT_RGBA8:
        return STZ_ICC_RGBA;
    case STYLIZE_FORMAT_RGB16:
        return STZ_ICC_RGB16;
    case STYLIZE_FORMAT_RGBA16:
        return STZ_ICC_RGBA16;
    default:
        return STZ_ICC_RGB;
    }
}

void stz_codec_to_profile(const stylize_image *image, stz_metadata *metadata)
{
    bool same = false;
    if (!metadata->icc)
        return;
    stz_icc *icc = stz_icc_back(metadata->icc->data, metadata->icc_size, kind_of(image->format), &same);
    for (uint32_t y = 0; icc && y < image->height; y++) {
        uint8_t *row = image->pixels + (size_t)y * (size_t)image->stride;
        stz_icc_row(icc, row, row, image->width);
    }
    if (!icc && !same) {
        stz_buf_unref(metadata->icc);
        metadata->icc = NULL;
        metadata->icc_size = 0;
    }
    stz_icc_free(icc);
}

/* Into a sink that is made for it, and gone after a failure. */
static stylize_status encode(const stylize_image *image, stylize_format format, int quality,
                             const stz_metadata *metadata, stz_pool *pool, stz_sink *sink, stylize_error *err)
{
    stylize_status status;
    const size_t guess = encoded_guess(image, format, quality);
    if (!stz_sink_init(sink, pool, guess))
        return stz_nomem(err, guess);
    switch (format) {
    case STYLIZE_FORMAT_JPEG:
        status = stz_jpeg_encode(image, quality, metadata, sink, err);
        break;
    case STYLIZE_FORMAT_PNG:
        status = stz_png_encode(image, metadata, sink, err);
        break;
    case STYLIZE_FORMAT_TIFF:
        status = stz_tiff_encode(image, metadata, sink, err);
        break;
    case STYLIZE_FORMAT_AVIF:
        status = stz_avif_encode(image, quality, metadata, sink, err);
        break;
    default:
        status = stz_webp_encode(image, quality, metadata, sink, err);
        break;
    }
    if (status != STYLIZE_OK)
        stz_sink_free(sink);
    return status;
}

stylize_status stz_codec_encode(const stylize_image *in, stylize_format format, int quality,
                                const stz_metadata *metadata, stz_pool *pool, stylize_image *out,
                                stylize_error *err)
{
    stylize_image image;
    stylize_status status = stz_image_check(in, "picture", &image, err);
    if (status != STYLIZE_OK)
        return status;
    if (stz_is_encoded(image.format))
        return stz_fail(err, STYLIZE_ERR_INVALID, "picture is encoded already; pixels are needed");
    if (format != STYLIZE_FORMAT_JPEG && format != STYLIZE_FORMAT_PNG && format != STYLIZE_FORMAT_WEBP &&
        format != STYLIZE_FORMAT_TIFF && format != STYLIZE_FORMAT_AVIF)
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "output format %d is not one of JPEG, PNG, WEBP, TIFF, AVIF", (int)format);
    if (quality < 0 || quality > 100)
        return stz_fail(err, STYLIZE_ERR_INVALID, "quality is %d; 1 to 100, or 0 for %d, is allowed", quality,
                        DEFAULT_QUALITY);
    stylize_image narrow = {0};
    if (stz_is_deep(image.format) && format != STYLIZE_FORMAT_PNG && format != STYLIZE_FORMAT_TIFF) {
        status = stz_narrow(&image, pool, &narrow, err);
        if (status != STYLIZE_OK)
            return status;
        image = narrow;
    }
    stz_sink sink;
    const int usual = format == STYLIZE_FORMAT_AVIF ? AVIF_QUALITY : DEFAULT_QUALITY;
    status = encode(&image, format, quality ? quality : usual, metadata, pool, &sink, err);
    stylize_image_free(&narrow);
    if (status != STYLIZE_OK)
        return status;
    stz_image_from_buf(sink.buf, sink.used, format, out);
    out->width = image.width;
    out->height = image.height;
    return STYLIZE_OK;
}
