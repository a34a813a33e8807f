#include "codec/format.h"
#include "codec/names.h"
#include "image/deep.h"

#ifdef STZ_HAVE_TIFF
#include <stdio.h>
#include <string.h>
#include <tiffio.h>

#define ROWS_BYTES 65536u /* of a strip, about */

/* What libtiff writes to: it goes back to fill in where things are. */
struct encoder {
    stz_sink *sink;
    size_t at;
    bool full; /* no memory */
    char text[128];
};

static tmsize_t write_bytes(thandle_t handle, void *from, tmsize_t size)
{
    struct encoder *e = handle;
    const size_t n = (size_t)size, end = e->at + n;
    if (end > e->sink->used && !stz_sink_reserve(e->sink, end - e->sink->used)) {
        e->full = true;
        return 0;
    }
    if (e->at > e->sink->used)
        memset(e->sink->buf->data + e->sink->used, 0, e->at - e->sink->used);
    memcpy(e->sink->buf->data + e->at, from, n);
    e->at = end;
    if (end > e->sink->used)
        e->sink->used = end;
    return size;
}

/* What was written is read again when a directory is completed. */
static tmsize_t read_bytes(thandle_t handle, void *to, tmsize_t size)
{
    struct encoder *e = handle;
    const size_t left = e->at < e->sink->used ? e->sink->used - e->at : 0;
    const size_t n = (size_t)size < left ? (size_t)size : left;
    memcpy(to, e->sink->buf->data + e->at, n);
    e->at += n;
    return (tmsize_t)n;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence)
{
    struct encoder *e = handle;
    e->at = (size_t)(whence == SEEK_CUR   ? e->at + offset
                     : whence == SEEK_END ? e->sink->used + offset
                                          : offset);
    return e->at;
}

static int close_nothing(thandle_t handle) { return 0; }
static toff_t size_of(thandle_t handle) { return ((struct encoder *)handle)->sink->used; }

static int on_error(TIFF *tif, void *user, const char *module, const char *format, va_list args)
{
    struct encoder *e = user;
    if (!e->text[0])
        vsnprintf(e->text, sizeof e->text, format, args);
    return 1;
}

static int on_warning(TIFF *tif, void *user, const char *module, const char *format, va_list args)
{
    return 1;
}

/* The texts of the EXIF that a TIFF has itself. */
static bool set_texts(TIFF *tif, const stz_metadata *m)
{
    static const uint16_t tags[] = {TIFFTAG_IMAGEDESCRIPTION, TIFFTAG_MAKE,     TIFFTAG_MODEL,
                                    TIFFTAG_SOFTWARE,         TIFFTAG_DATETIME, TIFFTAG_ARTIST,
                                    TIFFTAG_COPYRIGHT};
    for (size_t i = 0; i < STZ_LEN(tags) && m->exif_size; i++) {
        const uint8_t *text;
        size_t size;
        if (stz_exif_find(m->exif->data, m->exif_size, tags[i], &text, &size) && !text[size - 1] &&
            (tags[i] != TIFFTAG_DATETIME || size == 20) && !TIFFSetField(tif, tags[i], (const char *)text))
            return false;
    }
    return true;
}

/* Counted in bytes or in words of four by the version of libtiff; the block has zeros behind it. */
static bool set_iptc(TIFF *tif, const stz_metadata *m)
{
    const TIFFField *field = TIFFFieldWithTag(tif, TIFFTAG_RICHTIFFIPTC);
    const int unit = field ? TIFFFieldSetGetSize(field) : 0;
    if (unit != 1 && (unit != 4 || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__))
        return true;
    const uint32_t count = (uint32_t)((m->iptc_size + (size_t)unit - 1) / (size_t)unit);
    return TIFFSetField(tif, TIFFTAG_RICHTIFFIPTC, count, m->iptc->data);
}

static bool set_metadata(TIFF *tif, const stz_metadata *m)
{
    return (!m->icc_size || TIFFSetField(tif, TIFFTAG_ICCPROFILE, (uint32_t)m->icc_size, m->icc->data)) &&
           (!m->xmp_size || TIFFSetField(tif, TIFFTAG_XMLPACKET, (uint32_t)m->xmp_size, m->xmp->data)) &&
           (!m->iptc_size || set_iptc(tif, m)) && set_texts(tif, m);
}

static bool set_fields(TIFF *tif, const stylize_image *in, const stz_metadata *metadata)
{
    const bool alpha = in->format == STYLIZE_FORMAT_RGBA8 || in->format == STYLIZE_FORMAT_RGBA16;
    const bool deep = stz_is_deep(in->format), grey = in->format == STYLIZE_FORMAT_GRAY8;
    const uint16_t unassociated = EXTRASAMPLE_UNASSALPHA;
    const size_t row = (size_t)in->width * (size_t)stz_bytes_per_pixel(in->format);
    const uint32_t rows = row < ROWS_BYTES ? (uint32_t)(ROWS_BYTES / row) : 1;
    return TIFFSetField(tif, TIFFTAG_IMAGEWIDTH, in->width) &&
           TIFFSetField(tif, TIFFTAG_IMAGELENGTH, in->height) &&
           TIFFSetField(tif, TIFFTAG_BITSPERSAMPLE, deep ? 16 : 8) &&
           TIFFSetField(tif, TIFFTAG_SAMPLESPERPIXEL, stz_bytes_per_pixel(in->format) / (deep ? 2 : 1)) &&
           TIFFSetField(tif, TIFFTAG_PHOTOMETRIC, grey ? PHOTOMETRIC_MINISBLACK : PHOTOMETRIC_RGB) &&
           TIFFSetField(tif, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) &&
           TIFFSetField(tif, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT) &&
           TIFFSetField(tif, TIFFTAG_ROWSPERSTRIP, rows) &&
           /* read by everything; a predictor makes it small */
           TIFFSetField(tif, TIFFTAG_COMPRESSION, COMPRESSION_LZW) &&
           TIFFSetField(tif, TIFFTAG_PREDICTOR, PREDICTOR_HORIZONTAL) &&
           (!alpha || TIFFSetField(tif, TIFFTAG_EXTRASAMPLES, 1, &unassociated)) &&
           (!metadata || set_metadata(tif, metadata));
}

/* libtiff changes the row that it is given. */
static bool write_rows(TIFF *tif, const stylize_image *in, uint8_t *line)
{
    const size_t row = (size_t)in->width * (size_t)stz_bytes_per_pixel(in->format);
    for (uint32_t y = 0; y < in->height; y++) {
        memcpy(line, in->pixels + (size_t)y * (size_t)in->stride, row);
        if (TIFFWriteScanline(tif, line, y, 0) < 0)
            return false;
    }
    return true;
}

stylize_status stz_tiff_encode(const stylize_image *in, const stz_metadata *metadata, stz_sink *sink,
                               stylize_error *err)
{
    struct encoder e = {.sink = sink};
    const size_t row = (size_t)in->width * (size_t)stz_bytes_per_pixel(in->format);
    stz_buf *line = stz_pool_get(sink->pool, STZ_MEM_SCRATCH, row);
    TIFFOpenOptions *options = line ? TIFFOpenOptionsAlloc() : NULL;
    if (!options) {
        stz_buf_unref(line);
        return stz_nomem(err, row);
    }
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, &e);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, &e);
    TIFF *tif = TIFFClientOpenExt("picture", "wl", &e, read_bytes, write_bytes, seek, close_nothing, size_of,
                                  NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    bool ok = tif && set_fields(tif, in, metadata) && write_rows(tif, in, line->data);
    if (tif) {
        ok = ok && TIFFFlush(tif);
        TIFFClose(tif);
    }
    stz_buf_unref(line);
    if (ok && !e.full)
        return STYLIZE_OK;
    if (e.full || !tif)
        return stz_nomem(err, sink->used + row);
    return stz_fail(err, STYLIZE_ERR_INVALID, "TIFF of %ux%u could not be written: %s", in->width, in->height,
                    e.text[0] ? e.text : "libtiff does not say why");
}

#else

stylize_status stz_tiff_encode(const stylize_image *in, const stz_metadata *metadata, stz_sink *sink,
                               stylize_error *err)
{
    return stz_format_missing(STYLIZE_FORMAT_TIFF, "libtiff", err);
}

#endif
