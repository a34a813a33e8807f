/*
 * The header Idempotency-Key: a request that is sent again with the same key and the same body does
 * nothing twice. A job gets its id from owner, key and body, so the same one is found again, also after
 * a restart and, with a broker, by another server; paintings are deterministic anyway. What is
 * remembered here, for a bounded number of keys, is which body came with a key and whether it is in
 * work now.
 */
#ifndef SERVER_IDEMPOTENCY_H
#define SERVER_IDEMPOTENCY_H

#include <pthread.h>

#include "base/problem.h"

#define IDEMPOTENCY_KEYS 4096
#define IDEMPOTENCY_NS   (86400ull * 1000000000) /* a day */

typedef struct idempotency_entry {
    uint8_t key[16], body[16];
    uint64_t seen_ns; /* 0: free */
    bool working;
} idempotency_entry;

typedef struct idempotency {
    pthread_mutex_t lock;
    size_t next;
    idempotency_entry entries[IDEMPOTENCY_KEYS];
} idempotency;

/* What makes a request the same as another; key "" if none was sent. */
typedef struct idempotent {
    bool given;
    uint8_t key[32], body[32];
    char id[25]; /* for a job */
} idempotent;

void idempotency_init(idempotency *t);
void idempotency_free(idempotency *t);
/* From the header's value (data NULL: none); false if it is no key. */
bool idempotent_read(idempotent *out, slice header, const char *owner, const char *route, slice type,
                     slice body, problem *wrong);
/* False: 422, the key came with another body; 409, `alone` and one like it is in work. */
bool idempotency_begin(idempotency *t, const idempotent *r, bool alone, uint64_t now_ns, problem *wrong);
void idempotency_end(idempotency *t, const idempotent *r);

#endif
