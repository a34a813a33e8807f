/*
 * A connection to another service with a deadline for everything, with or without TLS.
 *
 * hiredis has TLS from version 1.0 on only, and with OpenSSL; Debian 12 has 0.14. So its parser
 * works on this, and the server has one TLS library.
 */
#ifndef SERVER_CONNECTION_H
#define SERVER_CONNECTION_H

#include "base/text.h"

typedef struct wire {
    int socket; /* -1: closed */
    void *session;
    void *trust;
} wire;

typedef struct wire_options {
    const char *host;
    unsigned port;
    bool tls;
    const char *ca_file; /* NULL: the system's authorities */
} wire_options;

/* deadline_ns: as of now_ns. False with a few words; nothing is open then. */
bool wire_open(wire *w, const wire_options *o, uint64_t deadline_ns, char *why, size_t size);
void wire_close(wire *w);
bool wire_write(wire *w, const void *data, size_t size, uint64_t deadline_ns);
/* Bytes read, or 0: closed, failed or too late. */
size_t wire_read(wire *w, void *out, size_t size, uint64_t deadline_ns);
/* Nothing may come while nobody asks: what does is the end, or an answer that came too late. */
bool wire_idle(const wire *w);

#endif
