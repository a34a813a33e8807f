/* TLS 1.2 and 1.3 by GnuTLS, with certificates that can be read again while the server runs. */
#ifndef SERVER_TLS_H
#define SERVER_TLS_H

#include <microhttpd.h>

#include "base/text.h"

struct tls;

/* NULL with a message: files unreadable, not fitting each other, or a libmicrohttpd without TLS. */
struct tls *tls_create(const char *cert, const char *key, char *message, size_t size);
/* Reads the files again; the old pair stays in use if that fails. */
bool tls_reload(struct tls *t, char *message, size_t size);
/* Flags for the daemon, with the priorities of GnuTLS, NULL: the usual ones; fills at most 3 options and the end. */
unsigned tls_options(struct tls *t, const char *priorities, struct MHD_OptionItem options[4]);
/* NULL: the usual ones. */
bool tls_priorities_fit(const char *text, char *message, size_t size);
void tls_destroy(struct tls *t);

#endif
