#include "codec/metadata.h"

#include <string.h>

#include "codec/format.h"
#include "codec/iptc.h"
#include "codec/sniff.h"
#include "codec/xmp.h"

#define NOT_ICC     (~(uint32_t)STYLIZE_METADATA_ICC)
#define TIFF_XMP    700
#define TIFF_IPTC   33723
#define RIGHTS_ROOM 4096 /* that a packet of rights may take more than what it is made of */

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

static bool find_xmp(const uint8_t *data, size_t size, stylize_format format, stz_pool *pool, stz_buf **buf,
                     const uint8_t **xmp, size_t *xmp_size)
{
    switch (format) {
    case STYLIZE_FORMAT_JPEG:
        return stz_jpeg_xmp(data, size, xmp, xmp_size);
    case STYLIZE_FORMAT_PNG:
        return stz_png_xmp(data, size, pool, buf, xmp, xmp_size);
    case STYLIZE_FORMAT_WEBP:
        return stz_webp_xmp(data, size, xmp, xmp_size);
    case STYLIZE_FORMAT_TIFF:
        return stz_exif_find(data, size, TIFF_XMP, xmp, xmp_size);
    default:
        return false;
    }
}

static bool find_iptc(const uint8_t *data, size_t size, stylize_format format, const uint8_t **iptc,
                      size_t *iptc_size)
{
    return (format == STYLIZE_FORMAT_JPEG && stz_jpeg_iptc(data, size, iptc, iptc_size)) ||
           (format == STYLIZE_FORMAT_TIFF && stz_exif_find(data, size, TIFF_IPTC, iptc, iptc_size));
}

typedef size_t (*keeper)(const uint8_t *from, size_t size, uint32_t keep, uint8_t *to, size_t room);

#define ZEROS 4 /* behind a block, for who writes it in words */

/* What is kept of a block, in memory of its own. */
static stylize_status keep_block(keeper keeps, const uint8_t *from, size_t size, uint32_t keep, size_t room,
                                 stz_pool *pool, stz_buf **out, size_t *out_size, stylize_error *err)
{
    stz_buf *made = stz_pool_get(pool, STZ_MEM_SCRATCH, room + ZEROS);
    if (!made)
        return stz_nomem(err, room);
    *out_size = keeps(from, size, keep, made->data, room);
    memset(made->data + *out_size, 0, ZEROS);
    if (*out_size)
        *out = made;
    else
        stz_buf_unref(made);
    return STYLIZE_OK;
}

static stylize_status keep_exif(const uint8_t *tiff, size_t size, uint32_t keep, stz_pool *pool,
                                stz_metadata *out, stylize_error *err)
{
    return keep_block(stz_exif_keep, tiff, size, keep, STZ_EXIF_MAX, pool, &out->exif, &out->exif_size, err);
}

static stylize_status keep_xmp(const uint8_t *xmp, size_t size, uint32_t keep, stz_pool *pool,
                               stz_metadata *out, stylize_error *err)
{
    if (size > STZ_XMP_MAX)
        return STYLIZE_OK;
    return keep_block(stz_xmp_keep, xmp, size, keep, size + RIGHTS_ROOM, pool, &out->xmp, &out->xmp_size,
                      err);
}

static stylize_status keep_iptc(const uint8_t *iptc, size_t size, uint32_t keep, stz_pool *pool,
                                stz_metadata *out, stylize_error *err)
{
    return keep_block(stz_iptc_keep, iptc, size, keep, STZ_IPTC_MAX, pool, &out->iptc, &out->iptc_size, err);
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

/* Of formats of boxes, whose libraries find all at once. */
static stylize_status keep_boxes(const uint8_t *data, size_t size, stylize_format format, uint32_t keep,
                                 stz_pool *pool, stz_metadata *out, stylize_error *err)
{
    stz_metadata all;
    if (format == STYLIZE_FORMAT_JXL)
        stz_jxl_metadata(data, size, pool, &all);
    else
        stz_heif_metadata(data, size, pool, &all);
    stylize_status status = STYLIZE_OK;
    if (all.exif && keep & NOT_ICC)
        status = keep_exif(all.exif->data, all.exif_size, keep, pool, out, err);
    if (status == STYLIZE_OK && all.xmp && keep & NOT_ICC)
        status = keep_xmp(all.xmp->data, all.xmp_size, keep, pool, out, err);
    if (all.icc && keep & STYLIZE_METADATA_ICC) {
        out->icc = all.icc;
        out->icc_size = all.icc_size;
        all.icc = NULL;
    }
    stz_metadata_free(&all);
    return status;
}

static stylize_status keep_texts(const uint8_t *data, size_t size, stylize_format format, uint32_t keep,
                                 stz_pool *pool, stz_metadata *out, stylize_error *err)
{
    const uint8_t *found;
    size_t length;
    stz_buf *buf = NULL;
    stylize_status status = STYLIZE_OK;
    if (find_exif(data, size, format, &found, &length))
        status = keep_exif(found, length, keep, pool, out, err);
    if (status == STYLIZE_OK && find_xmp(data, size, format, pool, &buf, &found, &length))
        status = keep_xmp(found, length, keep, pool, out, err);
    stz_buf_unref(buf);
    if (status == STYLIZE_OK && find_iptc(data, size, format, &found, &length))
        status = keep_iptc(found, length, keep, pool, out, err);
    return status;
}

stylize_status stz_metadata_read(const uint8_t *data, size_t size, uint32_t keep, stz_pool *pool,
                                 stz_metadata *out, stylize_error *err)
{
    const stylize_format format = stz_sniff(data, size);
    stylize_status status = STYLIZE_OK;
    *out = (stz_metadata){0};
    if (format == STYLIZE_FORMAT_AVIF || format == STYLIZE_FORMAT_HEIC || format == STYLIZE_FORMAT_JXL) {
        status = keep_boxes(data, size, format, keep, pool, out, err);
    } else {
        if (keep & NOT_ICC)
            status = keep_texts(data, size, format, keep, pool, out, err);
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
    stz_buf_unref(metadata->xmp);
    stz_buf_unref(metadata->iptc);
    *metadata = (stz_metadata){0};
}
