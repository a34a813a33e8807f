/* Chunks of a WebP that are metadata, read and written without libwebp. */
#include <string.h>

#include "codec/webp_parts.h"

#define RIFF_SIZE  12
#define VP8X_SIZE  18 /* the chunk with its header */
#define FLAG_ICC   0x20
#define FLAG_ALPHA 0x10
#define FLAG_EXIF  0x08
#define FLAG_XMP   0x04

static uint32_t get32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static const uint8_t *find_chunk(const uint8_t *data, size_t size, const char *name, size_t *length)
{
    for (size_t at = RIFF_SIZE; at < size && size - at >= 8;) {
        const uint64_t n = get32(data + at + 4);
        if (n > size - at - 8)
            return NULL;
        if (!memcmp(data + at, name, 4)) {
            *length = (size_t)n;
            return data + at + 8;
        }
        at += 8 + (size_t)n + (n & 1);
    }
    return NULL;
}

bool stz_webp_exif(const uint8_t *data, size_t size, const uint8_t **tiff, size_t *tiff_size)
{
    *tiff = find_chunk(data, size, "EXIF", tiff_size);
    if (*tiff && *tiff_size > 6 &&
        !memcmp(*tiff, "Exif\0", 6)) { /* written by some programs, against the rule */
        *tiff += 6;
        *tiff_size -= 6;
    }
    return *tiff;
}

bool stz_webp_profile(const uint8_t *data, size_t size, const uint8_t **profile, size_t *profile_size)
{
    *profile = find_chunk(data, size, "ICCP", profile_size);
    return *profile;
}

bool stz_webp_xmp(const uint8_t *data, size_t size, const uint8_t **xmp, size_t *xmp_size)
{
    *xmp = find_chunk(data, size, "XMP ", xmp_size);
    return *xmp;
}

static size_t padded(size_t size) { return size ? 8 + size + (size & 1) : 0; }

static uint8_t *put_chunk(uint8_t *to, const char *name, const uint8_t *body, size_t size)
{
    if (!size)
        return to;
    memcpy(to, name, 4);
    put32(to + 4, (uint32_t)size);
    memcpy(to + 8, body, size);
    to[8 + size] = 0; /* the padding, if there is one; else what follows is written over it */
    return to + padded(size);
}

bool stz_webp_add(stz_sink *sink, const stylize_image *in, const stz_metadata *m)
{
    const size_t icc = padded(m->icc_size), exif = padded(m->exif_size), xmp = padded(m->xmp_size);
    const bool extended = !memcmp(sink->buf->data + RIFF_SIZE, "VP8X", 4);
    const size_t head = extended ? 0 : VP8X_SIZE;
    if (!icc && !exif && !xmp)
        return true;
    if (!stz_sink_reserve(sink, head + icc + exif + xmp + 1))
        return false;
    uint8_t *data = sink->buf->data, *chunks = data + RIFF_SIZE;
    const size_t before = extended ? VP8X_SIZE : 0, rest = sink->used - RIFF_SIZE - before;
    /* VP8X, ICCP, the picture, EXIF, XMP: in this order by the standard */
    memmove(chunks + VP8X_SIZE + icc, chunks + before, rest);
    if (!extended) {
        memset(chunks, 0, VP8X_SIZE);
        memcpy(chunks, "VP8X", 4);
        put32(chunks + 4, VP8X_SIZE - 8);
        chunks[8] = in->format == STYLIZE_FORMAT_RGBA8 ? FLAG_ALPHA : 0;
        put32(chunks + 12, in->width - 1); /* 24 bits each; the fourth byte is written over */
        put32(chunks + 15, (in->height - 1) | (uint32_t)chunks[18] << 24);
    }
    chunks[8] |= (uint8_t)((icc ? FLAG_ICC : 0) | (exif ? FLAG_EXIF : 0) | (xmp ? FLAG_XMP : 0));
    uint8_t first = chunks[VP8X_SIZE + icc];
    put_chunk(chunks + VP8X_SIZE, "ICCP", icc ? m->icc->data : NULL, m->icc_size);
    chunks[VP8X_SIZE + icc] = first;
    uint8_t *end =
        put_chunk(chunks + VP8X_SIZE + icc + rest, "EXIF", exif ? m->exif->data : NULL, m->exif_size);
    put_chunk(end, "XMP ", xmp ? m->xmp->data : NULL, m->xmp_size);
    sink->used += head + icc + exif + xmp;
    put32(data + 4, (uint32_t)(sink->used - 8));
    return true;
}
