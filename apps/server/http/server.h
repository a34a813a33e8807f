/* All that belongs to one server. main makes it; an exchange reaches the rest of the server through it. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "base/io_pool.h"
#include "base/metrics.h"
#include "config/config.h"
#include "http/address.h"
#include "http/connection_watch.h"
#include "http/idempotency.h"
#include "http/keys.h"
#include "http/limit.h"
#include "http/route.h"
#include "http/share.h"
#include "paint/painter.h"

typedef struct server {
    config config;
    stylize_ctx *ctx;
    metrics metrics;
    painter painter;
    limiter limiter;
    keys keys;
    networks proxies;
    watch watch;
    shares connections; /* of each peer */
    shares uploads;     /* bytes of bodies, of each client */
    const route *routes;
    int route_count; /* one more is counted in the metrics, for what no route takes */
    io_pool pool;    /* waits for disk and network */
    io_pool
        preparers; /* read bodies and digest pictures, so that threads of connections serve others meanwhile */
    idempotency idempotency;
    /* of rooms above this one */
    struct gallery *gallery; /* styles */
    struct jobs *jobs;
    struct learner *learner; /* of styles */
    struct fleet *fleet;     /* what servers share */
    struct streams *streams;
    struct batch *batches; /* those that are being answered; under their lock */
    pthread_mutex_t batches_lock;
    struct tls *tls;
    struct MHD_Daemon *daemon, *admin_daemon;
    int listener, admin_listener; /* -1: none */
    atomic_uint_fast64_t short_told_ns; /* when the log last said that files run out */
    bool public_address;                /* others than this machine can reach it */
    atomic_bool unnamed_proxy;          /* was seen */
    atomic_bool ready, draining;
    atomic_int exports;              /* of subjects' data, that are on their way */
    atomic_bool sweeping;            /* the cache, by a thread of the pool */
    atomic_uint_fast64_t body_bytes; /* of all requests that are not answered yet */
    char page_token[25];             /* a page that may read us knows it */
} server;

#endif
