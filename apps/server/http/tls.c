/* TLS. */
#include "http/tls.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define CHAIN_MAX 16
#define OLD_MAX   64 /* pairs that handshakes may still use; renewed certificates are rare */

typedef struct pair {
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned length;
    gnutls_privkey_t key;
} pair;

struct tls {
    const char *cert, *key; /* the configuration's */
    pthread_rwlock_t lock;
    pair *pairs[OLD_MAX]; /* the last one is in use */
    size_t count;
};

/* The callback has no user pointer; a process serves with one configuration. */
static struct tls *current;

static void pair_free(pair *p)
{
    for (unsigned i = 0; i < p->length; i++)
        gnutls_pcert_deinit(&p->chain[i]);
    if (p->key)
        gnutls_privkey_deinit(p->key);
    free(p);
}

static bool load_chain(pair *p, const char *path)
{
    gnutls_datum_t pem;
    unsigned n = CHAIN_MAX;
    if (gnutls_load_file(path, &pem) < 0)
        return false;
    const int rc = gnutls_pcert_list_import_x509_raw(p->chain, &n, &pem, GNUTLS_X509_FMT_PEM, 0);
    gnutls_free(pem.data);
    p->length = rc < 0 ? 0 : n;
    return rc >= 0 && n > 0;
}

static bool load_key(pair *p, const char *path)
{
    gnutls_datum_t pem;
    if (gnutls_load_file(path, &pem) < 0)
        return false;
    const bool ok = gnutls_privkey_init(&p->key) >= 0 &&
                    gnutls_privkey_import_x509_raw(p->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0) >= 0;
    gnutls_memset(pem.data, 0, pem.size);
    gnutls_free(pem.data);
    return ok;
}

/* Whether the key belongs to the first certificate. */
static bool fits(const pair *p)
{
    gnutls_pubkey_t of_key;
    unsigned char a[64], b[64];
    size_t a_size = sizeof a, b_size = sizeof b;
    if (gnutls_pubkey_init(&of_key) < 0)
        return false;
    const bool ok = gnutls_pubkey_import_privkey(of_key, p->key, 0, 0) >= 0 &&
                    gnutls_pubkey_get_key_id(of_key, GNUTLS_KEYID_USE_SHA256, a, &a_size) >= 0 &&
                    gnutls_pubkey_get_key_id(p->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256, b, &b_size) >= 0 &&
                    a_size == b_size && equal_secret(a, b, a_size);
    gnutls_pubkey_deinit(of_key);
    return ok;
}

static pair *pair_load(const struct tls *t, char *message, size_t size)
{
    pair *p = calloc(1, sizeof *p);
    if (!p)
        snprintf(message, size, "out of memory");
    else if (!load_chain(p, t->cert))
        snprintf(message, size, "%s holds no certificate in PEM, or cannot be read", t->cert);
    else if (!load_key(p, t->key))
        snprintf(message, size, "%s holds no private key in PEM, or cannot be read", t->key);
    else if (!fits(p))
        snprintf(message, size, "the key %s does not belong to the certificate %s", t->key, t->cert);
    else
        return p;
    if (p)
        pair_free(p);
    return NULL;
}

bool tls_reload(struct tls *t, char *message, size_t size)
{
    if (t->count == OLD_MAX) {
        snprintf(message, size, "certificates were renewed too often; restart the server");
        return false;
    }
    pair *p = pair_load(t, message, size);
    if (!p)
        return false;
    pthread_rwlock_wrlock(&t->lock);
    t->pairs[t->count++] = p;
    pthread_rwlock_unlock(&t->lock);
    return true;
}

static int retrieve(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                    const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **chain,
                    unsigned *length, gnutls_privkey_t *key)
{
    pthread_rwlock_rdlock(&current->lock);
    pair *p = current->pairs[current->count - 1];
    pthread_rwlock_unlock(&current->lock);
    *chain = p->chain;
    *length = p->length;
    *key = p->key;
    return 0;
}

struct tls *tls_create(const char *cert, const char *key, char *message, size_t size)
{
    struct tls *t = NULL;
    if (MHD_is_feature_supported(MHD_FEATURE_SSL) != MHD_YES)
        snprintf(message, size, "the libmicrohttpd that is installed here was built without TLS");
    else if (!(t = calloc(1, sizeof *t)))
        snprintf(message, size, "out of memory");
    if (!t)
        return NULL;
    t->cert = cert;
    t->key = key;
    pthread_rwlock_init(&t->lock, NULL);
    if (!tls_reload(t, message, size)) {
        tls_destroy(t);
        return NULL;
    }
    current = t;
    return t;
}

unsigned tls_options(struct tls *t, struct MHD_OptionItem options[4])
{
    static char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE";
    options[0] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, priorities};
    options[1] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)retrieve};
    options[2] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    return MHD_USE_TLS;
}

void tls_destroy(struct tls *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->count; i++)
        pair_free(t->pairs[i]);
    pthread_rwlock_destroy(&t->lock);
    if (current == t)
        current = NULL;
    free(t);
}
