/*
 * Registration with a Consul agent: a service with an HTTP check, maintenance while the server
 * drains, gone at the end. A thread of its own does it, and again when the agent has forgotten.
 */
#ifndef SERVER_CONSUL_H
#define SERVER_CONSUL_H

#include "remote/backend.h"

struct consul;

typedef struct consul_options {
    const char *url;        /* http[s]://host[:port] of the agent */
    const char *service;    /* name */
    const char *address;    /* "host:port" where others reach this server; NULL: as it listens */
    const char *token_file; /* NULL: CONSUL_HTTP_TOKEN, or none */
    const char *ca_file;
    bool tls; /* this server speaks it */
} consul_options;

/* NULL with a message. */
struct consul *consul_create(const consul_options *o, char *message, size_t size);
/* listen, port: where the server listens; false: no thread. */
bool consul_start(struct consul *c, const char *listen, unsigned port);
/* No new requests, please. Returns at once. */
void consul_drain(struct consul *c);
/* Removes the service and ends the thread. */
void consul_stop(struct consul *c);
void consul_destroy(struct consul *c);
/* Whether the agent answers; for "check". */
bool consul_ping(struct consul *c, char *why, size_t size);
backend *consul_backend(struct consul *c);

#endif
