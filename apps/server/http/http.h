/*
 * HTTP: connections, requests with their answers, routes.
 *
 * libmicrohttpd's threads read and write; a request that has to wait is suspended and belongs to
 * nobody's thread until the end of its painting resumes it. An exchange goes through
 *
 *   begin     the header is there: route, limits, who asks
 *   body      bytes are collected, or thrown away if the request was turned away already
 *   start     the route works: it answers, or suspends the exchange
 *   finish    after it was resumed: the route answers
 */
#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H

#include <microhttpd.h>

#include "http/address.h"
#include "config.h"
#include "http/idempotency.h"
#include "base/io_pool.h"
#include "http/keys.h"
#include "http/limit.h"
#include "paint/metrics.h"
#include "paint/painter.h"
#include "http/watch.h"

typedef struct server server;
typedef struct exchange exchange;
struct jobs;
struct batch;
struct gallery;
struct tls;
struct fleet;
struct broker;

#define HEADER_MAX (16 << 10) /* bytes of a request's header, its first line included */

typedef enum route_access {
    ACCESS_OPEN, /* everyone */
    ACCESS_USER, /* a key, if there are keys and --anonymous is not given */
    ACCESS_ADMIN /* an admin's key, or, without any keys, a client on this machine */
} route_access;

typedef struct route {
    const char *name; /* label of the metrics */
    const char *method;
    const char *path; /* "*" stands for one part, kept in exchange.part */
    route_access access;
    bool body;    /* takes one */
    bool limited; /* by the rate limit */
    bool works;   /* paints: refused while draining or with a full queue */
    void (*start)(exchange *x);
    void (*finish)(exchange *x); /* NULL: never waits */
} route;

extern const route routes[];
extern const int route_count; /* one more is counted in the metrics, for what no route takes */

struct server {
    config config;
    stylize_ctx *ctx;
    metrics metrics;
    painter painter;
    limiter limiter;
    keys keys;
    networks proxies;
    watch watch;
    struct gallery *gallery; /* styles */
    struct jobs *jobs;
    io_pool pool;
    idempotency idempotency;
    struct fleet *fleet;   /* what servers share */
    struct broker *broker; /* NULL: jobs are painted here */
    struct batch *batches; /* those that are being answered; under their lock */
    pthread_mutex_t batches_lock;
    struct tls *tls;
    struct MHD_Daemon *daemon;
    int listener;
    bool public_address; /* others than this machine can reach it */
    bool plugins;        /* the torch engine is there and may be used */
    bool files_confined, calls_confined;
    atomic_bool ready, draining;
    atomic_uint_fast64_t body_bytes; /* of all requests that are not answered yet */
    char page_token[25];             /* a page that may read us knows it */
};

typedef enum exchange_phase {
    EXCHANGE_HEADER,
    EXCHANGE_BODY,
    EXCHANGE_WAITING,
    EXCHANGE_ANSWERED
} exchange_phase;

struct exchange {
    server *server;
    struct MHD_Connection *connection;
    watched *watched;
    int route; /* index; route_count: none */
    exchange_phase phase;
    char id[25];
    char method[8];
    char part[64]; /* what "*" of the route's path stands for */
    uint64_t begun_ns;
    size_t header_bytes;
    address client;
    api_key key; /* name "" if none was given */
    uint64_t body_limit;
    uint64_t body_counted; /* its share of server.body_bytes */
    blob *memory;
    idempotent repeat;
    /* the answer, once there is one */
    struct MHD_Response *response;
    unsigned status;
    bool close;
    bool stream; /* goes on for as long as it likes */
    /* waiting */
    atomic_bool gone;           /* the client left */
    bool (*leave)(exchange *x); /* true: nobody else will resume it */
    ticket ticket;
    work work;
    painting *painting;
    problem problem;
    stylize_format raw; /* the picture itself is asked for; NONE: JSON */
    bool cached;
    void *extra; /* the route's */
    void (*extra_free)(void *extra);
};

/* Opens the port; false with a message. */
bool http_listen(server *s, char *message, size_t size);
/* Starts to serve; false with a message. */
bool http_start(server *s, char *message, size_t size);
unsigned http_port(const server *s);
/* No new connections. */
void http_quiesce(server *s);
void http_stop(server *s);

/* Suspends the exchange; to be called by start before anyone who may resume it knows of it. */
void exchange_wait(exchange *x, bool (*leave)(exchange *x));
/* Ends the waiting; any thread, once. */
void exchange_resume(exchange *x);

/* A header of the request, data NULL if it is not there. */
slice exchange_header(const exchange *x, const char *name);
slice exchange_query(const exchange *x, const char *name);
/* Reads Idempotency-Key; false if it is wrong, was used with another body, or (alone) is in work. */
bool exchange_repeat(exchange *x, bool alone, problem *wrong);

/* ------------------------------------------------------------------ answers, answer.c */

/* Takes the bytes of b over. */
void answer_buf(exchange *x, unsigned status, const char *type, buf *b);
/* Static memory. */
void answer_static(exchange *x, unsigned status, const char *type, const void *data, size_t size);
/* Memory that release(user) gives back. */
void answer_shared(exchange *x, unsigned status, const char *type, const void *data, size_t size,
                   void (*release)(void *user), void *user);
void answer_response(exchange *x, unsigned status, const char *type, struct MHD_Response *response);
void answer_problem(exchange *x, const problem *p);
void answer_empty(exchange *x, unsigned status);
/* 503: memory ran out. */
void answer_no_memory(exchange *x);
void answer_header(exchange *x, const char *name, const char *value);
/* What every answer carries; just before it is sent. */
void answer_common(exchange *x);

/* ------------------------------------------------------------------ admission, admit.c */

/* Finds the route and decides by the header alone. False: x has an answer. */
bool admit(exchange *x, const char *url, const char *method);

#endif
