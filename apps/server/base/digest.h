/* SHA-256 by GnuTLS, in pieces: keys of the cache, stored API keys. */
#ifndef SERVER_DIGEST_H
#define SERVER_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_SIZE 32

typedef struct digester {
    struct hash_hd_st *hash; /* of GnuTLS; NULL without memory */
    bool failed;
} digester;

/* digest_end is due after digest_begin; what failed in between is told there. */
void digest_begin(digester *d);
void digest_add(digester *d, const void *data, size_t size);
bool digest_end(digester *d, uint8_t out[DIGEST_SIZE]);
bool digest_of(const void *data, size_t size, uint8_t out[DIGEST_SIZE]);

#endif
