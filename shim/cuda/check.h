/* CUDA's answers as codes and texts of shim.h. */
#ifndef STZ_CUDA_CHECK_H
#define STZ_CUDA_CHECK_H

#include <cuda_runtime_api.h>

#include "../device.h"

namespace stz::cuda
{

/* OK, or a code and a line that says what was done and what CUDA answered. */
int check(cudaError_t answer, const char *what, const stz_torch_error *error) noexcept;
int fail(const stz_torch_error *error, int code, const char *format, ...) noexcept
    __attribute__((format(printf, 3, 4)));

/* Makes a device the calling thread's, and puts back the one before: a thread may be the program's. */
class Current
{
  public:
    explicit Current(int index) noexcept : index_(index)
    {
        if (cudaGetDevice(&before_) != cudaSuccess)
            before_ = -1;
        if (before_ != index_)
            cudaSetDevice(index_);
    }
    ~Current()
    {
        if (before_ >= 0 && before_ != index_)
            cudaSetDevice(before_);
    }
    Current(const Current &) = delete;
    Current &operator=(const Current &) = delete;

  private:
    int index_, before_ = -1;
};

int count(const stz_torch_error *error) noexcept;
int info(int index, stz_device_info *out, const stz_torch_error *error) noexcept;

/* libtorch on a stream, and graphs of what it does there: torch.cpp. */
int run(int index, cudaStream_t stream, stz_device_fn fn, void *arg) noexcept;
int capture(int index, cudaStream_t stream, stz_device_fn fn, void *arg, void **graph,
            const stz_torch_error *error) noexcept;
int replay(int index, cudaStream_t stream, void *graph, const stz_torch_error *error) noexcept;
void graph_destroy(int index, void *graph) noexcept;
void empty_cache(int index) noexcept;

} // namespace stz::cuda
#endif
