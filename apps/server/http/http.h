/* The daemon: connections over libmicrohttpd, which become exchanges. */
#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H

#include "http/server.h"

/* What is wrong with the addresses, before they are opened; also finds out whether others can reach one. */
bool http_check(server *s, char *message, size_t size);
/* Opens the ports; false with a message. */
bool http_listen(server *s, char *message, size_t size);
/* Starts to serve; false with a message. */
bool http_start(server *s, char *message, size_t size);
unsigned http_port(const server *s);
unsigned http_admin_port(const server *s);
/* No new connections. */
void http_quiesce(server *s);
void http_stop(server *s);

#endif
