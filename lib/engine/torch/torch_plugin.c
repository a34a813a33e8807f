#include "engine/torch/torch_plugin.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLUGIN  "libstylize_torch.so"
#define LIBRARY "libtorch_cpu.so"

#ifndef STYLIZE_PLUGIN_DIR
#define STYLIZE_PLUGIN_DIR "/usr/lib/stylize"
#endif

/* ------------------------------------------------------------------ which libtorch */

bool stz_torch_loaded(char *path, size_t size) { return stz_os_loaded(LIBRARY, path, size); }

/* Reads what the plugin was linked with. */
static bool plugin_needs(const char *plugin, char *needed, size_t needed_size, char *runpath,
                         size_t runpath_size)
{
    bool ok = false;
    stz_os_file file;
    const void *data;
    if (stz_os_open(plugin, true, &file))
        return false;
    if (file.kind == STZ_OS_REGULAR && !stz_os_map(&file, &data) && data) {
        ok = stz_elf_needs(data, (size_t)file.size, LIBRARY, needed, needed_size, runpath, runpath_size);
        stz_os_unmap(data, (size_t)file.size);
    }
    stz_os_close(&file);
    return ok;
}

static bool real_path(const char *path, char resolved[STZ_OS_PATH])
{
    char *full;
    if (stz_os_full_path(path, &full))
        return false;
    const bool fits = snprintf(resolved, STZ_OS_PATH, "%s", full) < STZ_OS_PATH;
    free(full);
    return fits;
}

/* The file that the loader will take for `needed`, if the search path names it; runpath is used up. */
static bool on_runpath(const char *needed, char *runpath, char resolved[STZ_OS_PATH])
{
    char *rest = NULL;
    for (char *dir = strtok_r(runpath, ":", &rest); dir; dir = strtok_r(NULL, ":", &rest)) {
        char path[STZ_OS_PATH];
        if (stz_os_absolute(dir) && snprintf(path, sizeof path, "%s/%s", dir, needed) < (int)sizeof path &&
            real_path(path, resolved))
            return true;
    }
    return false;
}

/* Two libtorches in one process end it. The loader shares one that is there already if it has the
 * name that the plugin asks for; that is right only if it is the same file. */
static stylize_status check_loaded(const char *plugin, stylize_error *err)
{
    char loaded[STZ_OS_PATH], needed[128], runpath[2048], a[STZ_OS_PATH], b[STZ_OS_PATH];
    if (!stz_torch_loaded(loaded, sizeof loaded) ||
        !plugin_needs(plugin, needed, sizeof needed, runpath, sizeof runpath))
        return STYLIZE_OK;
    const bool same = on_runpath(needed, runpath, a) ? real_path(loaded, b) && strcmp(a, b) == 0
                                                     : strcmp(strrchr(loaded, '/') + 1, needed) == 0;
    if (same)
        return STYLIZE_OK;
    return stz_fail(err, STYLIZE_ERR_UNSUPPORTED,
                    "torch engine: another libtorch is in the process already and the plugin wants its own "
                    "%s; build with -DSTYLIZE_TORCH=<its folder>; in the process: %s",
                    needed, loaded);
}

/* ------------------------------------------------------------------ where the plugin is */

static bool try_path(char *path, size_t size, const char *dir, size_t dir_length, const char *file)
{
    return snprintf(path, size, "%.*s/%s", (int)dir_length, dir, file) < (int)size && stz_os_readable(path);
}

static bool beside_library(char *path, size_t size)
{
    char file[STZ_OS_PATH];
    if (!stz_os_library_of((const void *)(uintptr_t)&stz_torch_plugin_find, file, sizeof file))
        return false;
    const char *slash = strrchr(file, '/');
    return slash && try_path(path, size, file, (size_t)(slash - file), "stylize/" PLUGIN);
}

stylize_status stz_torch_plugin_find(char *path, size_t size, stylize_error *err)
{
    const char *folder = getenv("STYLIZE_PLUGINS");
    if (folder && *folder) {
        if (!try_path(path, size, folder, strlen(folder), PLUGIN))
            return stz_fail(err, STYLIZE_ERR_NOT_FOUND,
                            "torch engine: there is no " PLUGIN " in the folder of STYLIZE_PLUGINS: %s",
                            folder);
    } else if (!beside_library(path, size) &&
               !try_path(path, size, STYLIZE_PLUGIN_DIR, strlen(STYLIZE_PLUGIN_DIR), PLUGIN)) {
        return stz_fail(err, STYLIZE_ERR_NOT_FOUND,
                        "torch engine: not installed (" PLUGIN "): install libtorch-dev and build again, or "
                        "build with -DSTYLIZE_TORCH=<torch folder of a wheel>, or set STYLIZE_PLUGINS");
    }
    return check_loaded(path, err);
}

/* ------------------------------------------------------------------ loading */

static bool resolve(void *handle, stz_torch_plugin *p)
{
#define SYMBOL(name) (*(void **)&p->name = stz_os_symbol(handle, "stz_torch_" #name))
    return SYMBOL(cuda_count) && SYMBOL(open) && SYMBOL(close) && SYMBOL(load) && SYMBOL(unload) &&
           SYMBOL(bytes) && SYMBOL(encode) && SYMBOL(apply) && SYMBOL(input_form) && SYMBOL(forward) &&
           SYMBOL(drop) && SYMBOL(loss_load) && SYMBOL(loss_unload) && SYMBOL(optimize);
#undef SYMBOL
}

static stylize_status load_plugin(stz_torch_plugin *p, stylize_error *err)
{
    const stylize_status status = stz_torch_plugin_find(p->path, sizeof p->path, err);
    if (status != STYLIZE_OK)
        return status;
    char why[512];
    void *handle = stz_os_library(p->path, why, sizeof why);
    if (!handle)
        return stz_fail(
            err, STYLIZE_ERR_NOT_FOUND,
            "torch engine: install the libtorch that the plugin was built with, or build it again: %s", why);
    *(void **)&p->abi = stz_os_symbol(handle, "stz_torch_abi");
    if (!p->abi || p->abi() != STZ_TORCH_ABI || !resolve(handle, p))
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED,
                        "torch engine: the plugin is of another version of this library: %s", p->path);
    return STYLIZE_OK;
}

stylize_status stz_torch_plugin_get(const stz_torch_plugin **out, stylize_error *err)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static stz_torch_plugin plugin;
    static bool loaded;
    stylize_status status = STYLIZE_OK;
    pthread_mutex_lock(&lock);
    if (!loaded) {
        status = load_plugin(&plugin, err);
        loaded = status == STYLIZE_OK;
    }
    pthread_mutex_unlock(&lock);
    *out = loaded ? &plugin : NULL;
    return status;
}
