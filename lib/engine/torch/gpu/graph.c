#include "engine/torch/gpu/graph.h"

#define CAPTURE_AT 3 /* the sight of a size at which it is captured */

int stz_gpu_forward(void *arg)
{
    gpu_call *call = arg;
    return call->net->forward(call->net->net, call->batch, &call->error);
}

/* What a captured forward reads must live as long as the graph: all of it is in the bucket. */
static int forward_bucket(void *arg)
{
    gpu_bucket *b = arg;
    const stz_torch_error error = {b->text, sizeof b->text};
    b->net->drop(b->batch.kept);
    b->batch.kept = NULL;
    return b->status = b->net->forward(b->net->net, &b->batch, &error);
}

static void drop_graph(stz_gpu *gpu, gpu_bucket *b)
{
    const stz_device_table *t = gpu->table;
    if (b->event)
        t->finish(gpu->device, b->event, NULL);
    t->graph_destroy(gpu->device, b->graph);
    t->event_destroy(gpu->device, b->event);
    if (b->net)
        b->net->drop(b->batch.kept);
    stz_buf_unref(b->x);
    stz_buf_unref(b->code);
    b->graph = b->event = NULL;
    b->x = b->code = NULL;
    b->batch = (stz_torch_batch){0};
}

void stz_gpu_drop_graphs(stz_gpu *gpu, const stz_gpu_net *net)
{
    for (int i = 0; i < BUCKETS; i++) {
        gpu_bucket *b = &gpu->buckets[i];
        if (!b->net || (net && b->net != net))
            continue;
        drop_graph(gpu, b);
        *b = (gpu_bucket){0};
    }
}

/* The place of a size, or the one that was used longest ago. */
static gpu_bucket *find(stz_gpu *gpu, const gpu_run *run)
{
    gpu_bucket *oldest = &gpu->buckets[0];
    for (int i = 0; i < BUCKETS; i++) {
        gpu_bucket *b = &gpu->buckets[i];
        if (b->net == run->net && b->n == run->n && b->width == run->padded_width &&
            b->height == run->padded_height)
            return b;
        if (!b->net ? oldest->net != NULL : oldest->net && b->used < oldest->used)
            oldest = b;
    }
    drop_graph(gpu, oldest);
    *oldest =
        (gpu_bucket){.net = run->net, .n = run->n, .width = run->padded_width, .height = run->padded_height};
    return oldest;
}

/* Room for one graph more: each holds the memory of a whole forward. */
static void make_room(stz_gpu *gpu)
{
    gpu_bucket *oldest = NULL;
    int count = 0;
    for (int i = 0; i < BUCKETS; i++) {
        gpu_bucket *b = &gpu->buckets[i];
        if (!b->graph)
            continue;
        count++;
        if (!oldest || b->used < oldest->used)
            oldest = b;
    }
    if (count >= GRAPHS_MAX)
        drop_graph(gpu, oldest);
}

/* False: no graph, and the run goes on without. */
static bool build(const gpu_run *run, gpu_bucket *b)
{
    stz_gpu *gpu = run->gpu;
    const stz_device_table *t = gpu->table;
    void *stream = t->stream(gpu->device, STZ_STREAM_RUN);
    const size_t samples = (size_t)run->n * 3 * (size_t)run->padded_width * (size_t)run->padded_height;
    const size_t code = (size_t)run->n * (size_t)run->net->code_length * sizeof(float);
    b->x = stz_pool_get(gpu->pool, STZ_MEM_ARENA, samples * (run->net->is_half ? 2 : 4));
    if (code)
        b->code = stz_pool_get(gpu->pool, STZ_MEM_ARENA, code);
    if (!b->x || (code && !b->code) || t->event_create(gpu->device, &b->event, NULL) != STZ_TORCH_OK)
        return false;
    b->batch = (stz_torch_batch){.x = b->x->data,
                                 .code = b->code ? (const float *)(void *)b->code->data : NULL,
                                 .n = run->n,
                                 .width = run->padded_width,
                                 .height = run->padded_height};
    return t->capture(gpu->device, stream, forward_bucket, b, &b->graph, NULL) == STZ_TORCH_OK &&
           b->status == STZ_TORCH_OK && b->batch.y;
}

gpu_bucket *stz_gpu_bucket(gpu_run *run, int *tune)
{
    stz_gpu *gpu = run->gpu;
    *tune = 0;
    if (run->net->no_graphs)
        return NULL;
    gpu_bucket *b = find(gpu, run);
    b->used = ++gpu->clock;
    b->seen++;
    if (b->graph)
        goto found;
    *tune = b->seen == CAPTURE_AT - 1; /* what it finds is what is captured next time */
    if (b->seen < CAPTURE_AT)
        return NULL;
    make_room(gpu);
    if (!build(run, b)) {
        const bool short_of_memory = !b->x || b->status == STZ_TORCH_NOMEM;
        drop_graph(gpu, b);
        b->seen = 0; /* with more memory perhaps */
        run->net->no_graphs = !short_of_memory;
        return NULL;
    }
    gpu->graphs++;
found:
    gpu->replays++;
    return b;
}
