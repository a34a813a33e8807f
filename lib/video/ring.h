/* The frames of a sequence that are in work. */
#ifndef STZ_VIDEO_RING_H
#define STZ_VIDEO_RING_H

#include "sched/queue.h"
#include "video/flow.h"

#define STZ_DEPTH_MAX 64

typedef struct stz_ring stz_ring;

/* One frame from push to pull. */
typedef struct stz_slot {
    stz_ring *ring;
    uint64_t id; /* of its request */
    bool over;   /* painted or failed */
    stylize_status status;
    stylize_error err;
    stylize_image content, painting;
    stz_field field; /* kept from frame to frame */
    bool scene;      /* begins anew: there is no field */
    int64_t tag;
} stz_slot;

struct stz_ring {
    stylize_ctx *ctx;
    pthread_mutex_t lock;
    pthread_cond_t change;
    stz_slot slots[STZ_DEPTH_MAX];
    int depth, first, count;
    bool cancelled;
};

stylize_status stz_ring_create(stz_ring *r, stylize_ctx *ctx, int depth, stylize_error *err);
/* Nothing may be in work. */
void stz_ring_destroy(stz_ring *r);

/* The slot of the next frame; QUEUE_FULL, CANCELLED. It is the caller's until it is submitted. */
stylize_status stz_ring_next(stz_ring *r, stz_slot **out, stylize_error *err);
/* Its content and field are filled: it is painted. On failure the slot is free again. */
stylize_status stz_ring_submit(stz_ring *r, stz_slot *slot, stylize_request *request, stylize_error *err);

/* Waits until the oldest frame is over; NOT_FOUND, CANCELLED. It stays the caller's until it is given back. */
stylize_status stz_ring_oldest(stz_ring *r, stz_slot **out, stylize_error *err);
void stz_ring_give(stz_ring *r, stz_slot *slot);

void stz_ring_cancel(stz_ring *r);
/* Waits until nothing is in work any more, and drops it all. */
void stz_ring_drain(stz_ring *r);

#endif
