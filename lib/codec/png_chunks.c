/* Chunks of a PNG that are metadata, read without libpng. */
#include <string.h>
#include <zlib.h>

#include "codec/format.h"
#include "codec/xmp.h"

#define SIGNATURE_SIZE 8
#define NAME_MAX_SIZE  80 /* of a profile's name with its final 0 */

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The first chunk of that name that is whole and begins like this, wherever it stands. */
static const uint8_t *find_begun(const uint8_t *data, size_t size, const char *name, const char *begin,
                                 size_t begin_size, size_t *length)
{
    for (size_t at = SIGNATURE_SIZE; at < size && size - at >= 12;) {
        const uint32_t n = get32(data + at);
        if (size - at < (uint64_t)n + 12)
            return NULL;
        const uint8_t *chunk = data + at + 4;
        if (!memcmp(chunk, name, 4) && n >= begin_size && !memcmp(chunk + 4, begin, begin_size) &&
            crc32(0, chunk, n + 4) == get32(chunk + 4 + n)) {
            *length = n;
            return chunk + 4;
        }
        at += (size_t)n + 12;
    }
    return NULL;
}

static const uint8_t *find_chunk(const uint8_t *data, size_t size, const char *name, size_t *length)
{
    return find_begun(data, size, name, "", 0, length);
}

bool stz_png_exif(const uint8_t *data, size_t size, const uint8_t **tiff, size_t *tiff_size)
{
    *tiff = find_chunk(data, size, "eXIf", tiff_size);
    return *tiff;
}

int stz_png_primaries(const uint8_t *data, size_t size)
{
    size_t length;
    const uint8_t *cicp = find_chunk(data, size, "cICP", &length);
    return cicp && length == 4 && !cicp[2] ? cicp[0]
                                           : 0; /* a matrix other than that of RGB is not allowed in a PNG */
}

/* Inflates into a pooled buffer; NULL if it is damaged or larger than a profile may be. */
static stz_buf *inflate_profile(const uint8_t *data, size_t size, stz_pool *pool, size_t *out)
{
    uint8_t head[4];
    z_stream z = {
        .next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)size, .next_out = head, .avail_out = 4};
    if (inflateInit(&z) != Z_OK)
        return NULL;
    const int begun = inflate(&z, Z_SYNC_FLUSH);
    const size_t length = get32(head); /* a profile begins with its size */
    stz_buf *buf = NULL;
    bool whole = false;
    if ((begun == Z_OK || begun == Z_STREAM_END) && !z.avail_out && length > 4 && length <= STZ_ICC_MAX)
        buf = stz_pool_get(pool, STZ_MEM_SCRATCH, length);
    if (buf) {
        memcpy(buf->data, head, 4);
        z.next_out = buf->data + 4;
        z.avail_out = (uInt)length - 4;
        const int code = inflate(&z, Z_FINISH);
        whole = !z.avail_out && (code == Z_STREAM_END || code == Z_OK || code == Z_BUF_ERROR);
    }
    inflateEnd(&z);
    if (!whole) {
        stz_buf_unref(buf);
        return NULL;
    }
    *out = length;
    return buf;
}

bool stz_png_profile(const uint8_t *data, size_t size, stz_pool *pool, stz_buf **buf, const uint8_t **profile,
                     size_t *profile_size)
{
    size_t length;
    const uint8_t *chunk = find_chunk(data, size, "iCCP", &length);
    const uint8_t *end = chunk ? memchr(chunk, 0, length < NAME_MAX_SIZE ? length : NAME_MAX_SIZE) : NULL;
    if (!end || (size_t)(end - chunk) + 2 > length || end[1] != 0) /* the one method that there is */
        return false;
    *buf = inflate_profile(end + 2, length - (size_t)(end - chunk) - 2, pool, profile_size);
    *profile = *buf ? (*buf)->data : NULL;
    return *buf;
}

/* A text of unknown size, in a pooled buffer of as many bytes as may be looked at; NULL if it is damaged or larger. */
static stz_buf *inflate_text(const uint8_t *data, size_t size, stz_pool *pool, size_t *out)
{
    stz_buf *buf = stz_pool_get(pool, STZ_MEM_SCRATCH, STZ_XMP_MAX);
    uLongf length = STZ_XMP_MAX;
    if (buf && uncompress(buf->data, &length, data, size) != Z_OK) {
        stz_buf_unref(buf);
        return NULL;
    }
    *out = length;
    return buf;
}

bool stz_png_xmp(const uint8_t *data, size_t size, stz_pool *pool, stz_buf **buf, const uint8_t **xmp,
                 size_t *xmp_size)
{
    static const char keyword[] = STZ_PNG_XMP;
    size_t length;
    const uint8_t *chunk = find_begun(data, size, "iTXt", keyword, sizeof keyword, &length);
    const uint8_t *at = chunk ? chunk + sizeof keyword : NULL;
    *buf = NULL;
    if (!chunk || length < sizeof keyword + 2)
        return false;
    const bool compressed = at[0];
    const uint8_t *end = chunk + length;
    at += 2;                      /* and the method, of which there is one */
    for (int i = 0; i < 2; i++) { /* its language, and the keyword in it */
        const uint8_t *zero = memchr(at, 0, (size_t)(end - at));
        if (!zero)
            return false;
        at = zero + 1;
    }
    *xmp = at;
    *xmp_size = (size_t)(end - at);
    if (!compressed)
        return true;
    *buf = inflate_text(at, *xmp_size, pool, xmp_size);
    *xmp = *buf ? (*buf)->data : NULL;
    return *buf;
}
