/*
 * Rate limits that servers share. Each decides at once by its own buckets; what they gave away is
 * told to Redis some times a second, and what is left for all comes back. So no request waits, and
 * while Redis is down each server limits by itself.
 */
#ifndef SERVER_REDIS_LIMIT_H
#define SERVER_REDIS_LIMIT_H

#include "http/limit.h"
#include "remote/redis.h"

/* Tells and asks once. */
void redis_limits_sync(redis *r, const char *prefix, limiter *l);

#endif
