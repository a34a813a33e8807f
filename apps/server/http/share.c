#include "http/share.h"

#include <stdlib.h>

void shares_init(shares *s)
{
    *s = (shares){.slots = {NULL}};
    pthread_mutex_init(&s->lock, NULL);
}

void shares_free(shares *s)
{
    for (int i = 0; i < SHARE_SLOTS; i++)
        for (share *one = s->slots[i], *next; one; one = next) {
            next = one->next;
            free(one);
        }
    pthread_mutex_destroy(&s->lock);
}

/* The client is a digest, so that any part of it is a good hash. */
static share **slot_of(shares *s, uint64_t client) { return &s->slots[client % SHARE_SLOTS]; }

share *shares_take(shares *s, uint64_t client, uint64_t amount, uint64_t most)
{
    pthread_mutex_lock(&s->lock);
    share **slot = slot_of(s, client), *one = *slot;
    while (one && one->client != client)
        one = one->next;
    const uint64_t has = one ? atomic_load(&one->amount) : 0;
    if (has + amount > most) {
        one = NULL;
    } else if (!one && (one = calloc(1, sizeof *one))) {
        one->client = client;
        one->next = *slot;
        *slot = one;
    }
    if (one)
        atomic_fetch_add(&one->amount, amount);
    pthread_mutex_unlock(&s->lock);
    return one;
}

void shares_give(shares *s, share *from, uint64_t amount)
{
    if (!from)
        return;
    pthread_mutex_lock(&s->lock);
    if (atomic_fetch_sub(&from->amount, amount) == amount) {
        share **at = slot_of(s, from->client);
        while (*at != from)
            at = &(*at)->next;
        *at = from->next;
        free(from);
    }
    pthread_mutex_unlock(&s->lock);
}
