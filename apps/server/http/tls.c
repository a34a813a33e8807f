/* TLS. */
#include "http/tls.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "common/clock.h"

#define CHAIN_MAX 16
/* A pair that was replaced stays for handshakes that have begun; they are cut off long before that time is over. */
#define KEPT_NS (900ull * 1000000000)

typedef struct pair {
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned length;
    gnutls_privkey_t key;
    uint8_t digest[DIGEST_SIZE]; /* of both files */
    uint64_t replaced_ns;
    struct pair *older;
} pair;

struct tls {
    const char *cert, *key; /* the configuration's */
    pthread_rwlock_t lock;
    pair *newest; /* is in use */
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

static bool load_chain(pair *p, const char *path, digester *d)
{
    gnutls_datum_t pem;
    unsigned n = CHAIN_MAX;
    if (gnutls_load_file(path, &pem) < 0)
        return false;
    digest_add(d, pem.data, pem.size);
    const int rc = gnutls_pcert_list_import_x509_raw(p->chain, &n, &pem, GNUTLS_X509_FMT_PEM, 0);
    gnutls_free(pem.data);
    p->length = rc < 0 ? 0 : n;
    return rc >= 0 && n > 0;
}

static bool load_key(pair *p, const char *path, digester *d)
{
    gnutls_datum_t pem;
    if (gnutls_load_file(path, &pem) < 0)
        return false;
    digest_add(d, pem.data, pem.size);
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

static bool pair_read(pair *p, const struct tls *t, char *message, size_t size)
{
    digester d;
    digest_begin(&d);
    const bool chain = load_chain(p, t->cert, &d), key = chain && load_key(p, t->key, &d);
    const bool digest = digest_end(&d, p->digest);
    if (!chain)
        snprintf(message, size, "%s holds no certificate in PEM, or cannot be read", t->cert);
    else if (!key)
        snprintf(message, size, "%s holds no private key in PEM, or cannot be read", t->key);
    else if (!fits(p))
        snprintf(message, size, "the key %s does not belong to the certificate %s", t->key, t->cert);
    else if (!digest)
        snprintf(message, size, "out of memory");
    else
        return true;
    return false;
}

/* Under the lock: those that no handshake can be using any more. */
static void drop_old(struct tls *t, uint64_t now)
{
    for (pair **at = &t->newest->older; *at;) {
        pair *p = *at;
        if (now - p->replaced_ns < KEPT_NS) {
            at = &p->older;
            continue;
        }
        *at = p->older;
        pair_free(p);
    }
}

bool tls_reload(struct tls *t, char *message, size_t size)
{
    const uint64_t now = now_ns();
    pair *p = calloc(1, sizeof *p);
    if (!p) {
        snprintf(message, size, "out of memory");
        return false;
    }
    if (!pair_read(p, t, message, size)) {
        pair_free(p);
        return false;
    }
    pthread_rwlock_wrlock(&t->lock);
    const bool same = t->newest && !memcmp(t->newest->digest, p->digest, sizeof p->digest);
    if (!same) {
        p->older = t->newest;
        if (t->newest)
            t->newest->replaced_ns = now;
        t->newest = p;
    }
    drop_old(t, now);
    pthread_rwlock_unlock(&t->lock);
    if (same)
        pair_free(p);
    return true;
}

static int retrieve(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                    const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **chain,
                    unsigned *length, gnutls_privkey_t *key)
{
    pthread_rwlock_rdlock(&current->lock);
    pair *p = current->newest;
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

/* What Mozilla calls "intermediate": forward secrecy and authenticated encryption only. */
static const char usual[] =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-CIPHER-ALL:"
    "+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:-MAC-ALL:+AEAD:-GROUP-ALL:+GROUP-X25519:"
    "+GROUP-SECP256R1:+GROUP-SECP384R1:%SERVER_PRECEDENCE";

bool tls_priorities_fit(const char *text, char *message, size_t size)
{
    gnutls_priority_t read;
    const char *at = "";
    if (gnutls_priority_init(&read, text ? text : usual, &at) >= 0) {
        gnutls_priority_deinit(read);
        return true;
    }
    snprintf(message, size,
             "tls-priorities is not understood from \"%.60s\" on; allowed: a priority string of GnuTLS", at);
    return false;
}

unsigned tls_options(struct tls *t, const char *priorities, struct MHD_OptionItem options[4])
{
    options[0] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0,
                                         (void *)(uintptr_t)(priorities ? priorities : usual)};
    options[1] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)retrieve};
    options[2] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    return MHD_USE_TLS;
}

void tls_destroy(struct tls *t)
{
    if (!t)
        return;
    for (pair *p = t->newest, *older; p; p = older) {
        older = p->older;
        pair_free(p);
    }
    pthread_rwlock_destroy(&t->lock);
    if (current == t)
        current = NULL;
    free(t);
}
