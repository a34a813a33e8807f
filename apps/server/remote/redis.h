/*
 * Redis: a few connections that any thread may use. Replies are hiredis's.
 *
 * A command has a deadline, so that nobody waits longer than that for Redis; while it is down
 * nothing is tried but a probe now and then (backend.h).
 */
#ifndef SERVER_REDIS_H
#define SERVER_REDIS_H

#include <hiredis/hiredis.h>

#include "remote/backend.h"
#include "remote/service_url.h"

#define REDIS_LINKS 8 /* connections; as many threads may use them at a time */

typedef struct redis redis;

typedef struct redis_options {
    const char *name;                    /* of the backend */
    const char *url;                     /* redis[s]://[user:password@]host[:port][/database] */
    const char *password_file, *ca_file; /* or NULL */
    uint64_t timeout_ms;                 /* of connecting, and again of a command */
    size_t reply_max;                    /* bytes of replies to one call */
} redis_options;

typedef struct redis_address {
    service_url url;
    bool tls;
    unsigned database;
} redis_address;

/* What a URL means; message without secrets. */
bool redis_address_parse(slice text, redis_address *out, char *message, size_t size);

/* Connects nowhere yet. NULL with a message. */
redis *redis_create(const redis_options *o, char *message, size_t size);
void redis_destroy(redis *r);
backend *redis_backend(redis *r);
unsigned redis_database(const redis *r);

typedef struct redis_command {
    const slice *words;
    size_t count;
} redis_command;

#define REDIS_WORD(text) ((slice){text, strlen(text)})
/* From an array of slices. */
#define REDIS_COMMAND(array) ((redis_command){array, APP_LEN(array)})

/*
 * Sends all commands at once and reads a reply to each, in order; the caller frees them. OK, or
 * REFUSED or FAILED with why and no replies: FAILED says nothing about which were carried out. An
 * error in one reply is REFUSED.
 */
backend_result redis_run(redis *r, const redis_command *commands, size_t count, redisReply **replies,
                         char *why, size_t size);
void redis_free(redisReply **replies, size_t count);
/* One command that is counted as that; NULL if there is no reply. */
redisReply *redis_ask(redis *r, const slice *words, size_t count);
/* Whether it answers now; false with a few words. For "check" and for probes. */
bool redis_ping(redis *r, char *why, size_t size);

#endif
