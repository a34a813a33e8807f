#include "http/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "common/clock.h"
#include "http/admit.h"
#include "http/answer.h"
#include "http/tls.h"
#include "http/trust.h"

/* Of a connection: so much more than HEADER_MAX that it is our check which refuses a long header. */
#define CONNECTION_MEMORY (64 << 10)
#define CONNECTION_SHARES 4  /* of one peer: a fourth of all */
#define CONNECTIONS_MORE  64 /* than all, for a moment: so many are let in to see who goes for them */
#define CONNECTIONS_LEAST 16
#define FILES_MORE        256        /* besides connections */
#define BODY_FIRST        (64 << 10) /* memory for a body before its bytes are there: a promise costs nothing */

/* ------------------------------------------------------------------ exchanges */

/* The first line of a request is there. */
static void *begin_exchange(server *s, bool admin, const char *uri, struct MHD_Connection *connection)
{
    exchange *x = calloc(1, sizeof *x);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (!x || !info || !info->socket_context) {
        free(x);
        return NULL;
    }
    x->server = s;
    x->admin = admin;
    x->connection = connection;
    x->watched = info->socket_context;
    x->begun_ns = now_ns();
    x->header_bytes = strlen(uri);
    x->cut_address = strstr(uri, "%00") != NULL;
    random_id(x->id);
    watch_deadline(x->watched, s->config.header_timeout, !s->tls);
    atomic_fetch_add(&s->metrics.in_flight, 1);
    return x;
}

static void *on_line(void *user, const char *uri, struct MHD_Connection *connection)
{
    return begin_exchange(user, false, uri, connection);
}

static void *on_admin_line(void *user, const char *uri, struct MHD_Connection *connection)
{
    return begin_exchange(user, true, uri, connection);
}

static void log_exchange(const exchange *x, uint64_t ns, bool whole)
{
    char text[ADDRESS_TEXT] = "";
    address a = x->client;
    const shown_address how = x->server->config.log_addresses;
    if (how == ADDRESS_SHORT)
        address_shorten(&a);
    if (how != ADDRESS_NONE)
        address_print(&a, text);
    json_t *members = json_pack(
        "{s:s, s:o, s:s, s:i, s:f}", "request_id", x->id, "method", json_any(x->method, strlen(x->method)),
        "route", x->route ? x->route->path : "-", "status", (int)x->status, "seconds", (double)ns * 1e-9);
    if (members && text[0])
        json_object_set_new(members, "client", json_string(text));
    if (members && x->trace.id[0]) {
        json_object_set_new(members, "trace_id", json_string(x->trace.id));
        json_object_set_new(members, "span_id", json_string(x->trace.span));
        json_object_set_new(members, "parent_span_id", json_string(x->trace.parent));
    }
    if (members && x->key.name[0])
        json_object_set_new(members, "key", json_any(x->key.name, strlen(x->key.name)));
    if (members && !whole && x->phase == EXCHANGE_ANSWERED) /* the client did not get all of it */
        json_object_set_new(members, "cut", json_true());
    log_event(x->status >= 500 ? STYLIZE_LOG_WARNING : STYLIZE_LOG_INFO, members, "request");
}

static void on_completed(void *user, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode how)
{
    exchange *x = *state;
    *state = NULL;
    if (!x)
        return;
    server *s = x->server;
    const uint64_t ns = now_ns() - x->begun_ns;
    if (watch_was_cut(x->watched) && x->phase <= EXCHANGE_BODY) {
        x->status = MHD_HTTP_REQUEST_TIMEOUT;
        x->method[0] = x->method[0] ? x->method[0] : '-';
    } else if (how != MHD_REQUEST_TERMINATED_COMPLETED_OK && x->phase != EXCHANGE_ANSWERED) {
        x->status = 499; /* nobody was there to be answered */
    }
    if (x->method[0]) {
        metrics_request(&s->metrics, (int)(x->route ? x->route - s->routes : s->route_count), x->status, ns);
        log_exchange(x, ns, how == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    }
    watch_deadline(x->watched, s->config.keep_alive, false);
    atomic_store(&x->watched->idle, true);
    if (x->response)
        MHD_destroy_response(x->response);
    if (x->extra_free)
        x->extra_free(x->extra);
    work_free(&x->work);
    painting_release(x->painting);
    blob_release(x->memory);
    atomic_fetch_sub(&s->body_bytes, x->body_counted);
    shares_give(&s->uploads, x->upload, x->body_counted);
    atomic_fetch_sub(&s->metrics.in_flight, 1);
    free(x);
}

static enum MHD_Result send_answer(exchange *x)
{
    if (!watch_deadline(x->watched, x->stream ? 0 : x->server->config.send_timeout, false))
        return MHD_NO;
    x->phase = EXCHANGE_ANSWERED;
    if (!x->response)
        return MHD_NO;
    answer_common(x);
    if (x->close)
        answer_header(x, MHD_HTTP_HEADER_CONNECTION, "close");
    return MHD_queue_response(x->connection, x->status, x->response);
}

/* So many bytes are on their way: within what all have, and what this client has of it. */
static bool count_body(exchange *x, size_t size)
{
    server *s = x->server;
    const config *c = &s->config;
    const uint64_t fourth = c->max_decoded_bytes / 4;
    const uint64_t most = fourth > c->max_request_bytes ? fourth : c->max_request_bytes;
    problem busy;
    share *own = shares_take(&s->uploads, exchange_client(x), size, most);
    const bool room = own && atomic_fetch_add(&s->body_bytes, size) + size <= c->max_decoded_bytes;
    x->upload = own ? own : x->upload;
    x->body_counted += own ? size : 0;
    if (room)
        return true;
    if (own)
        problem_set(&busy, 503, "busy", NULL, "too many bytes are on their way; try again later");
    else
        problem_set(&busy, 429, "too_many_bytes", NULL,
                    "too many bytes of this client are on their way; wait for its other requests");
    answer_problem(x, &busy);
    atomic_fetch_add(&s->metrics.rejected[REJECT_MEMORY], 1);
    buf_free(&x->memory->body);
    return false;
}

/* A slow client gets as much time as its bytes need at --body-rate, besides --body-timeout. */
static void extend_deadline(exchange *x)
{
    const config *c = &x->server->config;
    const uint64_t passed = (now_ns() - x->body_ns) / 1000000;
    const uint64_t granted = c->body_timeout + (c->body_rate ? x->body_counted * 1000 / c->body_rate : 0);
    watch_deadline(x->watched, granted > passed ? granted - passed : 1, !x->server->tls);
}

/* Of an announced length libmicrohttpd gives no more; this is one in chunks. The rest is read and thrown away, as long
 * as its client has time. */
static bool refuse_body(exchange *x)
{
    problem large;
    problem_set(&large, 413, "body_too_large", NULL, "the body has more than the %llu bytes that are allowed",
                (unsigned long long)x->body_limit);
    answer_problem(x, &large);
    x->close = true;
    atomic_fetch_add(&x->server->metrics.rejected[REJECT_SIZE], 1);
    buf_free(&x->memory->body);
    return true;
}

static bool take_body(exchange *x, const char *data, size_t size)
{
    if (x->response) /* turned away: read to its end, so that the client reads the answer */
        return true;
    if (!x->memory && !(x->memory = blob_create()))
        return false;
    buf *b = &x->memory->body;
    if (b->size + size > x->body_limit)
        return refuse_body(x);
    if (!count_body(x, size))
        return true;
    extend_deadline(x);
    if (!b->size)
        buf_reserve(b, x->body_limit < BODY_FIRST ? x->body_limit : BODY_FIRST);
    buf_append(b, data, size);
    return !b->failed;
}

static void begin(exchange *x, const char *url, const char *method, const char *version)
{
    trust_find(x, version);
    trace_read(&x->trace, exchange_header(x, "traceparent"), exchange_header(x, "tracestate"));
    snprintf(x->method, sizeof x->method, "%s", method);
    x->phase = EXCHANGE_BODY;
    x->body_ns = now_ns();
    atomic_store(&x->watched->idle, false);
    watch_deadline(x->watched, x->server->config.body_timeout, !x->server->tls);
    admit(x, url, method);
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data, size_t *size,
                                  void **state)
{
    exchange *x = *state;
    if (!x)
        return MHD_NO;
    switch (x->phase) {
    case EXCHANGE_HEADER:
        begin(x, url, method, version);
        return x->response && x->close ? send_answer(x) : MHD_YES;
    case EXCHANGE_BODY:
        if (*size) {
            const bool ok = take_body(x, data, *size);
            *size = 0;
            return ok ? MHD_YES : MHD_NO;
        }
        x->arrived_ns = now_ns();
        if (!x->response)
            x->route->start(x);
        return x->phase == EXCHANGE_WAITING ? MHD_YES : send_answer(x);
    case EXCHANGE_WAITING:
        if (atomic_load(&x->gone))
            return MHD_NO;
        x->route->finish(x);
        return send_answer(x);
    default:
        return MHD_NO;
    }
}

/* ------------------------------------------------------------------ connections */

/* Whether a connection may stay: not where its peer has its share, and others are idle for it when all are taken. A
 * proxy that was named has the clients of all. */
static bool make_place(server *s, struct MHD_Connection *connection, watched *c)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const uint64_t most = s->config.max_connections;
    address peer;
    address_from(info ? info->client_addr : NULL, &peer);
    if (!networks_hold(&s->proxies, &peer)) {
        const address client = address_client(&peer);
        c->held = shares_take(&s->connections, client_digest(s, &client, ""), 1, most / CONNECTION_SHARES);
        if (!c->held) {
            atomic_fetch_add(&s->metrics.rejected[REJECT_CONNECTIONS], 1);
            return false;
        }
    }
    if ((uint64_t)atomic_load(&s->metrics.connections) <= most)
        return true;
    atomic_fetch_add(&s->metrics.rejected[REJECT_CONNECTIONS], 1);
    return watch_make_room(&s->watch, most / CONNECTION_SHARES / 4);
}

static void on_connection(void *user, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    server *s = user;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        const int on = 1;
        atomic_fetch_add(&s->metrics.connections, 1);
        atomic_fetch_add(&s->metrics.connections_total, 1);
        if (!info)
            return;
        setsockopt(info->connect_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watched *c = watch_add(&s->watch, info->connect_fd);
        if (c)
            watch_deadline(c, s->config.header_timeout, false);
        *context = c;
        if (c && !make_place(s, connection, c))
            shutdown(info->connect_fd, SHUT_RDWR); /* its own thread then closes it */
    } else {
        atomic_fetch_sub(&s->metrics.connections, 1);
        watched *c = *context;
        share *held = c ? c->held : NULL;
        if (c)
            watch_remove(&s->watch, c);
        shares_give(&s->connections, held, 1);
        *context = NULL;
    }
}

static void on_library_log(void *user, const char *format, va_list args)
{
    server *s = user;
    char text[256];
    vsnprintf(text, sizeof text, format, args);
    const size_t n = strcspn(text, "\r\n");
    text[n] = '\0';
    /* It stops taking connections for a while: the operator has to know, once a minute. */
    const uint64_t now = now_ns();
    const bool short_of = strstr(text, "resource limit") || strstr(text, strerror(EMFILE));
    const bool tell = short_of && (!s->short_told_ns || now - s->short_told_ns > 60000000000u);
    if (tell)
        s->short_told_ns = now;
    log_line(tell ? STYLIZE_LOG_ERROR : STYLIZE_LOG_DEBUG, "libmicrohttpd: %s", text);
}

/*
 * The answer to a request that does not arrive in time. It goes past libmicrohttpd, which answers
 * whole requests only.
 */
static const char *too_slow(void)
{
    static const char body[] =
        "{\"type\": \"about:blank\", \"title\": \"Request Timeout\", \"status\": 408, "
        "\"detail\": \"the request took too long to arrive\", \"code\": \"request_timeout\"}\n";
    static char answer[512];
    snprintf(answer, sizeof answer,
             "HTTP/1.1 408 Request Timeout\r\nContent-Type: " PROBLEM_TYPE "\r\nContent-Length: %zu\r\n"
             "Connection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\r\n%s",
             sizeof body - 1, body);
    return answer;
}

/* Whether others than this machine can reach the address. */
static bool is_public(const struct sockaddr_storage *at)
{
    address a;
    address_from((const struct sockaddr *)(const void *)at, &a);
    return !address_is_loopback(&a);
}

/* Connections beyond what the system allows would not be accepted, and nobody would know why. */
static void raise_file_limit(config *c)
{
    struct rlimit r;
    const uint64_t wanted = c->max_connections + FILES_MORE;
    if (getrlimit(RLIMIT_NOFILE, &r) || r.rlim_cur >= wanted)
        return;
    r.rlim_cur = r.rlim_max < wanted ? r.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &r))
        getrlimit(RLIMIT_NOFILE, &r);
    if (r.rlim_cur >= wanted)
        return;
    const uint64_t left =
        r.rlim_cur > FILES_MORE + CONNECTIONS_LEAST ? r.rlim_cur - FILES_MORE : CONNECTIONS_LEAST;
    log_line(
        STYLIZE_LOG_WARNING,
        "%llu files may be open, which is enough for %llu connections, not for the %llu of --max-connections",
        (unsigned long long)r.rlim_cur, (unsigned long long)left, (unsigned long long)c->max_connections);
    c->max_connections = left;
}

/* An address of an option: what it says, and whether it may be listened at. */
static bool check_address(server *s, const char *option, const char *text, struct sockaddr_storage *at,
                          socklen_t *at_size, char *message, size_t size)
{
    const config *c = &s->config;
    if (!listen_parse(text, at, at_size)) {
        snprintf(message, size, "%s is \"%s\"; allowed: ADDRESS:PORT, as 127.0.0.1:8080 or [::]:443", option, text);
        return false;
    }
    const bool public = is_public(at);
    if (public && !c->tls_cert && !c->insecure) {
        snprintf(message, size, "%s can be reached by others: give --tls-cert and --tls-key, or --insecure", text);
        return false;
    }
    s->public_address |= public;
    return true;
}

bool http_check(server *s, char *message, size_t size)
{
    struct sockaddr_storage at;
    socklen_t at_size;
    const config *c = &s->config;
    return check_address(s, "listen", c->listen, &at, &at_size, message, size) &&
           (!c->admin_listen ||
            check_address(s, "admin-listen", c->admin_listen, &at, &at_size, message, size));
}

static int listen_at(server *s, const char *option, const char *text, char *message, size_t size)
{
    struct sockaddr_storage at;
    socklen_t at_size;
    const int on = 1;
    if (!check_address(s, option, text, &at, &at_size, message, size))
        return -1;
    const int listener = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        bind(listener, (struct sockaddr *)&at, at_size) || listen(listener, 1024)) {
        snprintf(message, size, "cannot listen on %s: %s", text, strerror(errno));
        if (listener >= 0)
            close(listener);
        return -1;
    }
    return listener;
}

bool http_listen(server *s, char *message, size_t size)
{
    const config *c = &s->config;
    if (!http_check(s, message, size))
        return false;
    raise_file_limit(&s->config);
    s->listener = listen_at(s, "listen", c->listen, message, size);
    if (s->listener >= 0 && c->admin_listen)
        s->admin_listener = listen_at(s, "admin-listen", c->admin_listen, message, size);
    return s->listener >= 0 && (!c->admin_listen || s->admin_listener >= 0);
}

static struct MHD_Daemon *start_daemon(server *s, int listener, unsigned threads,
                                       void *(*line)(void *, const char *, struct MHD_Connection *), char *message,
                                       size_t size)
{
    const config *c = &s->config;
    struct MHD_OptionItem tls[4] = {{MHD_OPTION_END, 0, NULL}};
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    if (s->tls)
        flags |= tls_options(s->tls, c->tls_priorities, tls);
    struct MHD_Daemon *daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, on_library_log, s,
                         MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_THREAD_POOL_SIZE, threads,
                         MHD_OPTION_CONNECTION_LIMIT, (unsigned)c->max_connections + CONNECTIONS_MORE,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
                         MHD_OPTION_CONNECTION_TIMEOUT, 0u, /* the watch has all times */
                         MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_NOTIFY_CONNECTION,
                         on_connection, s, MHD_OPTION_URI_LOG_CALLBACK, line, s,
                         MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    if (!daemon)
        snprintf(message, size,
                 "libmicrohttpd did not start; too few files may be open, or TLS is not usable");
    return daemon;
}

bool http_start(server *s, char *message, size_t size)
{
    s->watch.told = too_slow();
    s->daemon = start_daemon(s, s->listener, (unsigned)s->config.io_threads, on_line, message, size);
    if (s->daemon && s->admin_listener >= 0)
        s->admin_daemon = start_daemon(s, s->admin_listener, 1, on_admin_line, message, size);
    return s->daemon && (s->admin_listener < 0 || s->admin_daemon);
}

static unsigned port_of(int listener)
{
    struct sockaddr_storage at;
    socklen_t n = sizeof at;
    if (getsockname(listener, (struct sockaddr *)&at, &n))
        return 0;
    return ntohs(at.ss_family == AF_INET ? ((struct sockaddr_in *)(void *)&at)->sin_port
                                         : ((struct sockaddr_in6 *)(void *)&at)->sin6_port);
}

unsigned http_port(const server *s) { return port_of(s->listener); }
unsigned http_admin_port(const server *s) { return port_of(s->admin_listener); }

void http_quiesce(server *s)
{
    /* Its threads take the socket off their epoll sets a moment later, and end the process if they
     * cannot; so it is closed only after them. Until then it refuses whoever knocks. */
    const struct timespec moment = {.tv_nsec = 100 * 1000000};
    MHD_quiesce_daemon(s->daemon);
    nanosleep(&moment, NULL);
    shutdown(s->listener, SHUT_RDWR);
}

static void stop_daemon(struct MHD_Daemon **daemon, int *listener)
{
    if (*daemon)
        MHD_stop_daemon(*daemon);
    *daemon = NULL;
    if (*listener >= 0)
        close(*listener);
    *listener = -1;
}

void http_stop(server *s)
{
    stop_daemon(&s->daemon, &s->listener);
    stop_daemon(&s->admin_daemon, &s->admin_listener);
}
