/* What the painter is asked for: the work, the memory that its pictures lie in, and who waits for it. */
#ifndef SERVER_WORK_H
#define SERVER_WORK_H

#include "base/trace.h"
#include "paint/painting.h"

/* The memory that a request's pictures lie in; goes with the last who needs it. */
typedef struct blob {
    atomic_int references;
    buf body, pictures;
} blob;

blob *blob_create(void); /* NULL without memory */
blob *blob_hold(blob *b);
void blob_release(blob *b);

/* One request, ready to be started. */
typedef struct work {
    params params;
    trace trace;  /* that it belongs to */
    blob *memory; /* that the params' slices lie in; the work's own reference */
    painting_key key;
    uint64_t client;      /* whose share of what waits it is of; 0: nobody's */
    uint64_t cost;        /* bytes of pixels */
    uint32_t deadline_ms; /* 0: none */
    bool degraded;
    bool keep;     /* whether the result may go into the cache */
    bool promised; /* its client was told already that it will be painted: it waits for room */
} work;

void work_free(work *w);

typedef struct flight flight;

typedef enum painted_from { PAINTED_NEW, PAINTED_JOINED, PAINTED_CACHE } painted_from;

/* Someone who waits for a painting; part of a structure of theirs. */
typedef struct ticket {
    /* painting: held for the receiver; or NULL and why says the reason. */
    void (*done)(struct ticket *t, painting *p, const problem *why);
    /* How far it is, 0 to 1, rising; or NULL. Must be quick. */
    void (*progress)(struct ticket *t, float done);
    painted_from from;
    /* the painter's */
    flight *flight; /* NULL: not waiting */
    struct ticket *next;
} ticket;

/* A picture as it came, for the library. */
stylize_image encoded_image(slice s);

#endif
