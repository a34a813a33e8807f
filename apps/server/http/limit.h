/* Token buckets: how many requests a second, of one client and of all. The clock is a parameter. */
#ifndef SERVER_LIMIT_H
#define SERVER_LIMIT_H

#include <pthread.h>

#include "http/address.h"

#define LIMIT_SETS  1024
#define LIMIT_WAYS  8    /* clients that share a set; the one unseen for longest goes */
#define LIMIT_DEBTS 1024 /* clients whose tokens wait to be told to other servers */

typedef struct bucket {
    address client;
    double tokens;
    uint64_t seen_ns; /* 0: free */
    uint32_t owed;    /* tokens that were taken here and not told to others */
    bool listed;
} bucket;

/* What a client took here since it was last told. */
typedef struct limit_debt {
    bool total; /* of all clients */
    address client;
    uint32_t taken;
} limit_debt;

typedef struct limiter {
    pthread_mutex_t lock;
    double rate, burst; /* of one client; rate 0: no limit */
    double total_rate;  /* of all; 0: no limit */
    bucket total;
    uint64_t seed; /* so that nobody can choose addresses that share a set */
    bool shared;   /* with other servers: debts are kept */
    bucket *debtors[LIMIT_DEBTS];
    size_t debtor_count;
    bucket sets[LIMIT_SETS][LIMIT_WAYS];
} limiter;

void limiter_init(limiter *l, double rate, double burst, double total_rate, uint64_t now_ns);
/* Takes one token. False: *retry_after is in how many seconds there will be one, at least 1. */
bool limiter_take(limiter *l, const address *client, uint64_t now_ns, unsigned *retry_after);

/* For limits that servers share: what was taken here since the last call, and then how many tokens
 * there are for all servers together. */
size_t limiter_debts(limiter *l, limit_debt *out, size_t max);
void limiter_settle(limiter *l, const limit_debt *debt, double tokens, uint64_t now_ns);

#endif
