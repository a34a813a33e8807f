/*
 * Erasures of all servers, so that each removes what it alone has: PREFIX:erasures in Redis, a stream of
 * subjects whose data was erased, and by which server.
 */
#ifndef SERVER_REDIS_ERASURE_H
#define SERVER_REDIS_ERASURE_H

#include "remote/redis.h"

/* Tells of those after *last ("" at first: all that are known) and moves it on. when_ms: milliseconds since
 * 1970. */
void redis_erasures(redis *r, const char *prefix, char last[40],
                    void (*each)(void *user, const char *subject, const char *who, int64_t when_ms),
                    void *user);
bool redis_erasure_add(redis *r, const char *prefix, const char *who, const char *subject);

#endif
