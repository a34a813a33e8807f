/* Connections to Redis. */
#include "remote/redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/url.h"
#include "common/clock.h"
#include "common/values.h"
#include "remote/connection.h"

#define READ_PIECE (64 << 10)

typedef struct redis_link {
    wire wire;
    redisReader *reader;
    bool used;
} redis_link;

struct redis {
    backend backend;
    redis_address address;
    char password[SECRET_MAX];
    char *ca_file;
    uint64_t timeout_ns;
    size_t reply_max;
    pthread_mutex_t lock;
    redis_link links[REDIS_LINKS];
};

bool redis_address_parse(slice text, redis_address *out, char *message, size_t size)
{
    uint64_t database = 0;
    memset(out, 0, sizeof *out);
    if (!url_parse(text, &out->url, message, size))
        return false;
    out->tls = !strcmp(out->url.scheme, "rediss");
    const char *path = out->url.path;
    const slice number = {path + 1, *path ? strlen(path) - 1 : 0};
    if ((!out->tls && strcmp(out->url.scheme, "redis") != 0) ||
        (number.size && !parse_uint(number, 0, 65535, &database))) {
        snprintf(message, size, "allowed: redis://[user:password@]host[:port][/database], or rediss://");
        return false;
    }
    out->database = (unsigned)database;
    if (!out->url.port)
        out->url.port = 6379;
    return true;
}

redis *redis_create(const redis_options *o, char *message, size_t size)
{
    redis *r = calloc(1, sizeof *r);
    char what[200];
    if (!r) {
        snprintf(message, size, "out of memory");
        return NULL;
    }
    backend_init(&r->backend, o->name, o->url);
    pthread_mutex_init(&r->lock, NULL);
    for (int i = 0; i < REDIS_LINKS; i++)
        r->links[i].wire.socket = -1;
    r->timeout_ns = o->timeout_ms * 1000000;
    r->reply_max = o->reply_max;
    bool ok = !o->ca_file || (r->ca_file = strdup(o->ca_file));
    if (!redis_address_parse((slice){o->url, strlen(o->url)}, &r->address, what, sizeof what)) {
        snprintf(message, size, "the address of %s is wrong: %s", o->name, what);
        ok = false;
    } else if (ok && o->password_file) {
        ok = secret_read(o->password_file, r->password, message, size);
    } else if (ok) {
        snprintf(r->password, sizeof r->password, "%s", r->address.url.password);
    }
    if (ok)
        return r;
    redis_destroy(r);
    return NULL;
}

static void link_close(redis_link *l)
{
    wire_close(&l->wire);
    if (l->reader)
        redisReaderFree(l->reader);
    l->reader = NULL;
}

void redis_destroy(redis *r)
{
    if (!r)
        return;
    for (int i = 0; i < REDIS_LINKS; i++)
        link_close(&r->links[i]);
    backend_free(&r->backend);
    pthread_mutex_destroy(&r->lock);
    free(r->ca_file);
    explicit_bzero(r->password, sizeof r->password);
    explicit_bzero(&r->address, sizeof r->address);
    free(r);
}

backend *redis_backend(redis *r) { return &r->backend; }

unsigned redis_database(const redis *r) { return r->address.database; }

/* ------------------------------------------------------------------ one connection */

static bool send_command(redis_link *l, const redis_command *c, uint64_t deadline)
{
    const char *words[128];
    size_t sizes[128];
    char *text = NULL;
    if (c->count > APP_LEN(words))
        return false;
    for (size_t i = 0; i < c->count; i++) {
        words[i] = c->words[i].data ? c->words[i].data : "";
        sizes[i] = c->words[i].size;
    }
    const int n = redisFormatCommandArgv(&text, (int)c->count, words, sizes);
    const bool ok = n > 0 && wire_write(&l->wire, text, (size_t)n, deadline);
    if (n > 0)
        redisFreeCommand(text);
    return ok;
}

/* One reply; *room is what it may have of bytes. */
static redisReply *read_reply(redis_link *l, uint64_t deadline, size_t *room, char *why, size_t size)
{
    char piece[READ_PIECE];
    void *reply = NULL;
    for (;;) {
        if (redisReaderGetReply(l->reader, &reply) != REDIS_OK) {
            snprintf(why, size, "the answer is not Redis's protocol");
            return NULL;
        }
        if (reply)
            return reply;
        const size_t n = wire_read(&l->wire, piece, sizeof piece, deadline);
        if (!n || n > *room || redisReaderFeed(l->reader, piece, n) != REDIS_OK) {
            snprintf(why, size, "%s",
                     !n ? now_ns() >= deadline ? "no answer in time" : "the connection ended"
                        : "the answer is too long");
            return NULL;
        }
        *room -= n;
    }
}

static backend_result run_on(redis *r, redis_link *l, const redis_command *commands, size_t count,
                             redisReply **replies, char *why, size_t size)
{
    const uint64_t deadline = now_ns() + r->timeout_ns;
    size_t room = r->reply_max + READ_PIECE, got = 0;
    backend_result result = BACKEND_OK;
    bool sent = true;
    for (size_t i = 0; i < count && sent; i++)
        sent = send_command(l, &commands[i], deadline);
    if (!sent)
        snprintf(why, size, "a command could not be sent in time");
    while (sent && got < count && (replies[got] = read_reply(l, deadline, &room, why, size)))
        got++;
    if (got < count)
        result = BACKEND_FAILED;
    for (size_t i = 0; i < got && result == BACKEND_OK; i++)
        if (replies[i]->type == REDIS_REPLY_ERROR) {
            snprintf(why, size, "%.120s", replies[i]->str);
            /* What a server says that is not ready, or is none that can be written to. */
            result = !strncmp(why, "LOADING", 7) || !strncmp(why, "MASTERDOWN", 10) ? BACKEND_FAILED
                                                                                    : BACKEND_REFUSED;
        }
    if (result != BACKEND_OK)
        redis_free(replies, got);
    return result;
}

/* Who we are, and which database. */
static backend_result greet(redis *r, redis_link *l, char *why, size_t size)
{
    char database[16];
    redisReply *replies[2] = {NULL, NULL};
    redis_command commands[2];
    size_t count = 0;
    const char *user = r->address.url.user;
    snprintf(database, sizeof database, "%u", r->address.database);
    const slice with_user[] = {REDIS_WORD("AUTH"), REDIS_WORD(user), REDIS_WORD(r->password)};
    const slice without[] = {REDIS_WORD("AUTH"), REDIS_WORD(r->password)};
    const slice choose[] = {REDIS_WORD("SELECT"), REDIS_WORD(database)};
    if (r->password[0])
        commands[count++] = *user ? REDIS_COMMAND(with_user) : REDIS_COMMAND(without);
    if (r->address.database)
        commands[count++] = REDIS_COMMAND(choose);
    const backend_result result = run_on(r, l, commands, count, replies, why, size);
    if (result == BACKEND_OK)
        redis_free(replies, count);
    return result == BACKEND_OK ? BACKEND_OK : BACKEND_FAILED; /* not let in is as good as down */
}

static bool link_ready(redis *r, redis_link *l, char *why, size_t size)
{
    if (l->reader && wire_idle(&l->wire))
        return true;
    link_close(l);
    const wire_options o = {r->address.url.host, r->address.url.port, r->address.tls, r->ca_file};
    if (!wire_open(&l->wire, &o, now_ns() + r->timeout_ns, why, size))
        return false;
    l->reader = redisReaderCreate();
    if (!l->reader) {
        snprintf(why, size, "out of memory");
        return false;
    }
    return greet(r, l, why, size) == BACKEND_OK;
}

static redis_link *take_link(redis *r)
{
    redis_link *found = NULL;
    pthread_mutex_lock(&r->lock);
    for (int i = 0; i < REDIS_LINKS; i++) { /* an open one rather than one that must be opened */
        redis_link *l = &r->links[i];
        if (!l->used && (!found || (!found->reader && l->reader)))
            found = l;
    }
    if (found)
        found->used = true;
    pthread_mutex_unlock(&r->lock);
    return found;
}

static void give_link(redis *r, redis_link *l, bool good)
{
    if (!good) /* an answer may still come, which nobody must take for another one */
        link_close(l);
    pthread_mutex_lock(&r->lock);
    l->used = false;
    pthread_mutex_unlock(&r->lock);
}

/* ------------------------------------------------------------------ commands */

backend_result redis_run(redis *r, const redis_command *commands, size_t count, redisReply **replies,
                         char *why, size_t size)
{
    redis_link *l = take_link(r);
    if (!l) {
        snprintf(why, size, "all connections are in use");
        return BACKEND_REFUSED;
    }
    backend_result result = BACKEND_FAILED;
    if (link_ready(r, l, why, size))
        result = run_on(r, l, commands, count, replies, why, size);
    give_link(r, l, result != BACKEND_FAILED);
    return result;
}

void redis_free(redisReply **replies, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (replies[i])
            freeReplyObject(replies[i]);
        replies[i] = NULL;
    }
}

redisReply *redis_ask(redis *r, const slice *words, size_t count)
{
    char why[200] = "";
    redisReply *reply = NULL;
    const redis_command c = {words, count};
    if (!backend_try(&r->backend))
        return NULL;
    const uint64_t began = now_ns();
    const backend_result result = redis_run(r, &c, 1, &reply, why, sizeof why);
    backend_done(&r->backend, result, began, why);
    return reply;
}

bool redis_ping(redis *r, char *why, size_t size)
{
    const slice ping[] = {REDIS_WORD("PING")};
    const redis_command c = REDIS_COMMAND(ping);
    redisReply *reply = NULL;
    const uint64_t began = now_ns();
    const backend_result result = redis_run(r, &c, 1, &reply, why, size);
    backend_done(&r->backend, result, began, why);
    redis_free(&reply, 1);
    return result == BACKEND_OK;
}
