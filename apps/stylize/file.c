/* Memory, paths, folders, standard input and output. */
#include "cli.h"

#include <errno.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A command without memory for a file name cannot go on; the library itself never ends a program. */
static void *or_exit(void *p)
{
    if (!p) {
        message_error(NULL, "out of memory");
        exit(EXIT_ENGINE);
    }
    return p;
}

void *memory_get(size_t count, size_t size) { return or_exit(calloc(count ? count : 1, size)); }

void *memory_grow(void *p, size_t count, size_t size) { return or_exit(reallocarray(p, count, size)); }

char *text_format(const char *format, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, format);
    const int n = vasprintf(&text, format, ap);
    va_end(ap);
    return or_exit(n < 0 ? NULL : text);
}

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

bool stdin_read(stylize_image *out)
{
    size_t size = 0, room = 1 << 20;
    uint8_t *bytes = memory_get(room, 1);
    for (;;) {
        const ssize_t n = read(STDIN_FILENO, bytes + size, room - size);
        if (n < 0 && errno == EINTR && !interrupted)
            continue;
        if (n < 0) {
            message_error("standard input", "%s", interrupted ? "interrupted" : strerror(errno));
            free(bytes);
            return false;
        }
        if (n == 0)
            break;
        size += (size_t)n;
        if (size > INPUT_BYTES_MAX) {
            message_error("standard input", "is larger than %d MiB", INPUT_BYTES_MAX >> 20);
            free(bytes);
            return false;
        }
        if (size == room) {
            room *= 2;
            bytes = memory_grow(bytes, room, 1);
        }
    }
    if (size == 0) {
        message_error("standard input", "is empty, a picture is needed");
        free(bytes);
        return false;
    }
    *out = (stylize_image){.pixels = bytes, .size = size, .format = STYLIZE_FORMAT_ENCODED};
    return true;
}

bool stdout_write(const stylize_image *image)
{
    if (fwrite(image->pixels, 1, image->size, stdout) == image->size && fflush(stdout) == 0)
        return true;
    message_error("standard output", "%s", strerror(errno));
    return false;
}
