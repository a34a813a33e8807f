/* What of libtorch needs its CUDA headers: the current stream, graphs, its cache of memory. */
#include <memory>

#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>

#include "../guard.h"
#include "check.h"

namespace stz::cuda
{

static at::cuda::CUDAStream torch_stream(int index, cudaStream_t stream)
{
    return at::cuda::getStreamFromExternal(stream, static_cast<c10::DeviceIndex>(index));
}

int run(int index, cudaStream_t stream, stz_device_fn fn, void *arg) noexcept
{
    int code = STZ_TORCH_OK;
    const int outer = guard(nullptr, STZ_TORCH_ENGINE, [&] {
        const at::cuda::CUDAStreamGuard current(torch_stream(index, stream));
        code = fn(arg);
    });
    return outer ? outer : code;
}

/* A capture must be ended also if what is captured fails; its graph is dropped then. */
int capture(int index, cudaStream_t stream, stz_device_fn fn, void *arg, void **out,
            const stz_torch_error *error) noexcept
{
    int code = STZ_TORCH_OK;
    const int outer = guard(error, STZ_TORCH_UNSUPPORTED, [&] {
        const at::cuda::CUDAStreamGuard current(torch_stream(index, stream));
        auto graph = std::make_unique<at::cuda::CUDAGraph>();
        graph->capture_begin(at::cuda::graph_pool_handle(), cudaStreamCaptureModeThreadLocal);
        code = fn(arg);
        graph->capture_end();
        if (code == STZ_TORCH_OK)
            *out = graph.release();
    });
    cudaGetLastError();
    return outer ? outer : code;
}

int replay(int index, cudaStream_t stream, void *graph, const stz_torch_error *error) noexcept
{
    return guard(error, STZ_TORCH_ENGINE, [&] {
        const at::cuda::CUDAStreamGuard current(torch_stream(index, stream));
        static_cast<at::cuda::CUDAGraph *>(graph)->replay();
    });
}

void graph_destroy(int index, void *graph) noexcept
{
    guard(nullptr, STZ_TORCH_ENGINE, [&] {
        const c10::cuda::CUDAGuard current(static_cast<c10::DeviceIndex>(index));
        delete static_cast<at::cuda::CUDAGraph *>(graph);
    });
}

void empty_cache(int index) noexcept
{
    guard(nullptr, STZ_TORCH_ENGINE, [&] {
        const c10::cuda::CUDAGuard current(static_cast<c10::DeviceIndex>(index));
        c10::cuda::CUDACachingAllocator::emptyCache();
    });
}

} // namespace stz::cuda
