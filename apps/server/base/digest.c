/* SHA-256. */
#include "base/digest.h"

#include <string.h>

#include <gnutls/crypto.h>

void digest_begin(digester *d)
{
    *d = (digester){0};
    d->failed = gnutls_hash_init(&d->hash, GNUTLS_DIG_SHA256) < 0;
}

void digest_add(digester *d, const void *data, size_t size)
{
    d->failed = d->failed || (size && gnutls_hash(d->hash, data, size) < 0);
}

bool digest_end(digester *d, uint8_t out[DIGEST_SIZE])
{
    memset(out, 0, DIGEST_SIZE);
    if (d->hash)
        gnutls_hash_deinit(d->hash, d->failed ? NULL : out);
    d->hash = NULL;
    return !d->failed;
}

bool digest_of(const void *data, size_t size, uint8_t out[DIGEST_SIZE])
{
    digester d;
    digest_begin(&d);
    digest_add(&d, data, size);
    return digest_end(&d, out);
}
