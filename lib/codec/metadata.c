#include "codec/metadata.h"

#include <string.h>

#include "codec/format.h"
#include "codec/sniff.h"

#define NOT_ICC (~(uint32_t)STYLIZE_METADATA_ICC)

static bool find_exif(const uint8_t *data, size_t size, stylize_format format, const uint8_t **tiff,
                      size_t *tiff_size)
{
    switch (format) {
    case STYLIZE_FORMAT_JPEG:
        return stz_jpeg_exif(data, size, tiff, tiff_size);
    case STYLIZE_FORMAT_PNG:
        return stz_png_exif(data, size, tiff, tiff_size);
    case STYLIZE_FORMAT_WEBP:
        return stz_webp_exif(data, size, tiff, tiff_size);
    case STYLIZE_FORMAT_TIFF: /* is such a block itself */
        *tiff = data;
        *tiff_size = size;
        return true;
    default:
        return false;
    }
}

static stylize_status keep_exif(const uint8_t *tiff, size_t size, uint32_t keep, stz_pool *pool,
                                stz_metadata *out, stylize_error *err)
{
    stz_buf *made = stz_pool_get(pool, STZ_MEM_SCRATCH, STZ_EXIF_MAX);
    if (!made)
        return stz_nomem(err, STZ_EXIF_MAX);
    out->exif_size = stz_exif_keep(tiff, size, keep, made->data, STZ_EXIF_MAX);
    if (out->exif_size)
        out->exif = made;
    else
        stz_buf_unref(made);
    return STYLIZE_OK;
}

static stylize_status copy_profile(const uint8_t *profile, size_t size, stz_pool *pool, stz_metadata *out,
                                   stylize_error *err)
{
    if (!size || size > STZ_ICC_MAX)
        return STYLIZE_OK;
    out->icc = stz_pool_get(pool, STZ_MEM_SCRATCH, size);
    if (!out->icc)
        return stz_nomem(err, size);
    memcpy(out->icc->data, profile, size);
    out->icc_size = size;
    return STYLIZE_OK;
}

static stylize_status keep_profile(const uint8_t *data, size_t size, stylize_format format, stz_pool *pool,
                                   stz_metadata *out, stylize_error *err)
{
    stz_buf *buf = NULL;
    const uint8_t *profile = NULL;
    size_t length = 0;
    bool found = false;
    if (format == STYLIZE_FORMAT_JPEG)
        found = stz_jpeg_profile(data, size, pool, &buf, &profile, &length);
    else if (format == STYLIZE_FORMAT_PNG)
        found = stz_png_profile(data, size, pool, &buf, &profile, &length);
    else if (format == STYLIZE_FORMAT_WEBP)
        found = stz_webp_profile(data, size, &profile, &length);
    else if (format == STYLIZE_FORMAT_TIFF)
        stz_tiff_profile(data, size, pool, &out->icc, &out->icc_size);
    const stylize_status status = found ? copy_profile(profile, length, pool, out, err) : STYLIZE_OK;
    stz_buf_unref(buf);
    return status;
}

static stylize_status keep_heif(const uint8_t *data, size_t size, uint32_t keep, stz_pool *pool,
                                stz_metadata *out, stylize_error *err)
{
    stz_buf *exif = NULL, *icc = NULL;
    size_t exif_size = 0, icc_size = 0;
    stz_heif_metadata(data, size, pool, &exif, &exif_size, &icc, &icc_size);
    stylize_status status = STYLIZE_OK;
    if (exif && keep & NOT_ICC)
        status = keep_exif(exif->data, exif_size, keep, pool, out, err);
    stz_buf_unref(exif);
    if (icc && keep & STYLIZE_METADATA_ICC) {
        out->icc = icc;
        out->icc_size = icc_size;
    } else {
        stz_buf_unref(icc);
    }
    return status;
}

stylize_status stz_metadata_read(const uint8_t *data, size_t size, uint32_t keep, stz_pool *pool,
                                 stz_metadata *out, stylize_error *err)
{
    const stylize_format format = stz_sniff(data, size);
    const uint8_t *tiff;
    size_t tiff_size;
    stylize_status status = STYLIZE_OK;
    *out = (stz_metadata){0};
    if (format == STYLIZE_FORMAT_AVIF || format == STYLIZE_FORMAT_HEIC) {
        status = keep_heif(data, size, keep, pool, out, err);
    } else {
        if (keep & NOT_ICC && find_exif(data, size, format, &tiff, &tiff_size))
            status = keep_exif(tiff, tiff_size, keep, pool, out, err);
        if (status == STYLIZE_OK && keep & STYLIZE_METADATA_ICC)
            status = keep_profile(data, size, format, pool, out, err);
    }
    if (status != STYLIZE_OK)
        stz_metadata_free(out);
    return status;
}

void stz_metadata_free(stz_metadata *metadata)
{
    stz_buf_unref(metadata->exif);
    stz_buf_unref(metadata->icc);
    *metadata = (stz_metadata){0};
}
