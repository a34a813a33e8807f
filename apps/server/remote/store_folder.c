#include "remote/store_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/url.h"
#include "common/clock.h"

#define NAME_MAX_HERE 300

typedef struct store_folder {
    backend backend;
    char path[512];
    int handle;
} store_folder;

/* The folders before the last part of a name. Other users of the group may read: a worker is one. */
static bool make_folders(const store_folder *f, const char *name)
{
    char part[NAME_MAX_HERE];
    for (const char *p = strchr(name, '/'); p; p = strchr(p + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(p - name), name);
        if (mkdirat(f->handle, part, 0770) && errno != EEXIST)
            return false;
    }
    return true;
}

static backend_result end(store_folder *f, uint64_t began, backend_result result)
{
    const char *why = strerror(errno);
    backend_done(&f->backend, result, began, why);
    return result;
}

static backend_result folder_put(void *state, const char *name, const char *type, slice data)
{
    store_folder *f = state;
    char temporary[NAME_MAX_HERE + 32], id[25];
    const uint64_t began = now_ns();
    random_id(id);
    snprintf(temporary, sizeof temporary, "%s.%s.new", name, id);
    const int file = make_folders(f, name)
                         ? openat(f->handle, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0660)
                         : -1;
    bool ok = file >= 0 && file_write(file, data) && !fsync(file);
    if (file >= 0)
        ok = !close(file) && ok;
    ok = ok && !renameat(f->handle, temporary, f->handle, name);
    if (!ok && file >= 0)
        unlinkat(f->handle, temporary, 0);
    return end(f, began, ok ? BACKEND_OK : BACKEND_REFUSED);
}

static backend_result folder_get(void *state, const char *name, uint64_t most, buf *out)
{
    store_folder *f = state;
    const uint64_t began = now_ns();
    const int file = openat(f->handle, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return end(f, began, errno == ENOENT || errno == ENOTDIR ? BACKEND_MISS : BACKEND_REFUSED);
    const bool ok = file_read(file, most, out);
    close(file);
    return end(f, began, ok ? BACKEND_HIT : BACKEND_REFUSED);
}

static backend_result folder_remove(void *state, const char *name)
{
    store_folder *f = state;
    char part[NAME_MAX_HERE];
    const uint64_t began = now_ns();
    const bool ok = !unlinkat(f->handle, name, 0) || errno == ENOENT || errno == ENOTDIR;
    /* Folders that are empty now go as well; those that are not stay. */
    snprintf(part, sizeof part, "%s", name);
    for (char *p = strrchr(part, '/'); ok && p; p = strrchr(part, '/')) {
        *p = '\0';
        if (unlinkat(f->handle, part, AT_REMOVEDIR))
            break;
    }
    return end(f, began, ok ? BACKEND_OK : BACKEND_REFUSED);
}

static backend_result folder_list(void *state, const char *prefix, void (*each)(void *user, const char *name),
                                  void *user)
{
    store_folder *f = state;
    char name[NAME_MAX_HERE];
    const uint64_t began = now_ns();
    const int handle = openat(f->handle, prefix, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = handle >= 0 ? fdopendir(handle) : NULL;
    if (handle >= 0 && !d)
        close(handle);
    if (!d)
        return end(f, began, errno == ENOENT ? BACKEND_OK : BACKEND_REFUSED);
    for (struct dirent *e; (e = readdir(d));) {
        const size_t n = strlen(e->d_name);
        if (e->d_name[0] == '.' || (n > 4 && !strcmp(e->d_name + n - 4, ".new")))
            continue;
        if ((size_t)snprintf(name, sizeof name, "%s%s", prefix, e->d_name) < sizeof name)
            each(user, name);
    }
    closedir(d);
    return end(f, began, BACKEND_OK);
}

static void folder_url(void *state, const char *name, char *out, size_t size)
{
    snprintf(out, size, "file://%s/%s", ((store_folder *)state)->path, name);
}

static bool folder_ping(void *state, char *why, size_t size)
{
    store_folder *f = state;
    const uint64_t began = now_ns();
    const bool ok = !faccessat(f->handle, ".", W_OK | X_OK, AT_EACCESS);
    snprintf(why, size, "%s", ok ? "" : strerror(errno));
    backend_done(&f->backend, ok ? BACKEND_OK : BACKEND_FAILED, began, why);
    return ok;
}

static backend *folder_backend(void *state) { return &((store_folder *)state)->backend; }

static void folder_close(void *state)
{
    store_folder *f = state;
    if (f->handle >= 0)
        close(f->handle);
    backend_free(&f->backend);
    free(f);
}

bool store_folder_open(store *s, const store_options *o, char *message, size_t size)
{
    const char *path = o->url + strlen("file://");
    store_folder *f = *path == '/' && strlen(path) < sizeof f->path ? calloc(1, sizeof *f) : NULL;
    if (!f) {
        snprintf(message, size, "storage is \"%.200s\"; a folder is given as file:///its/whole/path", o->url);
        return false;
    }
    backend_init(&f->backend, "storage", o->url);
    snprintf(f->path, sizeof f->path, "%s", path);
    mkdir(path, 0770);
    f->handle = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f->handle < 0) {
        snprintf(message, size, "the folder of --storage, %s, cannot be used: %s", path, strerror(errno));
        folder_close(f);
        return false;
    }
    *s = (store){f,          folder_put,  folder_get,     folder_remove, folder_list,
                 folder_url, folder_ping, folder_backend, folder_close};
    return true;
}
