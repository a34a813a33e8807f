/* What the files of this folder share. */
#ifndef STZ_GPU_INTERNAL_H
#define STZ_GPU_INTERNAL_H

#include <pthread.h>

#include "engine/torch/gpu/gpu.h"

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

struct stz_gpu {
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
};

/* A text for the table to fill, and where it goes. */
typedef struct gpu_reason {
    char text[160];
    stz_torch_error error;
} gpu_reason;

const stz_torch_error *stz_gpu_listen(gpu_reason *r);
stylize_status stz_gpu_fail(const stz_gpu *gpu, int code, const gpu_reason *r, stylize_error *err);

/* ---- plan.c: what a run needs of memory, and where it lies */

/* The filters of one axis, as the host made them and as kernels see them. */
typedef struct gpu_axis {
    size_t coef_at, weight_at; /* in the parameters */
    stz_op_taps taps;
} gpu_axis;

/* One picture on its way. Host memory that the device cannot read by itself has a pinned copy. */
typedef struct gpu_part {
    const stz_gpu_item *item;
    bool in_host, out_host, scaled;
    uint8_t *in_stage, *out_stage; /* pinned copies, or NULL */
    uint8_t *in;                   /* the content's part, as kernels see it */
    uint8_t *fitted;               /* the same of the output's size */
    uint8_t *out;
    size_t in_pitch, fitted_pitch, out_pitch;
    int channels, out_channels;
    void *temp; /* between the passes of scaling */
    size_t translucent_at;
    gpu_axis down, across;
} gpu_part;

typedef struct gpu_run {
    stz_gpu *gpu;
    stz_gpu_net *net;
    gpu_slot *slot;
    int n;
    int width, height, padded_width, padded_height; /* of the outputs */
    bool paints;                                    /* the network runs */
    gpu_part part[STZ_GPU_BATCH_MAX];
    stz_buf *device, *pinned;
    /* Parameters: codes, statistics, flags, filters. Made in pinned memory and copied in one piece. */
    uint8_t *params_host, *params;
    size_t params_size, code_at, stats_at, bad_at;
    void *x;
    float *stats_out, *stats_back;
    int *bad_back;
    void *kept; /* the network's output, until the run is over */
} gpu_run;

/* Places everything and takes the memory. NOMEM leaves nothing taken. */
stylize_status stz_gpu_plan(gpu_run *run, const stz_gpu_item *items, int n, stylize_error *err);
void stz_gpu_unplan(gpu_run *run);
stz_planes stz_gpu_planes(const gpu_run *run, void *data); /* a network's input */

/* ---- run.c */
/* One batch on one slot, from the first copy to the end of the last. */
stylize_status stz_gpu_batch(stz_gpu *gpu, stz_gpu_net *net, gpu_slot *slot, const stz_gpu_item *items, int n,
                             stylize_error *err);

/* ---- graph.c; all with `queueing` held */
typedef struct gpu_call { /* a forward, for table->run */
    stz_gpu_net *net;
    stz_torch_batch *batch;
    stz_torch_error error;
} gpu_call;
int stz_gpu_forward(void *call);
/* The bucket with a graph for this size, or NULL: run as it is, and *tune says whether to look for the
 * best algorithms. */
gpu_bucket *stz_gpu_bucket(gpu_run *run, int *tune);
void stz_gpu_drop_graphs(stz_gpu *gpu, const stz_gpu_net *net); /* NULL: of all networks */

#endif
