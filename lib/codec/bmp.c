/*
 * BMP: the headers of Windows and OS/2, 1 to 32 bits, palettes, masks and both run-length codes.
 * Our own: no library that only reads it is in Debian, and the format is a header and rows. Two files of it share
 * stz_bmp, the header: this one and bmp_rows.c.
 */
#include "codec/bmp.h"

#include <string.h>

#include "codec/format.h"
#include "codec/icc.h"

#define FILE_HEADER 14
#define CORE        12 /* bytes of the oldest header */
#define INFO        40
#define OS2         64
#define V5          124
#define EMBEDDED    0x4d424544u /* 'MBED': the profile is in the file */

enum { BI_RGB, BI_RLE8, BI_RLE4, BI_BITFIELDS, BI_JPEG, BI_PNG, BI_ALPHABITFIELDS };

static uint32_t get16(const uint8_t *p) { return p[0] | (uint32_t)p[1] << 8; }
static uint32_t get32(const uint8_t *p) { return get16(p) | get16(p + 2) << 16; }

static stylize_status damaged(const char *what, stylize_error *err)
{
    return stz_fail(err, STYLIZE_ERR_FORMAT, "damaged BMP: %s", what);
}

/* A run of ones anywhere in 32 bits, or none. */
static bool set_channel(uint32_t mask, stz_bmp_channel *out)
{
    *out = (stz_bmp_channel){.mask = mask};
    if (!mask)
        return true;
    while (!(mask >> out->shift & 1))
        out->shift++;
    out->top = mask >> out->shift;
    return !(out->top & (out->top + 1));
}

static stylize_status read_masks(stz_bmp *b, const uint8_t *info, uint32_t header, uint32_t compression,
                                 stylize_error *err)
{
    const bool fields = compression == BI_BITFIELDS || compression == BI_ALPHABITFIELDS;
    uint32_t masks[4] = {0x7c00, 0x3e0, 0x1f, 0};
    if (b->bits == 32)
        memcpy(masks, (const uint32_t[4]){0xff0000, 0xff00, 0xff, 0}, sizeof masks);
    /* behind a plain header the masks follow it, in larger ones they are at the same place */
    const size_t count = !fields ? 0 : header >= 56 || compression == BI_ALPHABITFIELDS ? 4 : 3;
    if (b->size < FILE_HEADER + INFO + 4 * count)
        return stz_fail(err, STYLIZE_ERR_FORMAT, "BMP is cut short");
    for (size_t i = 0; i < count; i++)
        masks[i] = get32(info + INFO + 4 * i);
    for (int i = 0; i < 4; i++)
        if (!set_channel(masks[i], &b->channel[i]))
            return damaged("the mask of a channel has holes", err);
    b->alpha = masks[3];
    return STYLIZE_OK;
}

static bool is_known(const stz_bmp *b, uint32_t compression)
{
    switch (compression) {
    case BI_RGB:
        return b->bits == 1 || b->bits == 2 || b->bits == 4 || b->bits == 8 || b->bits == 16 ||
               b->bits == 24 || b->bits == 32;
    case BI_RLE8:
        return b->bits == 8;
    case BI_RLE4:
        return b->bits == 4;
    case BI_BITFIELDS:
    case BI_ALPHABITFIELDS:
        return b->bits == 16 || b->bits == 32;
    default:
        return false;
    }
}

/* The palette lies between the headers and the pixels; what is cut off or not there is black. Some programs say that the
 * pixels begin where it does. */
static void read_palette(stz_bmp *b, size_t at, size_t entry, uint32_t colours)
{
    const uint32_t most = b->bits <= 8 ? 1u << b->bits : 0;
    if (!colours || colours > most)
        colours = most;
    if (b->pixels == at)
        b->pixels = at + entry * colours;
    for (uint32_t i = 0; i < colours && at + entry <= b->pixels && at + entry <= b->size; i++, at += entry) {
        b->palette[i][0] = b->data[at + 2];
        b->palette[i][1] = b->data[at + 1];
        b->palette[i][2] = b->data[at];
    }
}

static void read_profile(stz_bmp *b, const uint8_t *info, uint32_t header)
{
    if (header < V5 || get32(info + 56) != EMBEDDED)
        return;
    const size_t at = (size_t)FILE_HEADER + get32(info + 112), size = get32(info + 116);
    if (at < b->size && size <= b->size - at) {
        b->profile = b->data + at;
        b->profile_size = size;
    }
}

static stylize_status read_size(stz_bmp *b, const uint8_t *info, uint32_t header, stylize_error *err)
{
    if (header == CORE) {
        b->width = get16(info + 4);
        b->height = get16(info + 6);
        b->bits = get16(info + 10);
    } else {
        const int32_t height = (int32_t)get32(info + 8);
        b->width = get32(info + 4);
        b->top_down = height < 0;
        b->height = height < 0 ? 0u - (uint32_t)height : (uint32_t)height;
        b->bits = get16(info + 14);
    }
    if (!b->width || !b->height || b->width > INT32_MAX || b->height > INT32_MAX)
        return damaged("a side is 0 or below", err);
    return STYLIZE_OK;
}

stylize_status stz_bmp_open(const uint8_t *data, size_t size, stz_bmp *b, stylize_error *err)
{
    *b = (stz_bmp){.data = data, .size = size};
    const uint8_t *info = data + FILE_HEADER;
    const uint32_t header = size >= FILE_HEADER + 4 ? get32(info) : 0;
    if (header != CORE && (header < 16 || header > 256))
        return damaged("the header has no size that there is", err);
    if (size < (size_t)FILE_HEADER + header)
        return stz_fail(err, STYLIZE_ERR_FORMAT, "BMP is cut short");
    stylize_status status = read_size(b, info, header, err);
    if (status != STYLIZE_OK)
        return status;
    const uint32_t compression = header >= 20 ? get32(info + 16) : BI_RGB;
    if (!is_known(b, compression) ||
        (header == OS2 && compression > BI_RLE4)) /* which has others of these numbers */
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "BMP of kind %u with %u bits a pixel is not supported",
                        compression, b->bits);
    b->runs = compression == BI_RLE8 || compression == BI_RLE4;
    b->pixels = get32(data + 10);
    if (b->bits > 8) {
        status = read_masks(b, info, header, compression, err);
    } else {
        const uint32_t colours = header >= 36 ? get32(info + 32) : 0;
        read_palette(b, FILE_HEADER + header, header == CORE ? 3 : 4, colours);
    }
    if (header >= V5)
        read_profile(b, info, header);
    return status;
}

stylize_status stz_bmp_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err)
{
    stz_bmp b;
    stylize_status status = stz_bmp_open(data, size, &b, err);
    if (status != STYLIZE_OK)
        return status;
    out->width = b.width;
    out->height = b.height;
    out->alpha = b.alpha || b.runs; /* runs may leave pixels out */
    out->icc = b.profile;
    return STYLIZE_OK;
}

stylize_status stz_bmp_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                              stylize_error *err)
{
    stz_bmp b;
    stylize_image image = {0};
    stylize_status status = stz_bmp_open(source->data, source->size, &b, err);
    const stylize_format format = source->header.alpha ? STYLIZE_FORMAT_RGBA8 : STYLIZE_FORMAT_RGB8;
    if (status == STYLIZE_OK)
        status = stz_image_alloc(pool, b.width, b.height, format, &image, err);
    if (status != STYLIZE_OK)
        return status;
    bool whole = true;
    status = stz_bmp_rows(&b, &image, source->header.tolerant, &whole, err);
    if (status != STYLIZE_OK) {
        stylize_image_free(&image);
        return status;
    }
    if (!whole && source->hint.damaged)
        *source->hint.damaged = true;
    stz_icc *icc =
        stz_icc_create(b.profile, b.profile_size, source->header.alpha ? STZ_ICC_RGBA : STZ_ICC_RGB, false);
    for (uint32_t y = 0; icc && y < image.height; y++) {
        uint8_t *row = image.pixels + (size_t)y * (size_t)image.stride;
        stz_icc_row(icc, row, row, image.width);
    }
    stz_icc_free(icc);
    *out = image;
    return STYLIZE_OK;
}
