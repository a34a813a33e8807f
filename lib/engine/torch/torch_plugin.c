#include "engine/torch/torch_plugin.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLUGIN  "libstylize_torch.so"
#define LIBRARY "libtorch_cpu.so"

#ifndef STYLIZE_PLUGIN_DIR
#define STYLIZE_PLUGIN_DIR "/usr/lib/stylize"
#endif

/* ------------------------------------------------------------------ which libtorch */

struct search {
    char *path;
    size_t size;
    bool found;
};

static int visit(struct dl_phdr_info *info, size_t size, void *user)
{
    struct search *s = user;
    const char *slash = info->dlpi_name ? strrchr(info->dlpi_name, '/') : NULL;
    if (!slash || strncmp(slash + 1, LIBRARY, strlen(LIBRARY)) != 0)
        return 0;
    s->found = snprintf(s->path, s->size, "%s", info->dlpi_name) < (int)s->size;
    return s->found;
}

bool stz_torch_loaded(char *path, size_t size)
{
    struct search s = {path, size, false};
    dl_iterate_phdr(visit, &s);
    return s.found;
}

/* Reads what the plugin was linked with. */
static bool plugin_needs(const char *plugin, char *needed, size_t needed_size, char *runpath,
                         size_t runpath_size)
{
    struct stat st;
    bool ok = false;
    const int fd = open(plugin, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data != MAP_FAILED) {
            ok = stz_elf_needs(data, (size_t)st.st_size, LIBRARY, needed, needed_size, runpath, runpath_size);
            munmap(data, (size_t)st.st_size);
        }
    }
    close(fd);
    return ok;
}

/* The file that the loader will take for `needed`, if the search path names it; runpath is used up. */
static bool on_runpath(const char *needed, char *runpath, char resolved[PATH_MAX])
{
    char *rest = NULL;
    for (char *dir = strtok_r(runpath, ":", &rest); dir; dir = strtok_r(NULL, ":", &rest)) {
        char path[PATH_MAX];
        if (dir[0] == '/' && snprintf(path, sizeof path, "%s/%s", dir, needed) < (int)sizeof path &&
            realpath(path, resolved))
            return true;
    }
    return false;
}

/* Two libtorches in one process end it. The loader shares one that is there already if it has the
 * name that the plugin asks for; that is right only if it is the same file. */
static stylize_status check_loaded(const char *plugin, stylize_error *err)
{
    char loaded[PATH_MAX], needed[128], runpath[2048], a[PATH_MAX], b[PATH_MAX];
    if (!stz_torch_loaded(loaded, sizeof loaded) ||
        !plugin_needs(plugin, needed, sizeof needed, runpath, sizeof runpath))
        return STYLIZE_OK;
    const bool same = on_runpath(needed, runpath, a) ? realpath(loaded, b) && strcmp(a, b) == 0
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
    return snprintf(path, size, "%.*s/%s", (int)dir_length, dir, file) < (int)size && access(path, R_OK) == 0;
}

static bool beside_library(char *path, size_t size)
{
    Dl_info info;
    if (!dladdr((void *)(uintptr_t)&stz_torch_plugin_find, &info) || !info.dli_fname)
        return false;
    const char *slash = strrchr(info.dli_fname, '/');
    return slash && try_path(path, size, info.dli_fname, (size_t)(slash - info.dli_fname), "stylize/" PLUGIN);
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
#define SYMBOL(name) (*(void **)&p->name = dlsym(handle, "stz_torch_" #name))
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
    void *handle = dlopen(p->path, RTLD_NOW | RTLD_LOCAL); /* never closed */
    if (!handle)
        return stz_fail(
            err, STYLIZE_ERR_NOT_FOUND,
            "torch engine: install the libtorch that the plugin was built with, or build it again: %s",
            dlerror());
    *(void **)&p->abi = dlsym(handle, "stz_torch_abi");
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
