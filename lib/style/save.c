#include "style/save.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "codec/file.h"
#include "style/json.h"

static stylize_status fail(stylize_error *err, const char *verb, const char *path, int code)
{
    return stz_fail(err, STYLIZE_ERR_IO, "cannot %s %.160s: %s", verb, path, stz_why(code));
}

static stylize_status make_folders(const char *dir, stylize_error *err)
{
    char *path = strdup(dir);
    if (!path)
        return stz_nomem(err, strlen(dir));
    stylize_status status = STYLIZE_OK;
    for (char *p = path + 1; !status; p++) {
        if (*p && *p != '/')
            continue;
        const char end = *p;
        *p = 0;
        const int code = stz_os_folder(path);
        if (code && code != EEXIST)
            status = fail(err, "make the folder", path, code);
        *p = end;
        if (!end)
            break;
    }
    free(path);
    return status;
}

static void release(stz_style_folder *f)
{
    free(f->dir);
    free(f->path);
    free(f->name);
    *f = (stz_style_folder){0};
}

stylize_status stz_style_folder_begin(stz_style_folder *f, const char *dir, const char *id,
                                      stylize_error *err)
{
    char template[100];
    snprintf(template, sizeof template, ".%s.XXXXXX", id);
    *f = (stz_style_folder){strdup(dir), stz_path_join(dir, template), strdup(id)};
    char *there = f->dir ? stz_path_join(dir, id) : NULL;
    stylize_status status = STYLIZE_OK;
    int code = 0;
    if (!f->dir || !f->path || !f->name || !there)
        status = stz_nomem(err, strlen(dir));
    else if (stz_os_taken(there))
        status = stz_fail(err, STYLIZE_ERR_EXISTS, "style \"%s\" is there already, in %.160s", id, dir);
    else if (!(status = make_folders(dir, err)) && (code = stz_os_new_folder(f->path)))
        status = fail(err, "make a folder in", dir, code);
    free(there);
    if (status)
        release(f);
    return status;
}

stylize_status stz_style_folder_write(const stz_style_folder *f, const char *name, const void *data,
                                      size_t size, stylize_error *err)
{
    char *path = stz_path_join(f->path, name);
    if (!path)
        return stz_nomem(err, strlen(f->path));
    const stylize_status status = stz_file_save(path, data, size, err);
    free(path);
    return status;
}

stylize_status stz_style_folder_commit(stz_style_folder *f, stylize_error *err)
{
    char *there = stz_path_join(f->dir, f->name);
    if (!there)
        return stz_nomem(err, strlen(f->dir));
    stylize_status status = STYLIZE_OK;
    int code = stz_os_sync_folder(f->path);
    if (code || (code = stz_os_rename(f->path, there)))
        status = code == EEXIST || code == ENOTEMPTY
                     ? stz_fail(err, STYLIZE_ERR_EXISTS, "style \"%s\" is there already, in %.160s", f->name,
                                f->dir)
                     : fail(err, "write", there, code);
    else if ((code = stz_os_sync_folder(f->dir)))
        status = fail(err, "write", f->dir, code);
    free(there);
    if (!status)
        release(f);
    return status;
}

void stz_style_folder_abandon(stz_style_folder *f)
{
    if (f->path)
        stz_os_remove_folder(f->path);
    release(f);
}

stylize_status stz_style_folder_remove(const char *dir, const char *id, stylize_error *err)
{
    char template[100];
    snprintf(template, sizeof template, ".%s.XXXXXX", id);
    char *path = stz_path_join(dir, id), *aside = stz_path_join(dir, template);
    stylize_status status = path && aside ? STYLIZE_OK : stz_nomem(err, strlen(dir));
    /* Aside first: half of a style is none. */
    int code = status ? 0 : stz_os_new_folder(aside);
    const bool made = !status && !code;
    if (made)
        code = stz_os_rename(path, aside);
    if (code)
        status = code == ENOENT
                     ? stz_fail(err, STYLIZE_ERR_NOT_FOUND, "there is no style \"%s\" in %.160s", id, dir)
                     : fail(err, "remove", path, code);
    if (made && (code = stz_os_remove_folder(aside)) && !status)
        status = fail(err, "remove", aside, code);
    free(path);
    free(aside);
    return status;
}
