/* What devices there are, and CUDA's answers in words. */
#include "check.h"

#include <cstdarg>
#include <cstdio>

namespace stz::cuda
{

int fail(const stz_torch_error *error, int code, const char *format, ...) noexcept
{
    if (error && error->text && error->size) {
        va_list args;
        va_start(args, format);
        vsnprintf(error->text, error->size, format, args);
        va_end(args);
    }
    return code;
}

int check(cudaError_t answer, const char *what, const stz_torch_error *error) noexcept
{
    if (answer == cudaSuccess)
        return STZ_TORCH_OK;
    cudaGetLastError(); /* told once */
    if (answer == cudaErrorMemoryAllocation)
        return fail(error, STZ_TORCH_NOMEM, "out of memory");
    return fail(error, STZ_TORCH_ENGINE, "%s failed: %s (%s)", what, cudaGetErrorString(answer),
                cudaGetErrorName(answer));
}

/* cudaGetDeviceCount says the same of no driver and of an old one. */
static int no_driver(const stz_torch_error *error) noexcept
{
    int driver = 0, needed = 0;
    cudaDriverGetVersion(&driver);
    cudaRuntimeGetVersion(&needed);
    if (driver == 0)
        return fail(error, -1, "no NVIDIA driver is installed");
    return fail(error, -1,
                "the NVIDIA driver is for CUDA %d.%d and this build needs %d.%d: update the driver",
                driver / 1000, driver % 1000 / 10, needed / 1000, needed % 1000 / 10);
}

int count(const stz_torch_error *error) noexcept
{
    int n = 0;
    const cudaError_t answer = cudaGetDeviceCount(&n);
    if (answer == cudaSuccess && n > 0)
        return n;
    cudaGetLastError();
    if (answer == cudaErrorInsufficientDriver)
        return no_driver(error);
    if (answer == cudaSuccess || answer == cudaErrorNoDevice)
        return fail(error, -1, "the driver sees no CUDA device (CUDA_VISIBLE_DEVICES counts)");
    return fail(error, -1, "CUDA does not start: %s (%s)", cudaGetErrorString(answer),
                cudaGetErrorName(answer));
}

int info(int index, stz_device_info *out, const stz_torch_error *error) noexcept
{
    cudaDeviceProp p;
    int code = check(cudaGetDeviceProperties(&p, index), "the device's description", error);
    if (code != STZ_TORCH_OK)
        return code;
    snprintf(out->name, sizeof out->name, "%.47s", p.name);
    const Current current(index);
    return check(cudaMemGetInfo(&out->free, &out->total), "the device's memory", error);
}

} // namespace stz::cuda
