#include "base/files.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool file_write(int file, slice data)
{
    for (size_t done = 0; done < data.size;) {
        const ssize_t n = write(file, data.data + done, data.size - done);
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

bool file_read(int file, uint64_t most, buf *out)
{
    struct stat info;
    if (fstat(file, &info) || !S_ISREG(info.st_mode) || (uint64_t)info.st_size > most ||
        !buf_reserve(out, (size_t)info.st_size))
        return false;
    for (size_t left = (size_t)info.st_size; left;) {
        const ssize_t n = read(file, out->data + out->size, left);
        if (n <= 0)
            return false;
        out->size += (size_t)n;
        left -= (size_t)n;
    }
    return true;
}

bool folders_make(char *path)
{
    for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        const bool ok = !mkdir(path, 0700) || errno == EEXIST;
        *p = '/';
        if (!ok)
            return false;
    }
    return !mkdir(path, 0700) || errno == EEXIST;
}
