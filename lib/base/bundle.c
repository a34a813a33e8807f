#include "base/bundle.h"

#include <stdlib.h>
#include <string.h>

#define DATA_ALIGN 8 /* of the largest type in a safetensors file */

bool stz_path_inside(const char *path)
{
    if (!*path || *path == '/')
        return false;
    for (const char *p = path; *p;) {
        size_t n = strcspn(p, "/");
        if (n == 2 && p[0] == '.' && p[1] == '.')
            return false;
        p += n;
        p += strspn(p, "/");
    }
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const stylize_file *)a)->name, ((const stylize_file *)b)->name);
}

static stylize_status check(const stylize_file *file, size_t i, stylize_error *err)
{
    if (!file->name || !stz_path_inside(file->name))
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "file %zu: its name \"%.64s\" is no path inside of a model folder", i,
                        file->name ? file->name : "");
    if (!file->data || !file->size)
        return stz_fail(err, STYLIZE_ERR_INVALID, "file %.160s is empty", file->name);
    if ((uintptr_t)file->data % DATA_ALIGN)
        return stz_fail(err, STYLIZE_ERR_INVALID, "file %.160s: its data is not aligned to %d bytes",
                        file->name, DATA_ALIGN);
    return STYLIZE_OK;
}

static stylize_status fill(stz_bundle *bundle, const stylize_file *files, size_t count, stylize_error *err)
{
    for (size_t i = 0; i < count; i++) {
        const stylize_status status = check(&files[i], i, err);
        if (status)
            return status;
        char *name = strdup(files[i].name);
        if (!name)
            return stz_nomem(err, strlen(files[i].name));
        bundle->files[bundle->count++] = (stylize_file){name, files[i].data, files[i].size};
    }
    qsort(bundle->files, count, sizeof *bundle->files, by_name);
    for (size_t i = 1; i < count; i++)
        if (!by_name(&bundle->files[i - 1], &bundle->files[i]))
            return stz_fail(err, STYLIZE_ERR_INVALID, "file %.160s is there twice", bundle->files[i].name);
    return STYLIZE_OK;
}

stylize_status stz_bundle_create(const stylize_file *files, size_t count, stz_bundle **out,
                                 stylize_error *err)
{
    *out = NULL;
    if (count < 1 || count > STZ_BUNDLE_MAX)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%zu files; 1 to %d are allowed", count, STZ_BUNDLE_MAX);
    stz_bundle *bundle = calloc(1, sizeof *bundle);
    if (!bundle)
        return stz_nomem(err, sizeof *bundle);
    bundle->files = calloc(count, sizeof *bundle->files);
    const stylize_status status =
        bundle->files ? fill(bundle, files, count, err) : stz_nomem(err, count * sizeof *bundle->files);
    if (status)
        stz_bundle_destroy(bundle);
    else
        *out = bundle;
    return status;
}

void stz_bundle_destroy(stz_bundle *bundle)
{
    if (!bundle)
        return;
    for (size_t i = 0; i < bundle->count; i++) {
        union {
            const char *read;
            char *own;
        } name = {bundle->files[i].name};
        free(name.own);
    }
    free(bundle->files);
    free(bundle);
}

const stylize_file *stz_bundle_find(const stz_bundle *bundle, const char *path)
{
    const size_t n = sizeof STZ_BUNDLE_DIR - 1;
    if (!bundle || strncmp(path, STZ_BUNDLE_DIR "/", n + 1) != 0)
        return NULL;
    const stylize_file wanted = {.name = path + n + 1};
    return bsearch(&wanted, bundle->files, bundle->count, sizeof wanted, by_name);
}
