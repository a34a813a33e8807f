/* Token buckets. */
#include "http/limit.h"

#include <math.h>
#include <string.h>

void limiter_init(limiter *l, double rate, double burst, double total_rate, uint64_t now)
{
    memset(l, 0, sizeof *l);
    pthread_mutex_init(&l->lock, NULL);
    l->rate = rate;
    l->burst = burst;
    l->total_rate = total_rate;
    l->total = (bucket){.tokens = 2 * total_rate, .seen_ns = now};
    random_bytes(&l->seed, sizeof l->seed);
}

static bucket *bucket_of(limiter *l, const address *client, uint64_t now)
{
    uint64_t half[2];
    memcpy(half, client->bytes, sizeof half);
    uint64_t h = (half[0] ^ l->seed) * 0x9e3779b97f4a7c15u;
    h = (h ^ h >> 32 ^ half[1]) * 0xd6e8feb86659fd93u;
    bucket *set = l->sets[(h ^ h >> 32) % LIMIT_SETS], *oldest = set;
    for (int i = 0; i < LIMIT_WAYS; i++) {
        if (set[i].seen_ns && !memcmp(&set[i].client, client, sizeof *client))
            return &set[i];
        if (set[i].seen_ns < oldest->seen_ns)
            oldest = &set[i];
    }
    *oldest = (bucket){.client = *client, .tokens = l->burst, .seen_ns = now};
    return oldest;
}

static void refill(bucket *b, double rate, double burst, uint64_t now)
{
    if (now > b->seen_ns)
        b->tokens += (double)(now - b->seen_ns) * 1e-9 * rate;
    if (b->tokens > burst)
        b->tokens = burst;
    b->seen_ns = now;
}

static unsigned seconds_until_one(const bucket *b, double rate)
{
    const double s = ceil((1 - b->tokens) / rate);
    return s < 1 ? 1 : s > 3600 ? 3600 : (unsigned)s;
}

/* Under the lock. */
static void owe(limiter *l, bucket *b)
{
    b->owed++;
    if (!b->listed && l->debtor_count < LIMIT_DEBTS) {
        b->listed = true;
        l->debtors[l->debtor_count++] = b;
    }
}

bool limiter_take(limiter *l, const address *client, uint64_t now, unsigned *retry_after)
{
    bool ok = true;
    pthread_mutex_lock(&l->lock);
    bucket *one = l->rate > 0 ? bucket_of(l, client, now) : NULL;
    if (one)
        refill(one, l->rate, l->burst, now);
    if (l->total_rate > 0)
        refill(&l->total, l->total_rate, 2 * l->total_rate, now);
    if (one && one->tokens < 1) {
        ok = false;
        *retry_after = seconds_until_one(one, l->rate);
    } else if (l->total_rate > 0 && l->total.tokens < 1) {
        ok = false;
        *retry_after = seconds_until_one(&l->total, l->total_rate);
    } else {
        if (one)
            one->tokens -= 1;
        l->total.tokens -= 1;
        if (l->shared && one)
            owe(l, one);
        if (l->shared && l->total_rate > 0)
            owe(l, &l->total);
    }
    pthread_mutex_unlock(&l->lock);
    return ok;
}

size_t limiter_debts(limiter *l, limit_debt *out, size_t max)
{
    size_t n = 0;
    pthread_mutex_lock(&l->lock);
    while (l->debtor_count && n < max) {
        bucket *b = l->debtors[--l->debtor_count];
        if (b->owed) /* or its place was given to another client */
            out[n++] = (limit_debt){b == &l->total, b->client, b->owed};
        b->owed = 0;
        b->listed = false;
    }
    pthread_mutex_unlock(&l->lock);
    return n;
}

void limiter_settle(limiter *l, const limit_debt *debt, double tokens, uint64_t now)
{
    pthread_mutex_lock(&l->lock);
    bucket *b = debt->total ? &l->total : bucket_of(l, &debt->client, now);
    if (debt->total)
        refill(b, l->total_rate, 2 * l->total_rate, now);
    else
        refill(b, l->rate, l->burst, now);
    if (tokens - b->owed < b->tokens) /* what was taken meanwhile is not in it */
        b->tokens = tokens - b->owed;
    pthread_mutex_unlock(&l->lock);
}
