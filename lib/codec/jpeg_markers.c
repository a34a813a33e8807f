#include <string.h>

#include "codec/exif.h"
#include "codec/format.h"
#include "codec/iptc.h"

#define M_SOI        0xd8
#define M_EOI        0xd9
#define M_SOS        0xda
#define M_APP1       0xe1
#define M_APP2       0xe2
#define M_APP13      0xed
#define ICC_TAG      "ICC_PROFILE" /* with its final 0: 12 bytes, then number and count of the chunk */
#define ICC_TAG_SIZE 14

struct marker {
    int code;
    const uint8_t *body;
    size_t size;
};

static bool is_sof(int code)
{
    return code >= 0xc0 && code <= 0xcf && code != 0xc4 && code != 0xc8 && code != 0xcc;
}
static bool is_alone(int code) { return code == 0x01 || (code >= 0xd0 && code <= M_SOI); }

/* The next marker segment from *at on, which moves behind it. False at the end of the data, at the
 * end of the picture or where its pixels begin. */
static bool next_marker(const uint8_t *data, size_t size, size_t *at, struct marker *m)
{
    for (;;) {
        const uint8_t *ff = *at < size ? memchr(data + *at, 0xff, size - *at) : NULL;
        if (!ff)
            return false;
        *at = (size_t)(ff - data);
        while (*at < size && data[*at] == 0xff)
            ++*at;
        if (*at >= size)
            return false;
        m->code = data[(*at)++];
        if (m->code != 0 && !is_alone(m->code))
            break;
    }
    if (m->code == M_EOI || m->code == M_SOS || size - *at < 2)
        return false;
    size_t length = (size_t)data[*at] << 8 | data[*at + 1];
    if (length < 2 || length > size - *at)
        return false;
    m->body = data + *at + 2;
    m->size = length - 2;
    *at += length;
    return true;
}

static bool is_icc(const struct marker *m)
{
    return m->code == M_APP2 && m->size >= ICC_TAG_SIZE && !memcmp(m->body, ICC_TAG, sizeof ICC_TAG);
}

stylize_status stz_jpeg_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err)
{
    struct marker m;
    size_t at = 2;
    bool sized = false, exif = false;
    while (next_marker(data, size, &at, &m)) {
        if (is_sof(m.code) && !sized && m.size >= 6) {
            out->height = (uint32_t)m.body[1] << 8 | m.body[2];
            out->width = (uint32_t)m.body[3] << 8 | m.body[4];
            sized = true;
        } else if (m.code == M_APP1 && !exif && m.size > 6 && !memcmp(m.body, "Exif\0", 6)) {
            out->orientation = stz_exif_orientation(m.body + 6, m.size - 6);
            exif = true;
        } else if (is_icc(&m)) {
            out->icc = true;
        }
    }
    if (!sized)
        return stz_fail(err, STYLIZE_ERR_FORMAT, "JPEG has no frame header: damaged or cut short");
    return STYLIZE_OK;
}

bool stz_jpeg_profile(const uint8_t *data, size_t size, stz_pool *pool, stz_buf **buf,
                      const uint8_t **profile, size_t *profile_size)
{
    struct marker m, chunks[256] = {0};
    size_t at = 2, total = 0, found = 0, count = 0;
    *buf = NULL;
    while (next_marker(data, size, &at, &m)) {
        if (!is_icc(&m))
            continue;
        size_t number = m.body[12], of = m.body[13];
        if (!of || !number || number > of || (count && of != count) || chunks[number].body)
            return false;
        count = of;
        chunks[number] = m;
        total += m.size - ICC_TAG_SIZE;
        found++;
    }
    if (!found || found != count || total > STZ_ICC_MAX)
        return false;
    *profile_size = total;
    *profile = chunks[1].body + ICC_TAG_SIZE;
    if (count == 1)
        return true;
    *buf = stz_pool_get(pool, STZ_MEM_SCRATCH, total);
    if (!*buf)
        return false;
    uint8_t *to = (*buf)->data;
    for (size_t i = 1; i <= count; i++) {
        memcpy(to, chunks[i].body + ICC_TAG_SIZE, chunks[i].size - ICC_TAG_SIZE);
        to += chunks[i].size - ICC_TAG_SIZE;
    }
    *profile = (*buf)->data;
    return true;
}

/* What follows a signature in the first segment of that kind that begins with it. */
static bool find_segment(const uint8_t *data, size_t size, int code, const char *signature, size_t length,
                         const uint8_t **body, size_t *body_size)
{
    struct marker m;
    size_t at = 2;
    while (next_marker(data, size, &at, &m))
        if (m.code == code && m.size > length && !memcmp(m.body, signature, length)) {
            *body = m.body + length;
            *body_size = m.size - length;
            return true;
        }
    return false;
}

bool stz_jpeg_exif(const uint8_t *data, size_t size, const uint8_t **tiff, size_t *tiff_size)
{
    return find_segment(data, size, M_APP1, "Exif\0", 6, tiff, tiff_size);
}

bool stz_jpeg_xmp(const uint8_t *data, size_t size, const uint8_t **xmp, size_t *xmp_size)
{
    return find_segment(data, size, M_APP1, STZ_JPEG_XMP, sizeof STZ_JPEG_XMP, xmp, xmp_size);
}

bool stz_jpeg_iptc(const uint8_t *data, size_t size, const uint8_t **iptc, size_t *iptc_size)
{
    const uint8_t *resources;
    size_t length;
    return find_segment(data, size, M_APP13, STZ_JPEG_IPTC, sizeof STZ_JPEG_IPTC, &resources, &length) &&
           stz_iptc_find(resources, length, iptc, iptc_size);
}
