/*
 * Results in Redis:
 *
 *   PREFIX:VERSION:result:KEY       the painting as painting_write makes it, until its time is over
 *   PREFIX:VERSION:subject:DIGEST   the keys of a subject's results, a set
 *
 * The version is the library's: another one may paint otherwise.
 */
#include "paint/redis_tier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "common/clock.h"

#define KEY_MAX      200
#define SUBJECT_KEYS 100000 /* looked at when a subject is shown or erased */

typedef struct redis_tier {
    redis *redis;
    char prefix[64];
    uint64_t value_max;
    char ttl[24]; /* milliseconds as text */
    atomic_uint_fast64_t too_large;
} redis_tier;

static void result_key(const redis_tier *t, const painting_key *key, char out[KEY_MAX])
{
    char hex[65];
    hex_encode(key->bytes, sizeof key->bytes, hex);
    snprintf(out, KEY_MAX, "%s:%s:result:%s", t->prefix, stylize_version(), hex);
}

static void subject_key(const redis_tier *t, const char *subject, char out[KEY_MAX])
{
    uint8_t digest[32];
    char hex[65];
    digest_of(subject, strlen(subject), digest);
    hex_encode(digest, sizeof digest, hex);
    snprintf(out, KEY_MAX, "%s:%s:subject:%s", t->prefix, stylize_version(), hex);
}

static painting *redis_tier_get(void *state, const painting_key *key)
{
    redis_tier *t = state;
    char name[KEY_MAX], why[200] = "";
    redisReply *reply = NULL;
    painting *p = NULL;
    result_key(t, key, name);
    const slice words[] = {REDIS_WORD("GET"), REDIS_WORD(name)};
    const redis_command c = REDIS_COMMAND(words);
    if (!backend_try(redis_backend(t->redis)))
        return NULL;
    const uint64_t began = now_ns();
    backend_result result = redis_run(t->redis, &c, 1, &reply, why, sizeof why);
    if (result == BACKEND_OK) {
        if (reply->type == REDIS_REPLY_STRING)
            p = painting_read(key, (slice){reply->str, reply->len});
        result = p ? BACKEND_HIT : BACKEND_MISS;
    }
    backend_done(redis_backend(t->redis), result, began, why);
    redis_free(&reply, 1);
    return p;
}

static void redis_tier_put(void *state, const painting_key *key, painting *p)
{
    redis_tier *t = state;
    char name[KEY_MAX], index[KEY_MAX], why[200] = "";
    redisReply *replies[3] = {NULL, NULL, NULL};
    redis_command commands[3];
    size_t count = 0;
    buf block = {0};
    if (p->image.size > t->value_max) {
        atomic_fetch_add(&t->too_large, 1);
        return;
    }
    if (!backend_try(redis_backend(t->redis)))
        return;
    const uint64_t began = now_ns();
    result_key(t, key, name);
    subject_key(t, p->subject, index);
    /* The index first: a result that cannot be found by its subject could not be erased. */
    const slice add[] = {REDIS_WORD("SADD"), REDIS_WORD(index), REDIS_WORD(name)};
    const slice expire[] = {REDIS_WORD("PEXPIRE"), REDIS_WORD(index), REDIS_WORD(t->ttl)};
    backend_result result = BACKEND_REFUSED;
    if (painting_write(p, key, &block)) {
        const slice set[] = {REDIS_WORD("SET"),
                             REDIS_WORD(name),
                             {block.data, block.size},
                             REDIS_WORD("PX"),
                             REDIS_WORD(t->ttl)};
        if (p->subject[0]) {
            commands[count++] = REDIS_COMMAND(add);
            commands[count++] = REDIS_COMMAND(expire);
        }
        commands[count++] = REDIS_COMMAND(set);
        result = redis_run(t->redis, commands, count, replies, why, sizeof why);
    } else {
        snprintf(why, sizeof why, "out of memory");
    }
    backend_done(redis_backend(t->redis), result, began, why);
    redis_free(replies, count);
    buf_free(&block);
}

/* The keys of a subject's results; NULL if there is no answer. */
static redisReply *members(redis_tier *t, const char *subject, char index[KEY_MAX])
{
    subject_key(t, subject, index);
    const slice words[] = {REDIS_WORD("SMEMBERS"), REDIS_WORD(index)};
    redisReply *reply = redis_ask(t->redis, words, APP_LEN(words));
    if (reply && (reply->type != REDIS_REPLY_ARRAY || reply->elements > SUBJECT_KEYS))
        redis_free(&reply, 1);
    return reply;
}

static size_t redis_tier_forget(void *state, const char *subject, bool *whole)
{
    redis_tier *t = state;
    char index[KEY_MAX];
    size_t gone = 0;
    redisReply *list = subject ? members(t, subject, index) : NULL;
    *whole = *whole && (list || !subject);
    for (size_t i = 0; list && i < list->elements; i++) {
        const slice words[] = {REDIS_WORD("DEL"), {list->element[i]->str, list->element[i]->len}};
        redisReply *reply = redis_ask(t->redis, words, APP_LEN(words));
        gone += reply && reply->type == REDIS_REPLY_INTEGER && reply->integer > 0;
        const slice remove[] = {REDIS_WORD("SREM"), REDIS_WORD(index), words[1]};
        redisReply *removed = reply ? redis_ask(t->redis, remove, APP_LEN(remove)) : NULL;
        *whole = *whole && removed;
        redis_free(&reply, 1);
        redis_free(&removed, 1);
    }
    redis_free(&list, 1);
    return gone;
}

static void redis_tier_list(void *state, const char *subject,
                            void (*each)(void *user, const painting_key *key, uint64_t bytes), void *user)
{
    redis_tier *t = state;
    char index[KEY_MAX];
    redisReply *list = members(t, subject, index);
    for (size_t i = 0; list && i < list->elements; i++) {
        painting_key key;
        const redisReply *e = list->element[i];
        if (e->type == REDIS_REPLY_STRING && e->len > 64 && hex_decode(e->str + e->len - 64, 64, key.bytes))
            each(user, &key, 0);
    }
    redis_free(&list, 1);
}

/* What Redis holds is Redis's to tell. */
static void redis_tier_counts(void *state, cache_tier_counts *out)
{
    *out = (cache_tier_counts){.evictions = atomic_load(&((redis_tier *)state)->too_large)};
}

bool cache_add_redis(cache *c, const redis_tier_options *o)
{
    redis_tier *t = c->tier_count < CACHE_TIERS_MAX ? calloc(1, sizeof *t) : NULL;
    if (!t)
        return false;
    t->redis = o->redis;
    t->value_max = o->value_max;
    snprintf(t->prefix, sizeof t->prefix, "%s", o->prefix);
    snprintf(t->ttl, sizeof t->ttl, "%llu", (unsigned long long)o->ttl_ms);
    c->tiers[c->tier_count++] = (cache_tier){
        "redis",         true, true, t, redis_tier_get, redis_tier_put, redis_tier_forget, redis_tier_counts,
        redis_tier_list, free, NULL};
    return true;
}
