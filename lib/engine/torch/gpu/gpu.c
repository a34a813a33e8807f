/* A device with its pools and slots, and how a batch is divided when memory is short. */
#include "engine/torch/gpu/gpu.h"

#include <stdlib.h>

#include "engine/torch/gpu/error.h"
#include "engine/torch/gpu/graph.h"
#include "engine/torch/gpu/run.h"

#define RECOVER_AFTER 32 /* runs that went well, after which a batch may be larger again */

/* ------------------------------------------------------------------ memory */

static void *device_alloc(void *user, size_t size)
{
    stz_gpu *gpu = user;
    void *data = NULL;
    return gpu->table->alloc(gpu->device, size, &data, NULL) == STZ_TORCH_OK ? data : NULL;
}

static void device_free(void *user, void *data)
{
    stz_gpu *gpu = user;
    gpu->table->free(gpu->device, data);
}

static void *pinned_alloc(void *user, size_t size)
{
    return ((const stz_device_table *)user)->pinned_alloc(size);
}

static void pinned_free(void *user, void *data) { ((const stz_device_table *)user)->pinned_free(data); }

stz_allocator stz_gpu_pinned(const stz_device_table *table)
{
    return (stz_allocator){pinned_alloc, pinned_free, (void *)(uintptr_t)table, true};
}

static bool create_pools(stz_gpu *gpu, uint64_t keep)
{
    const stz_allocator device = {device_alloc, device_free, gpu, false};
    const stz_allocator pinned = stz_gpu_pinned(gpu->table);
    gpu->pool = stz_pool_create(keep);
    gpu->pinned = stz_pool_create(keep);
    if (!gpu->pool || !gpu->pinned)
        return false;
    stz_pool_set_allocator(gpu->pool, STZ_MEM_ARENA, &device);
    stz_pool_set_allocator(gpu->pinned, STZ_MEM_ARENA, &pinned);
    return true;
}

void stz_gpu_trim(stz_gpu *gpu)
{
    pthread_mutex_lock(&gpu->queueing); /* libtorch's cache must not be emptied in a capture */
    stz_gpu_drop_graphs(gpu, NULL);
    stz_pool_trim(gpu->pool);
    stz_pool_trim(gpu->pinned);
    gpu->table->trim(gpu->device);
    pthread_mutex_unlock(&gpu->queueing);
}

/* ------------------------------------------------------------------ opening */

static void destroy_slots(stz_gpu *gpu)
{
    for (int i = 0; i < SLOTS; i++) {
        gpu_slot *s = &gpu->slots[i];
        void *const events[] = {s->in, s->run, s->out, s->caller};
        for (size_t k = 0; k < STZ_LEN(events); k++)
            gpu->table->event_destroy(gpu->device, events[k]);
    }
}

static int create_slots(stz_gpu *gpu, const stz_torch_error *e)
{
    for (int i = 0; i < SLOTS; i++) {
        gpu_slot *s = &gpu->slots[i];
        void **const events[] = {&s->in, &s->run, &s->out, &s->caller};
        for (size_t k = 0; k < STZ_LEN(events); k++) {
            const int code = gpu->table->event_create(gpu->device, events[k], e);
            if (code != STZ_TORCH_OK)
                return code;
        }
    }
    return STZ_TORCH_OK;
}

static bool create_locks(stz_gpu *gpu)
{
    if (pthread_mutex_init(&gpu->lock, NULL))
        return false;
    if (pthread_mutex_init(&gpu->queueing, NULL))
        goto no_queueing;
    if (pthread_cond_init(&gpu->slot_free, NULL))
        goto no_cond;
    return true;
no_cond:
    pthread_mutex_destroy(&gpu->queueing);
no_queueing:
    pthread_mutex_destroy(&gpu->lock);
    return false;
}

void stz_gpu_close(stz_gpu *gpu)
{
    if (!gpu)
        return;
    stz_gpu_drop_graphs(gpu, NULL);
    destroy_slots(gpu);
    stz_pool_end(gpu->pool);
    stz_pool_end(gpu->pinned);
    gpu->table->close(gpu->device);
    pthread_cond_destroy(&gpu->slot_free);
    pthread_mutex_destroy(&gpu->queueing);
    pthread_mutex_destroy(&gpu->lock);
    free(gpu);
}

stylize_status stz_gpu_open(const stz_device_table *table, int index, uint64_t keep, stz_gpu **out,
                            stylize_error *err)
{
    stz_gpu *gpu = calloc(1, sizeof *gpu);
    if (!gpu)
        return stz_nomem(err, sizeof *gpu);
    gpu->table = table;
    gpu->index = index;
    gpu->limit = STZ_GPU_BATCH_MAX;
    if (!create_locks(gpu)) {
        free(gpu);
        return stz_nomem(err, sizeof *gpu);
    }
    gpu_reason why;
    stylize_status status = STYLIZE_OK;
    int code = table->open(index, &gpu->device, stz_gpu_listen(&why));
    if (code == STZ_TORCH_OK)
        code = create_slots(gpu, &why.error);
    if (code != STZ_TORCH_OK)
        status = stz_gpu_fail(gpu, code, &why, err);
    else if (!create_pools(gpu, keep))
        status = stz_nomem(err, sizeof(stz_buf));
    if (status != STYLIZE_OK) {
        stz_gpu_close(gpu);
        return status;
    }
    *out = gpu;
    return STYLIZE_OK;
}

void stz_gpu_forget(stz_gpu *gpu, const stz_gpu_net *net)
{
    pthread_mutex_lock(&gpu->queueing);
    stz_gpu_drop_graphs(gpu, net);
    pthread_mutex_unlock(&gpu->queueing);
}

/* ------------------------------------------------------------------ slots and batches */

/* Waits for a slot. */
static gpu_slot *enter(stz_gpu *gpu)
{
    gpu_slot *slot = NULL;
    pthread_mutex_lock(&gpu->lock);
    gpu->busy++;
    for (;;) {
        for (int i = 0; i < SLOTS && !slot; i++)
            if (!gpu->slots[i].busy)
                slot = &gpu->slots[i];
        if (slot)
            break;
        pthread_cond_wait(&gpu->slot_free, &gpu->lock);
    }
    slot->busy = true;
    pthread_mutex_unlock(&gpu->lock);
    return slot;
}

static void leave(stz_gpu *gpu, gpu_slot *slot)
{
    pthread_mutex_lock(&gpu->lock);
    slot->busy = false;
    gpu->busy--;
    pthread_cond_signal(&gpu->slot_free);
    pthread_mutex_unlock(&gpu->lock);
}

static int batch_limit(stz_gpu *gpu)
{
    pthread_mutex_lock(&gpu->lock);
    const int limit = gpu->limit;
    pthread_mutex_unlock(&gpu->lock);
    return limit;
}

static void note_good(stz_gpu *gpu, int n)
{
    pthread_mutex_lock(&gpu->lock);
    gpu->runs++;
    gpu->images += (uint64_t)n;
    if (gpu->limit < STZ_GPU_BATCH_MAX && ++gpu->good >= RECOVER_AFTER) {
        gpu->limit = stz_min(gpu->limit * 2, STZ_GPU_BATCH_MAX);
        gpu->good = 0;
    }
    pthread_mutex_unlock(&gpu->lock);
}

static void note_short(stz_gpu *gpu, int n)
{
    pthread_mutex_lock(&gpu->lock);
    gpu->trims++;
    gpu->good = 0;
    if (n > 1) {
        gpu->splits++;
        gpu->limit = stz_min(gpu->limit, n / 2);
    }
    pthread_mutex_unlock(&gpu->lock);
}

/* All on one slot. Memory that is short is given back and tried again, with fewer pictures at once. */
static stylize_status run_all(stz_gpu *gpu, stz_gpu_net *net, gpu_slot *slot, const stz_gpu_item *items,
                              int n, const stz_exec *exec, stylize_error *err)
{
    bool tried = false;
    for (int done = 0; done < n;) {
        if (stz_cancelled(exec))
            return stz_fail(err, STYLIZE_ERR_CANCELLED, "cancelled");
        const int k = stz_min(n - done, batch_limit(gpu));
        const stylize_status status = stz_gpu_batch(gpu, net, slot, items + done, k, err);
        if (status == STYLIZE_OK) {
            note_good(gpu, k);
            done += k;
            tried = false;
            continue;
        }
        if (status != STYLIZE_ERR_NOMEM || (k == 1 && tried))
            return status;
        tried = k == 1;
        note_short(gpu, k);
        stz_gpu_trim(gpu);
    }
    return STYLIZE_OK;
}

stylize_status stz_gpu_run(stz_gpu *gpu, stz_gpu_net *net, const stz_gpu_item *items, int n,
                           const stz_exec *exec, stylize_error *err)
{
    gpu_slot *slot = enter(gpu);
    const stylize_status status = run_all(gpu, net, slot, items, n, exec, err);
    leave(gpu, slot);
    return status;
}

int stz_gpu_busy(stz_gpu *gpu)
{
    pthread_mutex_lock(&gpu->lock);
    const int busy = gpu->busy;
    pthread_mutex_unlock(&gpu->lock);
    return busy;
}

void stz_gpu_get_stats(stz_gpu *gpu, stz_gpu_stats *out)
{
    stz_pool_stats pool;
    stz_pool_get_stats(gpu->pool, STZ_MEM_PURPOSES, &pool);
    pthread_mutex_lock(&gpu->queueing);
    *out = (stz_gpu_stats){.graphs = gpu->graphs, .replays = gpu->replays};
    pthread_mutex_unlock(&gpu->queueing);
    pthread_mutex_lock(&gpu->lock);
    out->runs = gpu->runs;
    out->images = gpu->images;
    out->trims = gpu->trims;
    out->splits = gpu->splits;
    pthread_mutex_unlock(&gpu->lock);
    out->bytes = pool.bytes;
    out->peak = pool.peak;
    out->allocs = pool.allocs;
    out->reuses = pool.reuses;
}
