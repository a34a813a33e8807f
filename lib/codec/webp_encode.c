#include "codec/format.h"
#include "codec/webp_parts.h"

#ifdef STZ_HAVE_WEBP
#include <webp/encode.h>

static int write_bytes(const uint8_t *data, size_t size, const WebPPicture *picture)
{
    return stz_sink_write(picture->custom_ptr, data, size);
}

static bool import(const stylize_image *in, WebPPicture *picture, stz_pool *pool)
{
    if (in->format == STYLIZE_FORMAT_RGBA8)
        return WebPPictureImportRGBA(picture, in->pixels, (int)in->stride);
    if (in->format == STYLIZE_FORMAT_RGB8)
        return WebPPictureImportRGB(picture, in->pixels, (int)in->stride);
    stylize_image rgb;
    if (stz_image_alloc(pool, in->width, in->height, STYLIZE_FORMAT_RGB8, &rgb, NULL) != STYLIZE_OK)
        return false;
    for (uint32_t y = 0; y < in->height; y++) {
        const uint8_t *from = in->pixels + (size_t)y * (size_t)in->stride;
        uint8_t *to = rgb.pixels + (size_t)y * (size_t)rgb.stride;
        for (uint32_t x = 0; x < in->width; x++, to += 3)
            to[0] = to[1] = to[2] = from[x];
    }
    bool ok = WebPPictureImportRGB(picture, rgb.pixels, (int)rgb.stride);
    stylize_image_free(&rgb);
    return ok;
}

stylize_status stz_webp_encode(const stylize_image *in, int quality, const stz_metadata *metadata,
                               stz_sink *sink, stylize_error *err)
{
    if (in->width > WEBP_MAX_DIMENSION || in->height > WEBP_MAX_DIMENSION)
        return stz_fail(err, STYLIZE_ERR_INVALID, "picture is %ux%u; a WebP has at most %d a side", in->width,
                        in->height, WEBP_MAX_DIMENSION);
    if (in->stride > INT32_MAX)
        return stz_fail(err, STYLIZE_ERR_INVALID, "picture has a stride of %td bytes; WebP takes at most %d",
                        in->stride, INT32_MAX);
    WebPConfig config;
    WebPPicture picture;
    if (!WebPConfigPreset(&config, WEBP_PRESET_DEFAULT, (float)quality) || !WebPPictureInit(&picture))
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED,
                        "libwebp is of another version than the one built with");
    config.method = 2; /* of 4, the default: half the time, the same size, 0.5 dB less */
    picture.width = (int)in->width;
    picture.height = (int)in->height;
    picture.writer = write_bytes;
    picture.custom_ptr = sink;
    stylize_status status = STYLIZE_OK;
    if (!import(in, &picture, sink->pool))
        status = stz_fail(err, STYLIZE_ERR_NOMEM, "out of memory while encoding WebP");
    else if (!WebPEncode(&config, &picture))
        status = stz_fail(err, STYLIZE_ERR_NOMEM, "WebP of %ux%u could not be encoded (libwebp error %d)",
                          in->width, in->height, (int)picture.error_code);
    WebPPictureFree(&picture);
    if (status == STYLIZE_OK && metadata && !stz_webp_add(sink, in, metadata))
        status = stz_nomem(err, sink->used + metadata->icc_size + metadata->exif_size + metadata->xmp_size);
    return status;
}

#else

stylize_status stz_webp_encode(const stylize_image *in, int quality, const stz_metadata *metadata,
                               stz_sink *sink, stylize_error *err)
{
    return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "WebP is not in this build (libwebp)");
}

#endif
