/* Token buckets: how many requests a second, of one client and of all. The clock is a parameter. */
#ifndef SERVER_LIMIT_H
#define SERVER_LIMIT_H

#include <pthread.h>

#include "address.h"

#define LIMIT_SETS 1024
#define LIMIT_WAYS 8 /* clients that share a set; the one unseen for longest goes */

typedef struct bucket {
    address client;
    double tokens;
    uint64_t seen_ns; /* 0: free */
} bucket;

typedef struct limiter {
    pthread_mutex_t lock;
    double rate, burst; /* of one client; rate 0: no limit */
    double total_rate;  /* of all; 0: no limit */
    bucket total;
    uint64_t seed; /* so that nobody can choose addresses that share a set */
    bucket sets[LIMIT_SETS][LIMIT_WAYS];
} limiter;

void limiter_init(limiter *l, double rate, double burst, double total_rate, uint64_t now_ns);
/* Takes one token. False: *retry_after is in how many seconds there will be one, at least 1. */
bool limiter_take(limiter *l, const address *client, uint64_t now_ns, unsigned *retry_after);

#endif
