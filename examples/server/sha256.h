/* SHA-256 (FIPS 180-4), in pieces: keys of the cache, stored API keys. */
#ifndef SERVER_SHA256_H
#define SERVER_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct sha256 {
    uint32_t state[8];
    uint64_t size; /* bytes so far */
    uint8_t block[64];
} sha256;

void sha256_begin(sha256 *h);
void sha256_add(sha256 *h, const void *data, size_t size);
void sha256_end(sha256 *h, uint8_t out[32]);
void sha256_of(const void *data, size_t size, uint8_t out[32]);

#endif
