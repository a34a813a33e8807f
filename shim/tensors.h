/* What everything that runs networks shares: threads, memory, pictures as tensors. */
#ifndef STZ_TORCH_TENSORS_H
#define STZ_TORCH_TENSORS_H

#include <atomic>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include "guard.h"

namespace stz
{

/* Both settings belong to a thread: the number of OpenMP threads it starts, and that TorchScript
 * runs the graph as it is instead of profiling and rewriting it in the first runs. */
inline void settle_thread(const stz_torch *torch)
{
    thread_local int threads = 0;
    if (threads == torch->threads)
        return;
    at::set_num_threads(torch->threads);
    torch::jit::setGraphExecutorOptimize(false);
    threads = torch->threads;
}

/* Counts what libtorch allocates for tensors on this thread. */
class Meter final : public c10::MemoryReportingInfoBase
{
  public:
    /* The types of the totals changed between versions; one of the two is the virtual one. */
    void reportMemoryUsage(void *, int64_t size, int64_t, int64_t, c10::Device) { add(size); }
    void reportMemoryUsage(void *, int64_t size, size_t, size_t, c10::Device) { add(size); }
    bool memoryProfilingEnabled() const override { return true; }
    int64_t peak() const { return peak_; }

  private:
    void add(int64_t size)
    {
        const int64_t now = now_ += size;
        if (now > peak_)
            peak_ = now;
    }
    std::atomic<int64_t> now_{0}, peak_{0};
};

/* The caller's samples as a tensor [H, W, 3], without a copy. */
inline at::Tensor view_of(const stz_torch_picture &p, int width, int height)
{
    const int64_t row = p.stride / (p.is_float ? 4 : 1);
    return at::from_blob(p.data, {height, width, 3}, {row, 3, 1},
                         at::dtype(p.is_float ? at::kFloat : at::kByte));
}

/* Planes [3, H, W] whose white is `white` into the caller's samples. */
inline void write_picture(const stz_torch_picture &p, const at::Tensor &planes, float white)
{
    const int height = static_cast<int>(planes.size(1)), width = static_cast<int>(planes.size(2));
    at::Tensor pixels = planes;
    if (!p.is_float)
        pixels = planes.mul(255.0f / white).add_(0.5f).clamp_(0, 255).to(at::kByte);
    else if (white != 1)
        pixels = planes.mul(1.0f / white);
    view_of(p, width, height).copy_(pixels.permute({1, 2, 0}));
}

/* From samples to what a network was trained with: x * gain - shift. Made at load, on its device. */
struct Normalisation {
    at::Tensor gain_of_bytes, gain, shift; /* [1, 3, 1, 1]; gain: of samples from 0 to 1 */

    Normalisation() = default;
    template <class Spec> Normalisation(const Spec &spec, c10::Device device)
    {
        float bytes[3], floats[3], less[3];
        for (int c = 0; c < 3; c++) {
            bytes[c] = spec.range / (255.0f * spec.std[c]);
            floats[c] = spec.range / spec.std[c];
            less[c] = spec.mean[c] * spec.range / spec.std[c];
        }
        const auto row = [&](float *v) { return at::from_blob(v, {1, 3, 1, 1}).clone().to(device); };
        gain_of_bytes = row(bytes);
        gain = row(floats);
        shift = row(less);
    }
};

} // namespace stz
#endif
