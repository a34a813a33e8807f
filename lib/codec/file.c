#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "codec/codec.h"
#include "codec/file.h"
#include "codec/sink.h"

#define FIRST_BUFFER 65536u /* for sources of unknown size */
#define LINKS_MAX    40
#define NAMES_MAX    100

static stylize_status fail_errno(stylize_error *err, const char *verb, const char *path, int code)
{
    char text[128];
    return stz_fail(err, STYLIZE_ERR_IO, "cannot %s %s: %s", verb, path, strerror_r(code, text, sizeof text));
}

/* read() until size bytes are there or the end: returns the bytes, or -1. */
static ssize_t read_all(int fd, uint8_t *to, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = read(fd, to + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static stylize_status fail_too_large(const char *path, const stz_limits *limits, stylize_error *err)
{
    return stz_fail(err, STYLIZE_ERR_LIMIT, "%s is too large: at most %llu bytes are allowed", path,
                    (unsigned long long)limits->max_bytes);
}

/* Checks what can be known before reading; *guess is the size of a regular file, else 0. */
static stylize_status look_at(int fd, const char *path, const stz_limits *limits, size_t *guess,
                              stylize_error *err)
{
    struct stat st;
    if (fstat(fd, &st))
        return fail_errno(err, "read", path, errno);
    if (S_ISDIR(st.st_mode))
        return fail_errno(err, "read", path, EISDIR);
    *guess = 0;
    if (!S_ISREG(st.st_mode))
        return STYLIZE_OK;
    if ((uint64_t)st.st_size > limits->max_bytes)
        return fail_too_large(path, limits, err);
    *guess = (size_t)st.st_size;
    return STYLIZE_OK;
}

/* Fills the sink to the end of the file, after a look at the first bytes. A byte more than the
 * limit is asked for, so that a file above it shows. */
static stylize_status fill(int fd, const char *path, const stz_limits *limits, stz_sink *sink,
                           stylize_format *format, stylize_error *err)
{
    ssize_t n = read_all(fd, sink->buf->data, STZ_SNIFF_SIZE);
    if (n < 0)
        return fail_errno(err, "read", path, errno);
    if (n == 0)
        return stz_fail(err, STYLIZE_ERR_FORMAT, "%s is empty", path);
    *format = stz_sniff(sink->buf->data, (size_t)n);
    if (*format == STYLIZE_FORMAT_NONE)
        return stz_sniff_fail(path, sink->buf->data, (size_t)n, err);
    sink->used = (size_t)n;
    for (;;) {
        if (sink->used > limits->max_bytes)
            return fail_too_large(path, limits, err);
        if (!stz_sink_reserve(sink, 1))
            return stz_nomem(err, sink->used * 2);
        uint64_t free_bytes = sink->buf->size - sink->used, allowed = limits->max_bytes - sink->used + 1;
        n = read_all(fd, sink->buf->data + sink->used, (size_t)(free_bytes < allowed ? free_bytes : allowed));
        if (n < 0)
            return fail_errno(err, "read", path, errno);
        if (n == 0)
            return STYLIZE_OK;
        sink->used += (size_t)n;
    }
}

stylize_status stz_file_load(const char *path, const stz_limits *limits, stz_pool *pool, stylize_image *out,
                             stylize_error *err)
{
    if (!path || !*path)
        return stz_fail(err, STYLIZE_ERR_INVALID, "file name is missing");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(err, "read", path, errno);
    stz_sink sink = {0};
    stylize_format format = STYLIZE_FORMAT_NONE;
    size_t guess = 0;
    stylize_status status = look_at(fd, path, limits, &guess, err);
    if (status != STYLIZE_OK)
        goto end;
    guess = guess ? guess + 1 : FIRST_BUFFER; /* one byte more, to see the end without growing */
    if (guess < STZ_SNIFF_SIZE)
        guess = STZ_SNIFF_SIZE;
    if (!stz_sink_init(&sink, pool, guess)) {
        status = stz_nomem(err, guess);
        goto end;
    }
    status = fill(fd, path, limits, &sink, &format, err);
    if (status != STYLIZE_OK)
        stz_sink_free(&sink);
    else
        stz_image_from_buf(sink.buf, sink.used, format, out);
end:
    close(fd);
    return status;
}

/* write() of everything; 0 or an errno. */
static int write_all(int fd, const uint8_t *data, size_t size)
{
    while (size) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

static int join(char *out, size_t size, const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    int folder = slash ? (int)(slash - path + 1) : 0;
    int n = snprintf(out, size, "%.*s%s", folder, path, name);
    return n < 0 || (size_t)n >= size ? ENAMETOOLONG : 0;
}

/* Follows symbolic links, also to files that do not exist yet: the file behind the link is
 * replaced, the link stays. 0 or an errno. */
static int resolve(const char *path, char real[4096])
{
    if (snprintf(real, 4096, "%s", path) >= 4096)
        return ENAMETOOLONG;
    for (int i = 0; i < LINKS_MAX; i++) {
        char link[4096], joined[4096];
        ssize_t n = readlink(real, link, sizeof link - 1);
        if (n < 0)
            return 0; /* no link: this is the file */
        link[n] = 0;
        int code = link[0] == '/' ? 0 : join(joined, sizeof joined, real, link);
        if (code)
            return code;
        memcpy(real, link[0] == '/' ? link : joined, 4096);
    }
    return ELOOP;
}

/* A new file beside `real`; its name goes to temp. The descriptor, or -1 with errno set. */
static int create_temp(const char *real, char temp[4096])
{
    static atomic_uint counter;
    for (int i = 0; i < NAMES_MAX; i++) {
        char name[64];
        snprintf(name, sizeof name, ".stylize-%ld-%u.tmp", (long)getpid(), atomic_fetch_add(&counter, 1));
        int code = join(temp, 4096, real, name);
        if (code) {
            errno = code;
            return -1;
        }
        int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

/* mode: of the file that is there, or 0. 0 or an errno; nothing is left behind after a failure. */
static int replace(const char *real, mode_t mode, const void *data, size_t size)
{
    char temp[4096];
    int fd = create_temp(real, temp);
    if (fd < 0)
        return errno;
    int code = write_all(fd, data, size);
    if (!code && mode && fchmod(fd, mode))
        code = errno;
    if (close(fd) && !code)
        code = errno;
    if (!code && rename(temp, real))
        code = errno;
    if (code)
        unlink(temp);
    return code;
}

/* write_all without the signal that ends a process whose pipe has lost its reader: it is held back
 * in this thread and taken away if it came. */
static int write_quietly(int fd, const void *data, size_t size)
{
    sigset_t broken, before, waiting;
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    sigpending(&waiting);
    pthread_sigmask(SIG_BLOCK, &broken, &before);
    int code = write_all(fd, data, size);
    const struct timespec now = {0};
    if (code == EPIPE && !sigismember(&waiting, SIGPIPE))
        while (sigtimedwait(&broken, NULL, &now) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

/* A device or a pipe: there is nothing to rename over. */
static int write_through(const char *path, const void *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int code = write_quietly(fd, data, size);
    if (close(fd) && !code)
        code = errno;
    return code;
}

stylize_status stz_file_save(const char *path, const void *data, size_t size, stylize_error *err)
{
    if (!path || !*path)
        return stz_fail(err, STYLIZE_ERR_INVALID, "file name is missing");
    if (!data)
        return stz_fail(err, STYLIZE_ERR_INVALID, "there is nothing to write to %s", path);
    struct stat st;
    bool there = !stat(path, &st);
    int code = there ? 0 : errno == ENOENT ? 0 : errno;
    char real[4096];
    if (!code && there && S_ISDIR(st.st_mode))
        code = EISDIR;
    else if (!code && there && !S_ISREG(st.st_mode))
        code = write_through(path, data, size);
    else if (!code && !(code = resolve(path, real)))
        code = replace(real, there ? st.st_mode & 07777 : 0, data, size);
    return code ? fail_errno(err, "write", path, code) : STYLIZE_OK;
}
