/* Versions, devices and error texts: all but networks. */
#include <cstdio>
#include <cstring>

#include <ATen/Version.h>
#include <torch/cuda.h>

#include "guard.h"

namespace stz
{

/* TorchScript reports an exception with a traceback of the model's code around it; what matters is
 * the last line that names an error. */
static const char *essence(const char *text) noexcept
{
    if (strncmp(text, "The following operation failed in the TorchScript interpreter", 61) != 0)
        return text;
    const char *found = text;
    for (const char *p = text; (p = strstr(p, "Error: ")); p += 7)
        found = p;
    while (found > text && found[-1] != '\n')
        found--;
    return strncmp(found, "RuntimeError: ", 14) == 0 ? found + 14 : found;
}

int report(const stz_torch_error *error, int code, const char *text) noexcept
{
    if (strstr(text, "can't allocate memory") || strstr(text, "not enough memory") ||
        strstr(text, "out of memory"))
        code = STZ_TORCH_NOMEM;
    if (!error || !error->text || !error->size)
        return code;
    text = essence(text);
    const char *end = strstr(text, "\nException raised from");
    size_t n = 0;
    for (const char *p = text; *p && p != end && n + 1 < error->size; p++) {
        const char c = (unsigned char)*p <= ' ' ? ' ' : *p;
        if (c != ' ' || (n && error->text[n - 1] != ' '))
            error->text[n++] = c;
    }
    while (n && error->text[n - 1] == ' ')
        n--;
    error->text[n] = 0;
    return code;
}

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

int stz_torch_open(int cuda, int threads, stz_torch **out, char *version, size_t size,
                   const stz_torch_error *error) noexcept
{
    return stz::guard(error, STZ_TORCH_ENGINE, [&] {
        const std::string running = stz::running_version();
        if (!stz::same_minor(running))
            throw stz::Failure(STZ_TORCH_UNSUPPORTED,
                               "built with libtorch " TORCH_VERSION ", in the process is " + running);
        snprintf(version, size, "%s", running.c_str());
        const auto index = static_cast<c10::DeviceIndex>(cuda);
        *out = new stz_torch{cuda < 0 ? c10::Device(c10::kCPU) : c10::Device(c10::kCUDA, index), threads};
    });
}

void stz_torch_close(stz_torch *torch) noexcept { delete torch; }
