/*
 * A request with its answer.
 *
 * libmicrohttpd's threads read and write; a request that has to wait is suspended and belongs to
 * nobody's thread until the end of its painting resumes it. An exchange goes through
 *
 *   begin     the header is there: route, limits, who asks
 *   body      bytes are collected, or thrown away if the request was turned away already
 *   start     the route works: it answers, or suspends the exchange
 *   finish    after it was resumed: the route answers
 */
#ifndef SERVER_EXCHANGE_H
#define SERVER_EXCHANGE_H

#include <microhttpd.h>

#include "base/trace.h"
#include "http/server.h"

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
    const route *route; /* NULL: none takes it */
    exchange_phase phase;
    char id[25];
    char method[8];
    char part[64];                          /* what "*" of the route's path stands for */
    uint64_t begun_ns, body_ns, arrived_ns; /* the first line, the end of the header, the end of the body */
    size_t header_bytes;
    address client;
    trace trace;
    bool admin;     /* it came in at --admin-listen */
    bool forwarded; /* somebody passed it on, as its header says */
    bool local;     /* from a program of this machine itself, to it by a name of its own */
    api_key key;    /* name "" if none was given */
    uint64_t body_limit;
    uint64_t body_counted; /* its share of server.body_bytes */
    share *upload;         /* the same of its client's */
    blob *memory;
    char type[64]; /* of the body, if it is not what the header says any more */
    idempotent repeat;
    /* the answer, once there is one */
    struct MHD_Response *response;
    unsigned status;
    bool close;
    bool cut_address; /* an encoded zero in it: what stands behind it is seen by others only */
    bool stream; /* goes on for as long as it likes */
    /* waiting */
    atomic_bool gone; /* the client left */
    atomic_int hands; /* that have to be done with it before it is resumed, where there are several */
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

/* Suspends the exchange; to be called by start before anyone who may resume it knows of it. */
void exchange_wait(exchange *x, bool (*leave)(exchange *x));
/* Ends the waiting; any thread, once. */
void exchange_resume(exchange *x);

/* A header of the request, data NULL if it is not there. Of one that stands there twice, the first line. */
slice exchange_header(const exchange *x, const char *name);
/* All lines of a header that is a list, in their order, joined as RFC 9110 has it; "" if there is none. */
void exchange_list(const exchange *x, const char *name, buf *out);
/* The type of the body as it is now. */
slice exchange_type(const exchange *x);
/* A client, for shares: by its key, if it has one, else by its address. Never 0, and means nothing elsewhere. */
uint64_t client_digest(const server *s, const address *client, const char *key);
/* Whose share of what all clients have it is of: its key's, else its address's; never 0, and of this run only. */
uint64_t exchange_client(const exchange *x);
/* Reads Idempotency-Key; false if it is wrong, was used with another body, or (alone) is in work. */
bool exchange_repeat(exchange *x, bool alone, problem *wrong);

#endif
