#include "base/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "base/digest.h"
#include "base/files.h"

static uint8_t secret[DIGEST_SIZE]; /* digest of the key: of one size, whatever was given */
static bool keyed;

void seal_with(slice key) { keyed = key.data && digest_of(key.data, key.size, secret); }

bool seal_keyed(void) { return keyed; }

bool seal_load(const char *path, char *message, size_t size)
{
    buf text = {0};
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    const bool read = file >= 0 && file_read(file, SEAL_KEY_MOST, &text);
    if (!read)
        snprintf(message, size, "the key %s cannot be read: %s", path,
                 file < 0 ? strerror(errno) : "it is no file, or longer than 4096 bytes");
    if (file >= 0)
        close(file);
    while (text.size && (text.data[text.size - 1] == '\n' || text.data[text.size - 1] == '\r'))
        text.size--;
    const bool long_enough = text.size >= SEAL_KEY_LEAST;
    if (read && !long_enough)
        snprintf(message, size, "the key %s has %zu bytes; at least %d are needed", path, text.size,
                 SEAL_KEY_LEAST);
    if (read && long_enough)
        seal_with((slice){text.data, text.size});
    if (text.data)
        gnutls_memset(text.data, 0, text.size);
    buf_free(&text);
    if (read && long_enough && !keyed)
        snprintf(message, size, "GnuTLS cannot digest the key %s", path);
    return read && long_enough && keyed;
}

bool seal_of(slice head, slice body, uint8_t out[SEAL_SIZE])
{
    gnutls_hmac_hd_t mac;
    if (!keyed) {
        digester sum;
        digest_begin(&sum);
        digest_add(&sum, head.data, head.size);
        digest_add(&sum, body.data, body.size);
        return digest_end(&sum, out);
    }
    memset(out, 0, SEAL_SIZE);
    if (gnutls_hmac_init(&mac, GNUTLS_MAC_SHA256, secret, sizeof secret) < 0)
        return false;
    const bool ok = (!head.size || gnutls_hmac(mac, head.data, head.size) >= 0) &&
                    (!body.size || gnutls_hmac(mac, body.data, body.size) >= 0);
    gnutls_hmac_deinit(mac, ok ? out : NULL);
    return ok;
}

bool seal_equal(const uint8_t a[SEAL_SIZE], const uint8_t b[SEAL_SIZE])
{
    return gnutls_memcmp(a, b, SEAL_SIZE) == 0;
}
