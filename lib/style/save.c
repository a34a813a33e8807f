#include "style/save.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/file.h"
#include "style/json.h"

static stylize_status fail(stylize_error *err, const char *verb, const char *path)
{
    return stz_fail(err, STYLIZE_ERR_IO, "cannot %s %.160s: %s", verb, path, strerror(errno));
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
        if (mkdir(path, 0777) && errno != EEXIST)
            status = fail(err, "make the folder", path);
        *p = end;
        if (!end)
            break;
    }
    free(path);
    return status;
}

/* The files of a folder without folders, and itself. False with errno. */
static bool remove_flat(const char *path)
{
    DIR *d = opendir(path);
    if (!d)
        return errno == ENOENT;
    bool good = true;
    for (struct dirent *e; (e = readdir(d));)
        if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
            good &= !unlinkat(dirfd(d), e->d_name, 0);
    const int why = errno;
    closedir(d);
    errno = why;
    return !rmdir(path) && good;
}

/* What was renamed must still be there after a power cut. */
static bool sync_folder(const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const bool good = !fsync(fd) || errno == EINVAL;
    const int why = errno;
    close(fd);
    errno = why;
    return good;
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
    struct stat s;
    if (!f->dir || !f->path || !f->name || !there)
        status = stz_nomem(err, strlen(dir));
    else if (!lstat(there, &s))
        status = stz_fail(err, STYLIZE_ERR_EXISTS, "style \"%s\" is there already, in %.160s", id, dir);
    else if (!(status = make_folders(dir, err)) && !mkdtemp(f->path))
        status = fail(err, "make a folder in", dir);
    if (!status && chmod(f->path, 0755)) { /* others may read it, as any picture */
        status = fail(err, "make", f->path);
        rmdir(f->path);
    }
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
    if (!sync_folder(f->path) || rename(f->path, there))
        status = errno == EEXIST || errno == ENOTEMPTY
                     ? stz_fail(err, STYLIZE_ERR_EXISTS, "style \"%s\" is there already, in %.160s", f->name,
                                f->dir)
                     : fail(err, "write", there);
    else if (!sync_folder(f->dir))
        status = fail(err, "write", f->dir);
    free(there);
    if (!status)
        release(f);
    return status;
}

void stz_style_folder_abandon(stz_style_folder *f)
{
    if (f->path)
        remove_flat(f->path);
    release(f);
}

stylize_status stz_style_folder_remove(const char *dir, const char *id, stylize_error *err)
{
    char template[100];
    snprintf(template, sizeof template, ".%s.XXXXXX", id);
    char *path = stz_path_join(dir, id), *aside = stz_path_join(dir, template);
    stylize_status status = path && aside ? STYLIZE_OK : stz_nomem(err, strlen(dir));
    /* Aside first: half of a style is none. */
    if (!status && !mkdtemp(aside))
        status = errno == ENOENT
                     ? stz_fail(err, STYLIZE_ERR_NOT_FOUND, "there is no style \"%s\" in %.160s", id, dir)
                     : fail(err, "remove", path);
    if (!status && rename(path, aside)) {
        status = errno == ENOENT
                     ? stz_fail(err, STYLIZE_ERR_NOT_FOUND, "there is no style \"%s\" in %.160s", id, dir)
                     : fail(err, "remove", path);
        rmdir(aside);
    } else if (!status && !remove_flat(aside)) {
        status = fail(err, "remove", aside);
    }
    free(path);
    free(aside);
    return status;
}
