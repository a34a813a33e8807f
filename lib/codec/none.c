/* JPEG and PNG of a build without them, for programs that bring decoders of their own, as browsers do. */
#include "codec/format.h"
#include "codec/names.h"

#define LIBRARY_OF(format) ((format) == STYLIZE_FORMAT_JPEG ? "libjpeg" : "libpng")

static stylize_status missing(stylize_format format, stylize_error *err)
{
    return stz_format_missing(format, LIBRARY_OF(format), err);
}

stylize_status stz_jpeg_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err)
{
    return missing(STYLIZE_FORMAT_JPEG, err);
}

stylize_status stz_jpeg_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                               stylize_error *err)
{
    return missing(STYLIZE_FORMAT_JPEG, err);
}

stylize_status stz_jpeg_encode(const stylize_image *in, int quality, const stz_metadata *metadata,
                               stz_sink *sink, stylize_error *err)
{
    return missing(STYLIZE_FORMAT_JPEG, err);
}

stylize_status stz_png_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err)
{
    return missing(STYLIZE_FORMAT_PNG, err);
}

stylize_status stz_png_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                              stylize_error *err)
{
    return missing(STYLIZE_FORMAT_PNG, err);
}

stylize_status stz_png_encode(const stylize_image *in, const stz_metadata *metadata, stz_sink *sink,
                              stylize_error *err)
{
    return missing(STYLIZE_FORMAT_PNG, err);
}

bool stz_jpeg_exif(const uint8_t *data, size_t size, const uint8_t **tiff, size_t *tiff_size)
{
    return false;
}

bool stz_png_exif(const uint8_t *data, size_t size, const uint8_t **tiff, size_t *tiff_size) { return false; }

bool stz_jpeg_profile(const uint8_t *data, size_t size, stz_pool *pool, stz_buf **buf,
                      const uint8_t **profile, size_t *profile_size)
{
    return false;
}

bool stz_png_profile(const uint8_t *data, size_t size, stz_pool *pool, stz_buf **buf, const uint8_t **profile,
                     size_t *profile_size)
{
    return false;
}

int stz_png_primaries(const uint8_t *data, size_t size) { return 0; }

bool stz_jpeg_xmp(const uint8_t *data, size_t size, const uint8_t **xmp, size_t *xmp_size) { return false; }

bool stz_png_xmp(const uint8_t *data, size_t size, stz_pool *pool, stz_buf **buf, const uint8_t **xmp,
                 size_t *xmp_size)
{
    return false;
}

bool stz_jpeg_iptc(const uint8_t *data, size_t size, const uint8_t **iptc, size_t *iptc_size)
{
    return false;
}
