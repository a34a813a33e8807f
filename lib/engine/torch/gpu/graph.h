/* Sizes of batches that come again, and the graphs that were captured for them. All with `queueing` held. */
#ifndef STZ_GPU_GRAPH_H
#define STZ_GPU_GRAPH_H

#include "engine/torch/gpu/plan.h"

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
