/* Sockets that do not block, poll, and GnuTLS on top. */
#include "remote/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gnutls/gnutls.h>

#include "common/clock.h"

/* False when the deadline comes first. */
static bool wait_for(const wire *w, short events, uint64_t deadline_ns)
{
    for (;;) {
        const uint64_t now = now_ns();
        if (now >= deadline_ns)
            return false;
        struct pollfd p = {.fd = w->socket, .events = events};
        const int n = poll(&p, 1, (int)((deadline_ns - now + 999999) / 1000000));
        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR)
            return false;
    }
}

static bool connect_one(wire *w, const struct addrinfo *a, uint64_t deadline_ns)
{
    const int on = 1;
    int error = 0;
    socklen_t size = sizeof error;
    w->socket = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
    if (w->socket < 0)
        return false;
    bool ok = !connect(w->socket, a->ai_addr, a->ai_addrlen);
    if (!ok && errno == EINPROGRESS) {
        if (!wait_for(w, POLLOUT, deadline_ns))
            error = ETIMEDOUT;
        else
            getsockopt(w->socket, SOL_SOCKET, SO_ERROR, &error, &size);
        ok = !error;
        errno = error;
    }
    if (ok) {
        setsockopt(w->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(w->socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
        return true;
    }
    const int why = errno;
    close(w->socket);
    w->socket = -1;
    errno = why;
    return false;
}

#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

static bool start_tls(wire *w, const wire_options *o, uint64_t deadline_ns, char *why, size_t size)
{
    gnutls_certificate_credentials_t trust = NULL;
    gnutls_session_t session = NULL;
    int rc = gnutls_certificate_allocate_credentials(&trust);
    w->trust = trust;
    if (rc >= 0)
        rc = o->ca_file ? gnutls_certificate_set_x509_trust_file(trust, o->ca_file, GNUTLS_X509_FMT_PEM)
                        : gnutls_certificate_set_x509_system_trust(trust);
    if (rc >= 0)
        rc = gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
    w->session = session;
    if (rc >= 0)
        rc = gnutls_priority_set_direct(session, PRIORITIES, NULL);
    if (rc >= 0)
        rc = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, trust);
    if (rc >= 0)
        rc = gnutls_server_name_set(session, GNUTLS_NAME_DNS, o->host, strlen(o->host));
    if (rc >= 0) {
        gnutls_session_set_verify_cert(session, o->host, 0);
        gnutls_transport_set_int(session, w->socket);
        do {
            rc = gnutls_handshake(session);
            if (rc == GNUTLS_E_AGAIN &&
                !wait_for(w, gnutls_record_get_direction(session) ? POLLOUT : POLLIN, deadline_ns))
                rc = GNUTLS_E_TIMEDOUT;
        } while (rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED || rc == GNUTLS_E_WARNING_ALERT_RECEIVED);
    }
    if (rc < 0)
        snprintf(why, size, "TLS: %s", gnutls_strerror(rc));
    return rc >= 0;
}

void wire_close(wire *w)
{
    if (w->session)
        gnutls_deinit(w->session);
    if (w->trust)
        gnutls_certificate_free_credentials(w->trust);
    if (w->socket >= 0)
        close(w->socket);
    *w = (wire){.socket = -1};
}

bool wire_open(wire *w, const wire_options *o, uint64_t deadline_ns, char *why, size_t size)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *list = NULL;
    char port[16];
    *w = (wire){.socket = -1};
    snprintf(port, sizeof port, "%u", o->port);
    const int rc = getaddrinfo(o->host, port, &hints, &list);
    if (rc) {
        snprintf(why, size, "the name %s is not known: %s", o->host, gai_strerror(rc));
        return false;
    }
    bool ok = false;
    for (const struct addrinfo *a = list; a && !ok; a = a->ai_next)
        ok = connect_one(w, a, deadline_ns);
    freeaddrinfo(list);
    if (!ok) {
        snprintf(why, size, "no connection: %s", strerror(errno));
        return false;
    }
    ok = !o->tls || start_tls(w, o, deadline_ns, why, size);
    if (!ok)
        wire_close(w);
    return ok;
}

/* One attempt; bytes, 0: the end, -1: wait for *events. */
static ssize_t move(wire *w, void *in, const void *out, size_t size, short *events)
{
    ssize_t n;
    if (w->session) {
        n = in ? gnutls_record_recv(w->session, in, size) : gnutls_record_send(w->session, out, size);
        *events = gnutls_record_get_direction(w->session) ? POLLOUT : POLLIN;
        return n > 0 ? n : n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED ? -1 : 0;
    }
    n = in ? recv(w->socket, in, size, 0) : send(w->socket, out, size, MSG_NOSIGNAL);
    *events = in ? POLLIN : POLLOUT;
    return n > 0 ? n : n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? -1 : 0;
}

bool wire_write(wire *w, const void *data, size_t size, uint64_t deadline_ns)
{
    for (size_t done = 0; done < size;) {
        short events;
        const ssize_t n = move(w, NULL, (const char *)data + done, size - done, &events);
        if (!n || (n < 0 && !wait_for(w, events, deadline_ns)))
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

size_t wire_read(wire *w, void *out, size_t size, uint64_t deadline_ns)
{
    for (;;) {
        short events;
        const ssize_t n = move(w, out, NULL, size, &events);
        if (n >= 0)
            return (size_t)n;
        if (!wait_for(w, events, deadline_ns))
            return 0;
    }
}

bool wire_idle(const wire *w)
{
    struct pollfd p = {.fd = w->socket, .events = POLLIN};
    return w->socket >= 0 && !poll(&p, 1, 0);
}
