/* Addresses of clients: text, networks, who is behind a trusted proxy. */
#ifndef SERVER_ADDRESS_H
#define SERVER_ADDRESS_H

#include <sys/socket.h>

#include "base/text.h"

/* 16 bytes as IPv6; IPv4 is mapped into ::ffff:0:0/96. */
typedef struct address {
    uint8_t bytes[16];
} address;

#define ADDRESS_TEXT 46 /* characters at most, with the zero */

bool address_parse(slice text, address *out); /* also in brackets, and with a port after them */
bool address_from(const struct sockaddr *from, address *out);
bool address_is_loopback(const address *a);
void address_print(const address *a, char out[ADDRESS_TEXT]);
/* With the last byte of IPv4 and all but the first 48 bits of IPv6 set to zero. */
void address_shorten(address *a);
/* What counts as one client: the address of IPv4, the /64 of IPv6. */
address address_client(const address *a);

typedef struct network {
    address base;
    int bits;
} network;

#define NETWORKS_MAX 32

typedef struct networks {
    network list[NETWORKS_MAX];
    int count;
} networks;

bool networks_parse(const char *text, networks *out); /* "10.0.0.0/8,::1"; NULL: none */
bool networks_hold(const networks *n, const address *a);

/*
 * The client's address: the peer, or, as long as it is a trusted proxy, the one before it in
 * X-Forwarded-For, from the right. What stands further left is the client's own claim.
 */
address address_behind(const address *peer, slice forwarded, const networks *trusted);

/* "127.0.0.1:8080", "[::1]:8080", "localhost:8080" */
bool listen_parse(const char *text, struct sockaddr_storage *out, socklen_t *size);

#endif
