#include "path.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/names.h"
#include "memory.h"
#include "message.h"

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

size_t path_stem_length(const char *path)
{
    const char *base = path_base(path), *dot = strrchr(base, '.');
    return dot && dot > base ? (size_t)(dot - base) : strlen(base);
}

bool path_is_folder(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

bool path_exists(const char *path)
{
    struct stat s;
    return lstat(path, &s) == 0;
}

bool path_same(const char *a, const char *b)
{
    struct stat s, t;
    return stat(a, &s) == 0 && stat(b, &t) == 0 && s.st_dev == t.st_dev && s.st_ino == t.st_ino;
}

bool folder_make(const char *path)
{
    char *copy = text_format("%s", path);
    bool ok = true;
    for (char *p = copy + 1; ok && *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        ok = mkdir(copy, 0777) == 0 || errno == EEXIST;
        *p = '/';
    }
    ok = ok && (mkdir(copy, 0777) == 0 || errno == EEXIST);
    free(copy);
    if (ok && !path_is_folder(path)) {
        errno = ENOTDIR;
        return false;
    }
    return ok;
}

bool folder_check_writable(const char *file)
{
    char *copy = text_format("%s", file);
    const char *folder = dirname(copy);
    bool ok = false;
    if (path_is_folder(file))
        message_error(file, "is a folder, a file name is needed");
    else if (access(folder, F_OK) != 0)
        message_error(file, "the folder %s does not exist", folder);
    else if (access(folder, W_OK | X_OK) != 0)
        message_error(file, "the folder %s cannot be written to", folder);
    else
        ok = true;
    free(copy);
    return ok;
}

/* The ending without its dot, or NULL. */
static const char *ending_of(const char *path)
{
    const char *base = path_base(path), *dot = strrchr(base, '.');
    return dot && dot > base ? dot + 1 : NULL;
}

static bool is_one_of(const char *ending, const char *const *list)
{
    for (; ending && *list; list++)
        if (slice_is_nocase(slice_of(ending), *list))
            return true;
    return false;
}

stylize_format format_by_path(const char *path)
{
    static const char *const jpeg[] = {"jpe", "jfif", "jif", "jfi", NULL}; /* besides .jpg and .jpeg */
    const char *ending = ending_of(path);
    static const char *const tiff[] = {"tif", "tiff", NULL};
    if (is_one_of(ending, jpeg))
        return STYLIZE_FORMAT_JPEG;
    if (is_one_of(ending, tiff))
        return STYLIZE_FORMAT_TIFF;
    return ending ? format_by_name(slice_of(ending)) : STYLIZE_FORMAT_NONE;
}

bool path_is_picture(const char *path)
{
    static const char *const others[] = {"pjpeg", "pjp", "apng", "gif",
                                         "bmp",   "dib",  "avif", "heic", "heif", "hif", "jxl", NULL};
    return format_by_path(path) || is_one_of(ending_of(path), others);
}
