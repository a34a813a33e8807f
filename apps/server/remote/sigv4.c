/* Signs requests. */
#include "remote/sigv4.h"

#include <stdio.h>
#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "base/digest.h"

static bool mac(const void *key, size_t key_size, const char *text, size_t size, uint8_t out[32])
{
    return gnutls_hmac_fast(GNUTLS_MAC_SHA256, key, key_size, text, size, out) == 0;
}

static void add_names(const sigv4_request *q, buf *out)
{
    for (size_t i = 0; i < q->header_count; i++)
        buf_printf(out, "%s%s", i ? ";" : "", q->headers[i].name);
}

/* Method, path, query, headers, their names, hash of the body: a line each. */
static bool canonical_digest(const sigv4_request *q, char hex[65])
{
    uint8_t digest[32];
    buf text = {0};
    buf_printf(&text, "%s\n%s\n%s\n", q->method, q->path, q->query);
    for (size_t i = 0; i < q->header_count; i++)
        buf_printf(&text, "%s:%s\n", q->headers[i].name, q->headers[i].value);
    buf_puts(&text, "\n");
    add_names(q, &text);
    buf_printf(&text, "\n%s", q->payload);
    const bool ok = !text.failed;
    if (ok)
        digest_of(text.data, text.size, digest);
    buf_free(&text);
    if (ok)
        hex_encode(digest, sizeof digest, hex);
    return ok;
}

static bool signing_key(const sigv4_request *q, uint8_t key[32])
{
    char first[4 + 256];
    const int n = snprintf(first, sizeof first, "AWS4%s", q->secret_key);
    const bool ok = n > 0 && (size_t)n < sizeof first && mac(first, (size_t)n, q->date, 8, key) &&
                    mac(key, 32, q->region, strlen(q->region), key) &&
                    mac(key, 32, q->service, strlen(q->service), key) &&
                    mac(key, 32, "aws4_request", 12, key);
    explicit_bzero(first, sizeof first);
    return ok;
}

bool sigv4_sign(const sigv4_request *q, buf *out)
{
    char hex[65], scope[160];
    uint8_t key[32], signature[32];
    buf text = {0};
    snprintf(scope, sizeof scope, "%.8s/%s/%s/aws4_request", q->date, q->region, q->service);
    bool ok = canonical_digest(q, hex) && signing_key(q, key);
    if (ok) {
        buf_printf(&text, "AWS4-HMAC-SHA256\n%s\n%s\n%s", q->date, scope, hex);
        ok = !text.failed && mac(key, sizeof key, text.data, text.size, signature);
    }
    buf_free(&text);
    explicit_bzero(key, sizeof key);
    if (!ok)
        return false;
    hex_encode(signature, sizeof signature, hex);
    buf_printf(out, "AWS4-HMAC-SHA256 Credential=%s/%s,SignedHeaders=", q->access_key, scope);
    add_names(q, out);
    buf_printf(out, ",Signature=%s", hex);
    return !out->failed;
}
