/* A device with its pools, slots and the sizes that it was given. */
#ifndef STZ_GPU_DEVICE_H
#define STZ_GPU_DEVICE_H

#include <pthread.h>

#include "engine/torch/gpu/item.h"

#define SLOTS 2

typedef struct gpu_slot {
    void *in, *run, *out; /* events: copied in, computed, copied out */
    void *caller;         /* event: a program's stream has come so far */
    bool busy;
} gpu_slot;

/* A size of batch that a network was given. One that comes again is captured. */
typedef struct gpu_bucket {
    stz_gpu_net *net; /* NULL: the place is free */
    int n, width, height;
    int seen;
    uint64_t used; /* the clock of its last use */
    void *graph;   /* NULL: not captured */
    void *event;   /* its last replay is over */
    stz_buf *x, *code;
    stz_torch_batch batch;
    int status; /* of the forward that was captured */
    char text[160];
} gpu_bucket;

#define BUCKETS    32
#define GRAPHS_MAX 8

typedef struct stz_gpu {
    const stz_device_table *table;
    stz_device *device;
    int index;
    stz_pool *pool, *pinned;

    pthread_mutex_t lock; /* slots, waiting, limit and counters */
    pthread_cond_t slot_free;
    gpu_slot slots[SLOTS];
    int busy;
    int limit, good; /* pictures in a batch at most, since memory was short; runs that went well since */
    uint64_t trims, splits, runs, images;

    pthread_mutex_t queueing; /* held while one run's work is queued on the compute stream */
    gpu_bucket buckets[BUCKETS];
    uint64_t clock, graphs, replays;
} stz_gpu;

#endif
