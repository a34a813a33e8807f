/*
 * Who a request is from, and whether it may do what only this machine may.
 *
 * A program of this machine that reaches the server by itself may; what a proxy on this machine passes on comes from
 * the same address, and may not.
 */
#ifndef SERVER_TRUST_H
#define SERVER_TRUST_H

#include "http/exchange.h"

/* Sets client, forwarded and local. version: of HTTP, as libmicrohttpd gives it. */
void trust_find(exchange *x, const char *version);
/* A name or address of this machine's loopback, perhaps with a port. */
bool trust_is_loopback_host(slice host);

#endif
