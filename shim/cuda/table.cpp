/* The table of device.h over the CUDA runtime. */
#include <new>

#include "check.h"
#include "kernels.h"

using stz::cuda::check;
using stz::cuda::Current;

struct stz_device {
    int index;
    bool pools; /* cudaMallocAsync is there: not with every MIG and vGPU */
    cudaStream_t streams[STZ_STREAMS + 1];
};

/* Memory is made and given back on a stream of its own: on one that is being captured by another thread it
 * would become part of the graph. */
static constexpr int MEMORY = STZ_STREAMS;

static cudaStream_t stream_of(void *stream) { return static_cast<cudaStream_t>(stream); }
static cudaEvent_t event_of(void *event) { return static_cast<cudaEvent_t>(event); }

/* ------------------------------------------------------------------ devices */

static void close_device(stz_device *d) noexcept
{
    if (!d)
        return;
    const Current current(d->index);
    for (cudaStream_t stream : d->streams)
        if (stream) {
            cudaStreamSynchronize(stream);
            cudaStreamDestroy(stream);
        }
    delete d;
}

/* What was freed stays with the process's pool, so that the next allocation is cheap; trim gives it back. */
static int prepare_pool(stz_device *d, const stz_torch_error *error) noexcept
{
    int supported = 0;
    cudaMemPool_t pool;
    uint64_t keep = UINT64_MAX;
    if (cudaDeviceGetAttribute(&supported, cudaDevAttrMemoryPoolsSupported, d->index) != cudaSuccess ||
        !supported)
        return STZ_TORCH_OK;
    int code = check(cudaDeviceGetDefaultMemPool(&pool, d->index), "the memory pool", error);
    if (code == STZ_TORCH_OK)
        code = check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep), "the memory pool",
                     error);
    d->pools = code == STZ_TORCH_OK;
    return code;
}

static int open_device(int index, stz_device **out, const stz_torch_error *error) noexcept
{
    auto *d = new (std::nothrow) stz_device{};
    if (!d)
        return stz::cuda::fail(error, STZ_TORCH_NOMEM, "out of memory");
    d->index = index;
    const Current current(index);
    int code = STZ_TORCH_OK;
    for (int i = 0; i <= MEMORY && code == STZ_TORCH_OK; i++)
        code = check(cudaStreamCreateWithFlags(&d->streams[i], cudaStreamNonBlocking), "a stream", error);
    if (code == STZ_TORCH_OK)
        code = prepare_pool(d, error);
    if (code != STZ_TORCH_OK) {
        close_device(d);
        return code;
    }
    *out = d;
    return STZ_TORCH_OK;
}

static void *stream(stz_device *d, int which) noexcept { return d->streams[which]; }

/* ------------------------------------------------------------------ memory */

/* The host waits: buffers come from the library's pool and are rarely made, and may then be used on any
 * stream. */
static int alloc(stz_device *d, size_t size, void **out, const stz_torch_error *error) noexcept
{
    const Current current(d->index);
    if (!d->pools)
        return check(cudaMalloc(out, size), "memory of the device", error);
    const cudaStream_t s = d->streams[MEMORY];
    const int code = check(cudaMallocAsync(out, size, s), "memory of the device", error);
    return code == STZ_TORCH_OK ? check(cudaStreamSynchronize(s), "memory of the device", error) : code;
}

static void free_memory(stz_device *d, void *data) noexcept
{
    const Current current(d->index);
    if (d->pools)
        cudaFreeAsync(data, d->streams[MEMORY]);
    else
        cudaFree(data);
}

static void trim(stz_device *d) noexcept
{
    const Current current(d->index);
    cudaMemPool_t pool;
    cudaStreamSynchronize(d->streams[MEMORY]);
    if (d->pools && cudaDeviceGetDefaultMemPool(&pool, d->index) == cudaSuccess)
        cudaMemPoolTrimTo(pool, 0);
    stz::cuda::empty_cache(d->index);
    cudaGetLastError(); /* what could not be given back is no error */
}

static void *pinned_alloc(size_t size) noexcept
{
    void *data = nullptr;
    if (cudaHostAlloc(&data, size, cudaHostAllocPortable) == cudaSuccess)
        return data;
    cudaGetLastError();
    return nullptr;
}

static void pinned_free(void *data) noexcept { cudaFreeHost(data); }

static int where(const void *data) noexcept
{
    cudaPointerAttributes a;
    if (cudaPointerGetAttributes(&a, data) != cudaSuccess) {
        cudaGetLastError();
        return -2;
    }
    switch (a.type) {
    case cudaMemoryTypeHost:
        return -1;
    case cudaMemoryTypeDevice:
    case cudaMemoryTypeManaged:
        return a.device;
    default:
        return -2;
    }
}

/* ------------------------------------------------------------------ work */

static int copy(stz_device *d, void *s, const stz_copy *c, const stz_torch_error *error) noexcept
{
    const Current current(d->index);
    if (!c->row || !c->rows)
        return STZ_TORCH_OK;
    return check(cudaMemcpy2DAsync(c->to, c->to_pitch, c->from, c->from_pitch, c->row, c->rows,
                                   cudaMemcpyDefault, stream_of(s)),
                 "a copy", error);
}

static int launch(stz_device *d, void *s, int op, const void *args, const stz_torch_error *error) noexcept
{
    const Current current(d->index);
    return check(stz_cuda_launch(stream_of(s), op, args), "a kernel", error);
}

static int event_create(stz_device *d, void **out, const stz_torch_error *error) noexcept
{
    const Current current(d->index);
    cudaEvent_t event;
    const int code = check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming | cudaEventBlockingSync),
                           "an event", error);
    if (code == STZ_TORCH_OK)
        *out = event;
    return code;
}

static void event_destroy(stz_device *d, void *event) noexcept
{
    if (!event)
        return;
    const Current current(d->index);
    cudaEventDestroy(event_of(event));
}

static int record(stz_device *d, void *event, void *s, const stz_torch_error *error) noexcept
{
    const Current current(d->index);
    return check(cudaEventRecord(event_of(event), stream_of(s)), "an event", error);
}

static int wait(stz_device *d, void *s, void *event, const stz_torch_error *error) noexcept
{
    const Current current(d->index);
    return check(cudaStreamWaitEvent(stream_of(s), event_of(event), 0), "an event", error);
}

static int finish(stz_device *d, void *event, const stz_torch_error *error) noexcept
{
    const Current current(d->index);
    return check(cudaEventSynchronize(event_of(event)), "the end of a run", error);
}

static int run(stz_device *d, void *s, stz_device_fn fn, void *arg) noexcept
{
    return stz::cuda::run(d->index, stream_of(s), fn, arg);
}

static int capture(stz_device *d, void *s, stz_device_fn fn, void *arg, void **graph,
                   const stz_torch_error *error) noexcept
{
    return stz::cuda::capture(d->index, stream_of(s), fn, arg, graph, error);
}

static int replay(stz_device *d, void *s, void *graph, const stz_torch_error *error) noexcept
{
    return stz::cuda::replay(d->index, stream_of(s), graph, error);
}

static void graph_destroy(stz_device *d, void *graph) noexcept { stz::cuda::graph_destroy(d->index, graph); }

const stz_device_table *stz_device_table_get(void) noexcept
{
    static const stz_device_table table = {
        .abi = STZ_DEVICE_ABI,
        .host_tensors = 0,
        .count = stz::cuda::count,
        .info = stz::cuda::info,
        .open = open_device,
        .close = close_device,
        .stream = stream,
        .alloc = alloc,
        .free = free_memory,
        .trim = trim,
        .pinned_alloc = pinned_alloc,
        .pinned_free = pinned_free,
        .where = where,
        .copy = copy,
        .launch = launch,
        .event_create = event_create,
        .event_destroy = event_destroy,
        .record = record,
        .wait = wait,
        .finish = finish,
        .run = run,
        .capture = capture,
        .replay = replay,
        .graph_destroy = graph_destroy,
    };
    return &table;
}
