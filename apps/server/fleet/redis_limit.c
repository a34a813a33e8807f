/* Buckets in Redis. */
#include "fleet/redis_limit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "common/clock.h"

#define AT_ONCE 30 /* clients in one call */
#define CALLS   34 /* in one round, which is all debts that there can be */

/* Keys: buckets. Arguments: for each its rate, its burst and how many tokens were taken. The answer:
 * how many there are now. The clock is Redis's, so that those of servers need not agree. */
static const char script[] =
    "local time = redis.call('TIME') "
    "local now = time[1] * 1000 + math.floor(time[2] / 1000) "
    "local out = {} "
    "for i, key in ipairs(KEYS) do "
    "  local rate, burst, taken = tonumber(ARGV[3*i-2]), tonumber(ARGV[3*i-1]), tonumber(ARGV[3*i]) "
    "  local was = redis.call('HMGET', key, 'tokens', 'seen') "
    "  local tokens, seen = tonumber(was[1]) or burst, tonumber(was[2]) or now "
    "  tokens = math.min(burst, tokens + math.max(0, now - seen) / 1000 * rate) - taken "
    "  tokens = math.max(tokens, -burst) "
    "  redis.call('HSET', key, 'tokens', tostring(tokens), 'seen', now) "
    "  redis.call('PEXPIRE', key, math.ceil(2000 * burst / rate) + 1000) "
    "  out[i] = tostring(tokens) "
    "end "
    "return out";

/* An address is somebody's: it goes to Redis as a digest, for as long as its bucket is not full. */
static void key_of(const char *prefix, const limit_debt *d, char out[128])
{
    uint8_t digest[32];
    char hex[33];
    digest_of(d->client.bytes, sizeof d->client.bytes, digest);
    hex_encode(digest, 16, hex);
    snprintf(out, 128, "%s:{limit}:%s", prefix, d->total ? "all" : hex);
}

static bool call(redis *r, const char *prefix, limiter *l, const limit_debt *debts, size_t count)
{
    slice words[3 + 4 * AT_ONCE];
    char keys[AT_ONCE][128], numbers[AT_ONCE][3][32], how_many[16];
    size_t n = 0;
    snprintf(how_many, sizeof how_many, "%zu", count);
    words[n++] = REDIS_WORD("EVAL");
    words[n++] = REDIS_WORD(script);
    words[n++] = REDIS_WORD(how_many);
    for (size_t i = 0; i < count; i++) {
        key_of(prefix, &debts[i], keys[i]);
        words[n++] = REDIS_WORD(keys[i]);
    }
    for (size_t i = 0; i < count; i++) {
        const double rate = debts[i].total ? l->total_rate : l->rate;
        snprintf(numbers[i][0], 32, "%.9g", rate);
        snprintf(numbers[i][1], 32, "%.9g", debts[i].total ? 2 * rate : l->burst);
        snprintf(numbers[i][2], 32, "%u", debts[i].taken);
        for (int k = 0; k < 3; k++)
            words[n++] = REDIS_WORD(numbers[i][k]);
    }
    redisReply *reply = redis_ask(r, words, n);
    const bool ok = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == count;
    for (size_t i = 0; ok && i < count; i++)
        if (reply->element[i]->type == REDIS_REPLY_STRING)
            limiter_settle(l, &debts[i], strtod(reply->element[i]->str, NULL), now_ns());
    redis_free(&reply, 1);
    return ok;
}

void redis_limits_sync(redis *r, const char *prefix, limiter *l)
{
    limit_debt debts[AT_ONCE];
    for (int i = 0; i < CALLS; i++) {
        const size_t n = limiter_debts(l, debts, AT_ONCE);
        if (!n || !call(r, prefix, l, debts, n)) /* debts that nobody heard of are forgiven */
            return;
    }
}
