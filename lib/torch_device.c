#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "torch_plugin.h"

#define DRIVER "libcuda.so.1"

/* Brings libtorch's CUDA half into the process; NULL, or why there is none. Opening a library again
 * only counts, so this may be asked for by every context. */
static const char *open_cuda(void)
{
    char path[PATH_MAX];
    if (!dlopen(DRIVER, RTLD_NOW | RTLD_LOCAL))
        return "no NVIDIA driver";
    if (!stz_torch_loaded(path, sizeof path))
        return "no libtorch";
    char *name = strrchr(path, '/') + 1;
    const size_t room = sizeof path - (size_t)(name - path);
    if (snprintf(name, room, "libtorch_cuda.so") >= (int)room || access(path, R_OK) != 0)
        return "this libtorch is without CUDA";
    return dlopen(path, RTLD_NOW | RTLD_LOCAL) ? NULL : "libtorch_cuda cannot be loaded";
}

/* The device's name from the driver's C interface; libtorch has it in its CUDA half only. */
static void cuda_name(int index, char *out, size_t size)
{
    void *driver = dlopen(DRIVER, RTLD_NOW | RTLD_LOCAL);
    int (*init)(unsigned), (*get)(int *, int), (*name)(char *, int, int);
    int device;
    char text[48] = "";
    if (driver && (*(void **)&init = dlsym(driver, "cuInit")) &&
        (*(void **)&get = dlsym(driver, "cuDeviceGet")) &&
        (*(void **)&name = dlsym(driver, "cuDeviceGetName")) && init(0) == 0 && get(&device, index) == 0)
        name(text, sizeof text, device);
    text[sizeof text - 1] = 0;
    snprintf(out, size, "cuda:%d%s%s", index, *text ? " " : "", text);
}

/* "cuda" or "cuda:N"; -1 if it is neither. */
static int parse_cuda(const char *device)
{
    if (strcmp(device, "cuda") == 0)
        return 0;
    if (strncmp(device, "cuda:", 5) != 0)
        return -1;
    const char *digits = device + 5;
    const size_t n = strlen(digits);
    return n >= 1 && n <= 3 && strspn(digits, "0123456789") == n ? atoi(digits) : -1;
}

static stylize_status missing(const char *device, const char *why, int count, stylize_error *err)
{
    char list[32] = "cpu";
    if (count == 1)
        snprintf(list, sizeof list, "cpu, cuda:0");
    else if (count > 1)
        snprintf(list, sizeof list, "cpu, cuda:0 to cuda:%d", count - 1);
    return stz_fail(err, STYLIZE_ERR_UNSUPPORTED,
                    "torch engine: there is no device \"%s\" (%s); there is: %s", device,
                    why     ? why
                    : count ? "number too high"
                            : "no CUDA device answers",
                    list);
}

stylize_status stz_torch_device(const stz_torch_plugin *plugin, const char *device, int *cuda, char *name,
                                size_t size, stylize_error *err)
{
    const bool any = strcmp(device, "auto") == 0;
    const int index = any ? 0 : parse_cuda(device);
    *cuda = -1;
    snprintf(name, size, "cpu");
    if (strcmp(device, "cpu") == 0)
        return STYLIZE_OK;
    if (index < 0)
        return stz_fail(err, STYLIZE_ERR_INVALID, "device \"%s\" is none of auto, cpu, cuda and cuda:N",
                        device);
    const char *why = open_cuda();
    const int count = why ? 0 : plugin->cuda_count();
    if (index >= count)
        return any ? STYLIZE_OK : missing(device, why, count, err);
    *cuda = index;
    cuda_name(index, name, size);
    return STYLIZE_OK;
}
