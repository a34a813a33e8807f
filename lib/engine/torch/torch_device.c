/* Which devices a context works on, and the plugin's CUDA half, which knows them. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/torch/torch_plugin.h"

#define HALF "libstylize_torch_cuda.so"

/* ------------------------------------------------------------------ the CUDA half */

/* Beside a file, under another name. */
static bool beside(const char *file, const char *name, char path[STZ_OS_PATH])
{
    const char *slash = strrchr(file, '/');
    return slash && snprintf(path, STZ_OS_PATH, "%.*s/%s", (int)(slash - file), file, name) < STZ_OS_PATH &&
           stz_os_readable(path);
}

/* NULL, and why there is none. */
static const stz_device_table *load_half(const char *plugin, char *why, size_t size)
{
    char path[STZ_OS_PATH], torch[STZ_OS_PATH], torch_cuda[STZ_OS_PATH];
    if (!beside(plugin, HALF, path)) {
        const bool plain =
            stz_torch_loaded(torch, sizeof torch) && !beside(torch, "libtorch_cuda.so", torch_cuda);
        snprintf(
            why, size, "%s",
            plain
                ? "this libtorch is without CUDA"
                : "the plugin was built without CUDA: build with nvcc and -DSTYLIZE_TORCH=<torch with CUDA>");
        return NULL;
    }
    void *handle = stz_os_library(path, why, size);
    if (!handle)
        return NULL;
    __typeof__(stz_device_table_get) *get;
    *(void **)&get = stz_os_symbol(handle, "stz_device_table_get");
    const stz_device_table *table = get ? get() : NULL;
    if (table && table->abi == STZ_DEVICE_ABI)
        return table;
    snprintf(why, size, "%s is of another version of this library", HALF);
    return NULL;
}

static const stz_device_table *half(const char *plugin, char *why, size_t size)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static const stz_device_table *table;
    pthread_mutex_lock(&lock);
    if (!table)
        table = load_half(plugin, why, size);
    const stz_device_table *result = table;
    pthread_mutex_unlock(&lock);
    return result;
}

/* The table and how many devices it has; 0 and why there are none. */
static int count_devices(const stz_torch_plugin *plugin, const stz_device_table **table, char *why,
                         size_t size)
{
    const stz_torch_error error = {why, size};
    *table = half(plugin->path, why, size);
    if (!*table)
        return 0;
    const int n = (*table)->count(&error);
    if (n <= 0)
        return 0;
    /* libtorch looks for its CUDA half once, when it is first used. */
    if (!(*table)->host_tensors && plugin->cuda_count() < 1) {
        snprintf(why, size,
                 "this process has used libtorch on the CPU before: open the context with CUDA first");
        return 0;
    }
    return n;
}

/* ------------------------------------------------------------------ choosing */

static stylize_status missing(const char *device, const char *why, int count, stylize_error *err)
{
    char list[32] = "cpu";
    if (count == 1)
        snprintf(list, sizeof list, "cpu, cuda:0");
    else if (count > 1)
        snprintf(list, sizeof list, "cpu, cuda:0 to cuda:%d", count - 1);
    return stz_fail(err, STYLIZE_ERR_UNSUPPORTED,
                    "torch engine: there is no device \"%s\" (%s); there is: %s", device,
                    count ? "number too high" : why, list);
}

static void describe(stz_torch_devices *d)
{
    stz_device_info info;
    if (d->table->info(d->index[0], &info, NULL) != STZ_TORCH_OK)
        info.name[0] = 0;
    snprintf(d->name, sizeof d->name, "cuda:%d%s%s", d->index[0], *info.name ? " " : "", info.name);
    if (d->count > 1)
        snprintf(d->name, sizeof d->name, "cuda: %d devices, %.30s", d->count, info.name);
}

stylize_status stz_torch_find_devices(const stz_torch_plugin *plugin, const char *device,
                                      stz_torch_devices *out, stylize_error *err)
{
    *out = (stz_torch_devices){.name = "cpu"};
    if (strcmp(device, "cpu") == 0)
        return STYLIZE_OK;
    const bool any = strcmp(device, "auto") == 0;
    int wanted = stz_cuda_devices(any ? "cuda" : device, out->index);
    if (wanted < 0)
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "device \"%s\" is none of auto, cpu, cuda, cuda:N, cuda:N,M and cuda:all", device);
    char why[128] = "";
    const stz_device_table *table;
    const int count = count_devices(plugin, &table, why, sizeof why);
    if (count == 0 && any) {
        memcpy(out->note, why, sizeof out->note);
        return STYLIZE_OK;
    }
    for (; wanted == 0 && out->count < stz_min(count, STZ_CUDA_DEVICES); out->count++)
        out->index[out->count] = out->count;
    for (int i = 0; i < wanted; i++)
        if (out->index[i] >= count)
            return missing(device, why, count, err);
    if (count == 0)
        return missing(device, why, 0, err);
    out->count = wanted ? wanted : out->count;
    out->table = table;
    describe(out);
    return STYLIZE_OK;
}
