#include <math.h>
#include <string.h>

#include "codec/format.h"
#include "codec/icc.h"
#include "codec/names.h"
#include "codec/rows.h"

#ifdef STZ_HAVE_TIFF
#include "codec/tiff.h"

/* What turns a row of samples into one of the picture. */
struct converter {
    const stz_tiff *t;
    int step, bytes; /* of the samples */
    bool alpha, deep;
    stz_icc *icc;
    stz_buf *ink; /* a row of CMYK, then its RGB */
};

/* Sample i of a row, as 8 bits. */
static inline unsigned sample(const struct converter *c, const uint8_t *row, size_t i)
{
    if (c->bytes == 1)
        return row[i];
    uint16_t v;
    memcpy(&v, row + 2 * i, 2);
    return ((unsigned)v * 255 + 32767) / 65535;
}

static unsigned undo_alpha(unsigned value, unsigned alpha)
{
    return alpha ? (unsigned)stz_min(255, (int)((value * 255 + alpha / 2) / alpha)) : 0;
}

/* An entry of a palette has 16 bits, but old files have 8 in them. */
static uint8_t entry(const stz_tiff *t, int channel, unsigned index, bool small)
{
    const unsigned v = t->palette[channel][index];
    return (uint8_t)(small ? v : (v * 255 + 32767) / 65535);
}

static bool is_small(const stz_tiff *t)
{
    for (int c = 0; c < 3; c++)
        for (unsigned i = 0; i < 1u << t->bits; i++)
            if (t->palette[c][i] > 255)
                return false;
    return true;
}

static void palette_row(const struct converter *c, const uint8_t *row, uint8_t *to)
{
    const bool small = is_small(c->t);
    for (uint32_t x = 0; x < c->t->width; x++) {
        const unsigned index = row[(size_t)x * (size_t)c->step];
        for (int i = 0; i < 3; i++)
            *to++ = entry(c->t, i, index, small);
        if (c->alpha)
            *to++ = row[(size_t)x * (size_t)c->step + 1];
    }
}

static void colour_row(const struct converter *c, const uint8_t *row, uint8_t *to)
{
    const stz_tiff *t = c->t;
    const unsigned flip = t->photometric == PHOTOMETRIC_MINISWHITE ? 255 : 0;
    for (uint32_t x = 0; x < t->width; x++) {
        const size_t at = (size_t)x * (size_t)c->step;
        const unsigned alpha = c->alpha ? sample(c, row, at + (size_t)t->colours) : 255;
        for (int i = 0; i < 3; i++) {
            const unsigned v = sample(c, row, at + (size_t)(t->colours == 1 ? 0 : i));
            *to++ = (uint8_t)((t->times ? undo_alpha(v, alpha) : v) ^ flip);
        }
        if (c->alpha)
            *to++ = (uint8_t)alpha;
    }
}

/* Ink is 255 in a TIFF, and 0 in what the profiles are given, as in a JPEG. */
static void ink_row(const struct converter *c, const uint8_t *row, uint8_t *to)
{
    uint8_t *ink = c->ink->data, *rgb = ink + (size_t)c->t->width * 4;
    const int bpp = c->alpha ? 4 : 3;
    for (uint32_t x = 0; x < c->t->width; x++) {
        const size_t at = (size_t)x * (size_t)c->step;
        const unsigned alpha = c->alpha ? sample(c, row, at + 4) : 255;
        for (int i = 0; i < 4; i++) {
            const unsigned v = sample(c, row, at + (size_t)i);
            ink[4 * x + (size_t)i] = (uint8_t)(255 - (c->t->times ? undo_alpha(v, alpha) : v));
        }
        if (c->alpha)
            to[(size_t)x * 4 + 3] = (uint8_t)alpha;
    }
    if (c->icc)
        stz_icc_row(c->icc, ink, rgb, c->t->width);
    for (uint32_t x = 0; x < c->t->width; x++, ink += 4, rgb += 3, to += bpp)
        for (int i = 0; i < 3; i++)
            to[i] = c->icc ? rgb[i] : (uint8_t)(((unsigned)ink[i] * ink[3] + 127) / 255);
}

/* The same with all of 16 bits: grey and RGB. */
static void deep_row(const struct converter *c, const uint8_t *row, uint16_t *to)
{
    const stz_tiff *t = c->t;
    const unsigned flip = t->photometric == PHOTOMETRIC_MINISWHITE ? 65535 : 0;
    for (uint32_t x = 0; x < t->width; x++) {
        uint16_t p[5] = {0};
        const int n = t->colours + c->alpha;
        memcpy(p, row + (size_t)x * (size_t)c->step * 2, (size_t)n * 2);
        const unsigned alpha = c->alpha ? p[t->colours] : 65535;
        for (int i = 0; i < 3; i++) {
            unsigned v = p[t->colours == 1 ? 0 : i];
            if (t->times)
                v = alpha ? (unsigned)fmin(65535, round((double)v * 65535 / alpha)) : 0;
            *to++ = (uint16_t)(v ^ flip);
        }
        if (c->alpha)
            *to++ = (uint16_t)alpha;
    }
}

static void convert_row(const struct converter *c, const uint8_t *row, uint8_t *to)
{
    if (c->deep) {
        deep_row(c, row, (uint16_t *)(void *)to);
        if (c->icc)
            stz_icc_row(c->icc, to, to, c->t->width);
        return;
    }
    if (c->ink) {
        ink_row(c, row, to);
        return;
    }
    if (c->t->photometric == PHOTOMETRIC_PALETTE)
        palette_row(c, row, to);
    else
        colour_row(c, row, to);
    if (c->icc)
        stz_icc_row(c->icc, to, to, c->t->width);
}

/* Ink is converted by 8 bits, as its profiles are. */
static bool is_deep(const stz_tiff *t, const stz_source *source)
{
    return source->hint.deep && t->bits == 16 && t->colours < 4 && !t->by_libtiff;
}

static stylize_status get_converter(struct converter *c, const stz_tiff *t, const stz_tiff_rows *rows,
                                    bool deep, stz_pool *pool, stylize_error *err)
{
    const bool ink = t->colours == 4;
    *c =
        (struct converter){.t = t, .step = rows->step, .bytes = rows->bytes, .alpha = t->alpha, .deep = deep};
    if (ink) {
        const size_t size = (size_t)t->width * 7;
        c->ink = stz_pool_get(pool, STZ_MEM_SCRATCH, size);
        if (!c->ink)
            return stz_nomem(err, size);
    }
    const bool grey = t->photometric == PHOTOMETRIC_MINISBLACK || t->photometric == PHOTOMETRIC_MINISWHITE;
    c->icc = stz_icc_create(t->profile, t->profile_size,
                            ink        ? STZ_ICC_CMYK
                            : deep     ? (t->alpha ? STZ_ICC_RGBA16 : STZ_ICC_RGB16)
                            : t->alpha ? STZ_ICC_RGBA
                                       : STZ_ICC_RGB,
                            grey);
    return STYLIZE_OK;
}

/* Row by row into the upright picture. */
static stylize_status decode_plain(stz_tiff *t, const stz_source *source, stz_pool *pool, stz_rows *to,
                                   bool *whole, stylize_error *err)
{
    stz_tiff_rows rows;
    struct converter c = {0};
    stylize_status status =
        stz_tiff_rows_open(&rows, t, pool, source->limits, source->header.tolerant, whole, err);
    if (status != STYLIZE_OK)
        return status;
    status = get_converter(&c, t, &rows, is_deep(t, source), pool, err);
    while (status == STYLIZE_OK && to->y < to->height) {
        const uint8_t *row = stz_tiff_rows_next(&rows);
        if (row) {
            convert_row(&c, row, stz_rows_next(to));
            stz_rows_done(to);
        } else if (source->header.tolerant && stz_rows_fill(to)) {
            *whole = false;
        } else {
            status = stz_tiff_fail(t, err);
        }
    }
    stz_icc_free(c.icc);
    stz_buf_unref(c.ink);
    stz_tiff_rows_close(&rows);
    return status;
}

/* Kinds that are left to libtiff: 8 bits, four of them in a number, from the bottom up. */
static stylize_status decode_by_libtiff(stz_tiff *t, const stz_source *source, stz_pool *pool, stz_rows *to,
                                        bool *whole, stylize_error *err)
{
    size_t size;
    stz_buf *raster = stz_mul((size_t)t->width * t->height, sizeof(uint32_t), &size)
                          ? stz_pool_get(pool, STZ_MEM_SCRATCH, size)
                          : NULL;
    if (!raster)
        return stz_nomem(err, (uint64_t)t->width * t->height * 4);
    uint32_t *pixels = (uint32_t *)(void *)raster->data;
    memset(pixels, 0, size);
    TIFFSetField(t->tif, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT); /* turned later, as all others */
    *whole = TIFFReadRGBAImageOriented(t->tif, t->width, t->height, pixels, ORIENTATION_TOPLEFT,
                                       !source->header.tolerant);
    if (!*whole && !source->header.tolerant) {
        stz_buf_unref(raster);
        return stz_tiff_fail(t, err);
    }
    *whole = *whole && !t->text[0];
    stz_icc *icc = stz_icc_create(t->profile, t->profile_size, STZ_ICC_RGB, false);
    for (uint32_t y = 0; y < t->height; y++) {
        uint8_t *row = stz_rows_next(to), *p = row;
        for (uint32_t x = 0; x < t->width; x++) {
            const uint32_t v = pixels[(size_t)y * t->width + x];
            *p++ = (uint8_t)TIFFGetR(v);
            *p++ = (uint8_t)TIFFGetG(v);
            *p++ = (uint8_t)TIFFGetB(v);
        }
        if (icc)
            stz_icc_row(icc, row, row, t->width);
        stz_rows_done(to);
    }
    stz_icc_free(icc);
    stz_buf_unref(raster);
    return STYLIZE_OK;
}

stylize_status stz_tiff_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                               stylize_error *err)
{
    stz_tiff t;
    stylize_image image = {0};
    stylize_status status = stz_tiff_open(&t, source->data, source->size, err);
    if (status != STYLIZE_OK)
        return status;
    stz_rows to;
    bool whole = true;
    status = stz_rows_init(&to, pool, t.width, t.height, t.orientation,
                           is_deep(&t, source) ? (t.alpha ? STYLIZE_FORMAT_RGBA16 : STYLIZE_FORMAT_RGB16)
                                               : (t.alpha ? STYLIZE_FORMAT_RGBA8 : STYLIZE_FORMAT_RGB8),
                           &image, err);
    if (status == STYLIZE_OK) {
        status = t.by_libtiff ? decode_by_libtiff(&t, source, pool, &to, &whole, err)
                              : decode_plain(&t, source, pool, &to, &whole, err);
        stz_rows_free(&to);
    }
    stz_tiff_close(&t);
    if (status != STYLIZE_OK) {
        stylize_image_free(&image);
        return status;
    }
    if (!whole && source->hint.damaged)
        *source->hint.damaged = true;
    *out = image;
    return STYLIZE_OK;
}

void stz_tiff_profile(const uint8_t *data, size_t size, stz_pool *pool, stz_buf **icc, size_t *icc_size)
{
    stz_tiff t;
    *icc = NULL;
    if (stz_tiff_open(&t, data, size, NULL) != STYLIZE_OK)
        return;
    if (t.profile && t.profile_size && t.profile_size <= STZ_ICC_MAX)
        *icc = stz_pool_get(pool, STZ_MEM_SCRATCH, t.profile_size);
    if (*icc) {
        memcpy((*icc)->data, t.profile, t.profile_size);
        *icc_size = t.profile_size;
    }
    stz_tiff_close(&t);
}

#else

stylize_status stz_tiff_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err)
{
    return stz_format_missing(STYLIZE_FORMAT_TIFF, "libtiff", err);
}

stylize_status stz_tiff_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                               stylize_error *err)
{
    return stz_format_missing(STYLIZE_FORMAT_TIFF, "libtiff", err);
}

void stz_tiff_profile(const uint8_t *data, size_t size, stz_pool *pool, stz_buf **icc, size_t *icc_size)
{
    *icc = NULL;
}

#endif
