/* Versions and devices: all but networks. */
#include <cstdio>
#include <cstring>

#include <ATen/Context.h>
#include <ATen/Version.h>
#include <torch/cuda.h>

#include "guard.h"

namespace stz
{

/* The version of the library that runs stands only in the text that describes its build. */
static std::string running_version()
{
    const std::string config = at::show_config();
    const size_t at = config.find("TORCH_VERSION=");
    if (at == std::string::npos)
        return "";
    const size_t from = at + strlen("TORCH_VERSION=");
    return config.substr(from, config.find_first_of(", \n", from) - from);
}

static bool same_minor(const std::string &running)
{
    int major = 0, minor = 0;
    return sscanf(running.c_str(), "%d.%d", &major, &minor) != 2 ||
           (major == TORCH_VERSION_MAJOR && minor == TORCH_VERSION_MINOR);
}

} // namespace stz

int stz_torch_abi(void) noexcept { return STZ_TORCH_ABI; }

int stz_torch_cuda_count(void) noexcept
{
    int count = 0;
    stz::guard(nullptr, STZ_TORCH_ENGINE, [&] {
        count = torch::cuda::is_available() ? static_cast<int>(torch::cuda::device_count()) : 0;
    });
    return count;
}

/* Whether convolutions and products of fp32 may take the short cut of tensor cores. */
static void set_tf32(bool allowed)
{
    at::globalContext().setAllowTF32CuDNN(allowed);
    at::globalContext().setAllowTF32CuBLAS(allowed);
}

int stz_torch_open(int cuda, int threads, int precision, stz_torch **out, char *version, size_t size,
                   const stz_torch_error *error) noexcept
{
    return stz::guard(error, STZ_TORCH_ENGINE, [&] {
        const std::string running = stz::running_version();
        if (!stz::same_minor(running))
            throw stz::Failure(STZ_TORCH_UNSUPPORTED,
                               "built with libtorch " TORCH_VERSION ", in the process is " + running);
        snprintf(version, size, "%s", running.c_str());
        const auto index = static_cast<c10::DeviceIndex>(cuda);
        if (cuda >= 0)
            set_tf32(precision == STZ_TORCH_TF32);
        *out = new stz_torch{cuda < 0 ? c10::Device(c10::kCPU) : c10::Device(c10::kCUDA, index), threads,
                             precision};
    });
}

void stz_torch_close(stz_torch *torch) noexcept { delete torch; }
