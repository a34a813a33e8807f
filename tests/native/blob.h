/* Safetensors files in memory, for tests: any header text over data of a given size. */
#ifndef TESTS_BLOB_H
#define TESTS_BLOB_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct blob {
    uint8_t *data; /* from malloc: what a parser reads past the end a sanitizer sees */
    size_t size;
} blob;

/* The header is padded with blanks to a multiple of 8, as all writers do; data: all bytes `fill`. */
static inline blob blob_make(const char *header, size_t data_size, uint8_t fill)
{
    const size_t length = strlen(header), padded = (length + 7) / 8 * 8;
    blob b = {malloc(8 + padded + data_size), 8 + padded + data_size};
    const uint64_t prefix = padded;
    memcpy(b.data, &prefix, 8);
    memset(b.data + 8, ' ', padded);
    memcpy(b.data + 8, header, length);
    memset(b.data + 8 + padded, fill, data_size);
    return b;
}

#endif
