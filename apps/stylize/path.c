#include "path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/names.h"
#include "memory.h"
#include "message.h"
#include "system.h"

const char *path_base(const char *path)
{
    const char *base = path;
    for (; *path; path++)
        if (system_slash(*path))
            base = path + 1;
    return base;
}

char *path_folder(const char *path)
{
    size_t n = (size_t)(path_base(path) - path);
    while (n > 1 && system_slash(path[n - 1]))
        n--;
    return n ? text_format("%.*s", (int)n, path) : text_format(".");
}

bool path_ends_in_slash(const char *path) { return *path && system_slash(path[strlen(path) - 1]); }

size_t path_stem_length(const char *path)
{
    const char *base = path_base(path), *dot = strrchr(base, '.');
    return dot && dot > base ? (size_t)(dot - base) : strlen(base);
}

bool path_is_folder(const char *path)
{
    system_file file;
    return !system_look(path, true, &file) && file.folder;
}

bool path_exists(const char *path)
{
    system_file file;
    return !system_look(path, false, &file);
}

bool path_same(const char *a, const char *b)
{
    system_file s, t;
    return !system_look(a, true, &s) && !system_look(b, true, &t) && s.device == t.device && s.number == t.number;
}

int folder_make(const char *path)
{
    if (path_is_folder(path))
        return 0;
    char *above = path_folder(path);
    const bool more = *path_base(path) == '\0' || !path_is_folder(above);
    int code = more && strlen(above) < strlen(path) ? folder_make(above) : 0;
    free(above);
    if (!code && !path_is_folder(path)) /* "a/" is there once "a" is */
        code = system_make_folder(path);
    return code == EEXIST ? path_is_folder(path) ? 0 : ENOTDIR : code;
}

bool folder_check_writable(const char *file)
{
    char *folder = path_folder(file);
    const int code = system_may_write(folder);
    if (path_is_folder(file))
        message_error(file, "is a folder, a file name is needed");
    else if (code == ENOENT)
        message_error(file, "the folder %s does not exist", folder);
    else if (code)
        message_error(file, "the folder %s cannot be written to", folder);
    free(folder);
    return !code && !path_is_folder(file);
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
