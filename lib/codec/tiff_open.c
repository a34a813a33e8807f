#include "codec/names.h"

#ifdef STZ_HAVE_TIFF
#include "codec/tiff.h"

#include <stdio.h>
#include <string.h>

#define SINGLE_MAX ((tmsize_t)1 << 30) /* bytes that libtiff takes at once */

static tmsize_t read_bytes(thandle_t handle, void *to, tmsize_t size)
{
    stz_tiff *t = handle;
    if (t->at >= t->size || size <= 0)
        return 0;
    const size_t left = t->size - (size_t)t->at, n = (size_t)size < left ? (size_t)size : left;
    memcpy(to, t->data + t->at, n);
    t->at += n;
    return (tmsize_t)n;
}

static tmsize_t write_nothing(thandle_t handle, void *from, tmsize_t size) { return 0; }

static toff_t seek(thandle_t handle, toff_t offset, int whence)
{
    stz_tiff *t = handle;
    t->at = whence == SEEK_CUR ? t->at + offset : whence == SEEK_END ? t->size + offset : offset;
    return t->at;
}

static int close_nothing(thandle_t handle) { return 0; }
static toff_t size_of(thandle_t handle) { return ((stz_tiff *)handle)->size; }

static int map(thandle_t handle, void **base, toff_t *size)
{
    stz_tiff *t = handle;
    *base = (void *)(uintptr_t)t->data;
    *size = t->size;
    return 1;
}

static void unmap(thandle_t handle, void *base, toff_t size) {}

static int on_error(TIFF *tif, void *user, const char *module, const char *format, va_list args)
{
    stz_tiff *t = user;
    if (!t->text[0])
        vsnprintf(t->text, sizeof t->text, format, args);
    return 1; /* not to the process's own handler, which prints */
}

static int on_warning(TIFF *tif, void *user, const char *module, const char *format, va_list args)
{
    return 1;
}

stylize_status stz_tiff_fail(const stz_tiff *t, stylize_error *err)
{
    return stz_fail(err, STYLIZE_ERR_FORMAT, "damaged TIFF: %s", t->text[0] ? t->text : "it ends too early");
}

static stylize_status unsupported(const char *what, unsigned value, stylize_error *err)
{
    return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "TIFF of an unsupported kind: %s %u", what, value);
}

/* A fourth sample of RGB of which the file says nothing at all is alpha, as others read it; where it says that it is
 * not specified, it is not. libtiff gives the same for both. */
static bool is_unsaid_alpha(const stz_tiff *t)
{
    const uint8_t *value;
    size_t bytes;
    return t->photometric == PHOTOMETRIC_RGB && t->samples == 4 &&
           stz_exif_find(t->data, t->size, TIFFTAG_IMAGEWIDTH, &value, &bytes) && /* it can be looked up */
           !stz_exif_find(t->data, t->size, TIFFTAG_EXTRASAMPLES, &value, &bytes);
}

static void read_alpha(stz_tiff *t)
{
    uint16_t count = 0, *kinds = NULL;
    if (t->samples <= t->colours || !TIFFGetFieldDefaulted(t->tif, TIFFTAG_EXTRASAMPLES, &count, &kinds) ||
        !count)
        return;
    t->times = kinds[0] == EXTRASAMPLE_ASSOCALPHA;
    t->alpha = t->times || kinds[0] == EXTRASAMPLE_UNASSALPHA ||
               (kinds[0] == EXTRASAMPLE_UNSPECIFIED && is_unsaid_alpha(t));
}

/* Whether the samples are ones that are read here; others are libtiff's to convert, if it can. */
static bool is_plain(stz_tiff *t, uint16_t sample_format, uint16_t compression)
{
    const bool few = (t->bits == 1 || t->bits == 2 || t->bits == 4) && !TIFFIsTiled(t->tif);
    if ((sample_format != SAMPLEFORMAT_UINT && sample_format != SAMPLEFORMAT_VOID) ||
        (t->bits != 8 && t->bits != 16 && !(few && t->samples == 1)))
        return false;
    switch (t->photometric) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
        t->colours = 1;
        break;
    case PHOTOMETRIC_PALETTE:
        t->colours = 1;
        return t->bits <= 8 &&
               TIFFGetField(t->tif, TIFFTAG_COLORMAP, &t->palette[0], &t->palette[1], &t->palette[2]);
    case PHOTOMETRIC_YCBCR:
        if (compression != COMPRESSION_JPEG || t->planar != PLANARCONFIG_CONTIG || t->bits != 8)
            return false;
        TIFFSetField(t->tif, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB); /* it is no tag of a file */
        t->colours = 3;
        break;
    case PHOTOMETRIC_RGB:
        t->colours = 3;
        break;
    case PHOTOMETRIC_SEPARATED:
        t->colours = 4;
        break;
    default:
        return false;
    }
    if (t->samples < t->colours)
        return false;
    read_alpha(t);
    return true;
}

static stylize_status read_kind(stz_tiff *t, stylize_error *err)
{
    uint16_t compression = 0, sample_format = 0, orientation = 1;
    uint32_t kind = 0;
    char why[1024];
    if (!TIFFGetField(t->tif, TIFFTAG_IMAGEWIDTH, &t->width) ||
        !TIFFGetField(t->tif, TIFFTAG_IMAGELENGTH, &t->height))
        return stz_fail(err, STYLIZE_ERR_FORMAT, "damaged TIFF: its picture has no size");
    TIFFGetFieldDefaulted(t->tif, TIFFTAG_BITSPERSAMPLE, &t->bits);
    TIFFGetFieldDefaulted(t->tif, TIFFTAG_SAMPLESPERPIXEL, &t->samples);
    TIFFGetFieldDefaulted(t->tif, TIFFTAG_PLANARCONFIG, &t->planar);
    TIFFGetFieldDefaulted(t->tif, TIFFTAG_COMPRESSION, &compression);
    TIFFGetFieldDefaulted(t->tif, TIFFTAG_SAMPLEFORMAT, &sample_format);
    TIFFGetFieldDefaulted(t->tif, TIFFTAG_SUBFILETYPE, &kind);
    TIFFGetFieldDefaulted(t->tif, TIFFTAG_ORIENTATION, &orientation);
    if (!TIFFGetField(t->tif, TIFFTAG_PHOTOMETRIC, &t->photometric))
        t->photometric = t->samples < 3 ? PHOTOMETRIC_MINISBLACK : PHOTOMETRIC_RGB;
    t->orientation = orientation >= 1 && orientation <= 8 ? orientation : 1;
    const uint8_t *version = NULL;
    if (kind & FILETYPE_REDUCEDIMAGE || TIFFGetField(t->tif, TIFFTAG_DNGVERSION, &version) ||
        (t->size > 10 && !memcmp(t->data + 8, "CR", 2)))
        return stz_fail(
            err, STYLIZE_ERR_UNSUPPORTED,
            "picture is a raw photograph (a kind of TIFF), which is not supported; develop it first");
    if (compression == COMPRESSION_OJPEG || !TIFFIsCODECConfigured(compression))
        return unsupported("compression", compression, err);
    if (is_plain(t, sample_format, compression))
        return STYLIZE_OK;
    if (sample_format == SAMPLEFORMAT_IEEEFP)
        return unsupported("floating-point samples of bits", t->bits, err);
    if (!TIFFRGBAImageOK(t->tif, why))
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "TIFF of an unsupported kind: %.160s", why);
    t->by_libtiff = true;
    t->alpha = t->times = false;
    return STYLIZE_OK;
}

stylize_status stz_tiff_open(stz_tiff *t, const uint8_t *data, size_t size, stylize_error *err)
{
    *t = (stz_tiff){.data = data, .size = size};
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options)
        return stz_nomem(err, 4096);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, SINGLE_MAX);
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, t);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, t);
    t->tif = TIFFClientOpenExt("picture", "r", t, read_bytes, write_nothing, seek, close_nothing, size_of,
                               map, unmap, options);
    TIFFOpenOptionsFree(options);
    if (!t->tif)
        return stz_tiff_fail(t, err);
    const stylize_status status = read_kind(t, err);
    if (status != STYLIZE_OK) {
        stz_tiff_close(t);
        return status;
    }
    void *profile = NULL;
    if (TIFFGetField(t->tif, TIFFTAG_ICCPROFILE, &t->profile_size, &profile))
        t->profile = profile;
    return STYLIZE_OK;
}

void stz_tiff_close(stz_tiff *t)
{
    if (t->tif)
        TIFFClose(t->tif);
    t->tif = NULL;
}

stylize_status stz_tiff_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err)
{
    stz_tiff t;
    const stylize_status status = stz_tiff_open(&t, data, size, err);
    if (status != STYLIZE_OK)
        return status;
    out->width = t.width;
    out->height = t.height;
    out->orientation = t.orientation;
    out->alpha = t.alpha;
    out->icc = t.profile;
    stz_tiff_close(&t);
    return STYLIZE_OK;
}

#endif
