/*
 * What servers share: Redis for results and rate limits, a store for results and jobs, a broker for
 * workers, Consul. Each is optional, and the server goes on without it while it is down.
 */
#ifndef SERVER_FLEET_H
#define SERVER_FLEET_H

#include "http/server.h"

/* As the configuration says; connects nowhere yet. False with a message. The memory tier of the cache is
 * there already. */
bool fleet_open(server *s, char *message, size_t size);
/* Starts threads; false with a message. */
bool fleet_start(server *s, char *message, size_t size);
/* The server takes no more requests; returns at once. */
void fleet_drain(server *s);
/* Ends threads; what waits to be stored is stored. */
void fleet_stop(server *s);
void fleet_close(server *s);
/* Tells other servers that all of a subject was erased here; true if there is nobody to tell. */
bool fleet_erased(server *s, const char *subject);

#endif
