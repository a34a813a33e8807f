/* Writes ZIP files. */
#include "api/zip.h"

#include <string.h>

#include <zlib.h>

#define DATE_1980 0x21 /* 1 January 1980: entries have no time of their own */

/* Little endian. */
static void put(buf *b, unsigned bytes, uint32_t value)
{
    uint8_t out[4];
    for (unsigned i = 0; i < bytes; i++)
        out[i] = (uint8_t)(value >> (8 * i));
    buf_append(b, out, bytes);
}

/* What the local header and the directory have in common. */
static void put_facts(buf *b, uint32_t crc, size_t size, size_t name)
{
    put(b, 2, 20);    /* version needed */
    put(b, 2, 0x800); /* names are UTF-8 */
    put(b, 2, 0);     /* stored */
    put(b, 2, 0);
    put(b, 2, DATE_1980);
    put(b, 4, crc);
    put(b, 4, (uint32_t)size);
    put(b, 4, (uint32_t)size);
    put(b, 2, (uint32_t)name);
    put(b, 2, 0);
}

void zip_add(zip *z, buf *out, const char *name, const void *data, size_t size)
{
    const uint32_t crc = (uint32_t)crc32_z(0, data, size);
    const size_t length = strlen(name), before = out->size;
    if (size > UINT32_MAX || z->offset > UINT32_MAX - size - 1024 || z->count == UINT16_MAX) {
        out->failed = true; /* would need ZIP64; bodies are far smaller */
        return;
    }
    put(out, 4, 0x04034b50);
    put_facts(out, crc, size, length);
    buf_puts(out, name);
    buf_append(out, data, size);

    put(&z->directory, 4, 0x02014b50);
    put(&z->directory, 2, 20);
    put_facts(&z->directory, crc, size, length);
    put(&z->directory, 2, 0); /* comment */
    put(&z->directory, 2, 0); /* disk */
    put(&z->directory, 2, 0);
    put(&z->directory, 4, 0);
    put(&z->directory, 4, (uint32_t)z->offset);
    buf_puts(&z->directory, name);
    z->offset += out->size - before;
    z->count++;
}

void zip_end(zip *z, buf *out)
{
    buf_append(out, z->directory.data, z->directory.size);
    put(out, 4, 0x06054b50);
    put(out, 2, 0);
    put(out, 2, 0);
    put(out, 2, z->count);
    put(out, 2, z->count);
    put(out, 4, (uint32_t)z->directory.size);
    put(out, 4, (uint32_t)z->offset);
    put(out, 2, 0);
}

void zip_free(zip *z) { buf_free(&z->directory); }
