/*
 * Shares of what all clients need: how much of it each of them has now. A client that is not known has nothing, and
 * costs no memory.
 */
#ifndef SERVER_SHARE_H
#define SERVER_SHARE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define SHARE_SLOTS 1024

typedef struct share {
    uint64_t client;
    atomic_uint_fast64_t amount;
    struct share *next;
} share;

typedef struct shares {
    pthread_mutex_t lock;
    share *slots[SHARE_SLOTS];
} shares;

void shares_init(shares *s);
void shares_free(shares *s);
/* Adds to what the client has, if that is at most `most` then; else NULL, also without memory. The share stays where it
 * is until all of it is given back. */
share *shares_take(shares *s, uint64_t client, uint64_t amount, uint64_t most);
void shares_give(shares *s, share *from, uint64_t amount);

#endif
