/* Files and folders of POSIX systems. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/os_names.h"

#define LINKS_MAX 40
#define NAMES_MAX 100

/* ------------------------------------------------------------------ looking */

static stz_os_kind kind_of(const struct stat *s)
{
    return S_ISREG(s->st_mode) ? STZ_OS_REGULAR : S_ISDIR(s->st_mode) ? STZ_OS_FOLDER : STZ_OS_OTHER;
}

int stz_os_look(const char *path, stz_os_kind *kind)
{
    struct stat s;
    *kind = STZ_OS_NOTHING;
    if (stat(path, &s))
        return errno == ENOENT ? 0 : errno;
    *kind = kind_of(&s);
    return 0;
}

bool stz_os_taken(const char *path)
{
    struct stat s;
    return !lstat(path, &s);
}

bool stz_os_readable(const char *path) { return access(path, R_OK) == 0; }

/* ------------------------------------------------------------------ reading */

int stz_os_open(const char *path, bool wait, stz_os_file *file)
{
    struct stat s;
    *file = (stz_os_file){.handle = open(path, O_RDONLY | O_CLOEXEC | (wait ? 0 : O_NONBLOCK))};
    if (file->handle < 0)
        return errno;
    if (fstat(file->handle, &s)) {
        const int code = errno;
        stz_os_close(file);
        return code;
    }
    file->kind = kind_of(&s);
    file->size = file->kind == STZ_OS_REGULAR ? (uint64_t)s.st_size : 0;
    return 0;
}

void stz_os_close(stz_os_file *file)
{
    close(file->handle);
    file->handle = -1;
}

int stz_os_read(const stz_os_file *file, void *to, size_t size, size_t *done)
{
    *done = 0;
    while (*done < size) {
        const ssize_t n = read(file->handle, (char *)to + *done, size - *done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            break;
        *done += (size_t)n;
    }
    return 0;
}

int stz_os_map(const stz_os_file *file, const void **bytes)
{
    *bytes = NULL;
    if (file->size == 0)
        return 0;
    if (file->size > SIZE_MAX)
        return EOVERFLOW;
    void *map = mmap(NULL, (size_t)file->size, PROT_READ, MAP_PRIVATE, file->handle, 0);
    if (map == MAP_FAILED)
        return errno;
    *bytes = map;
    return 0;
}

void stz_os_unmap(const void *bytes, size_t size)
{
    union {
        const void *read;
        void *map;
    } at = {bytes};
    if (bytes)
        munmap(at.map, size);
}

/* ------------------------------------------------------------------ writing */

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
static int resolve(const char *path, char real[STZ_OS_PATH])
{
    if (snprintf(real, STZ_OS_PATH, "%s", path) >= STZ_OS_PATH)
        return ENAMETOOLONG;
    for (int i = 0; i < LINKS_MAX; i++) {
        char link[STZ_OS_PATH], joined[STZ_OS_PATH];
        ssize_t n = readlink(real, link, sizeof link - 1);
        if (n < 0)
            return 0; /* no link: this is the file */
        link[n] = 0;
        int code = link[0] == '/' ? 0 : join(joined, sizeof joined, real, link);
        if (code)
            return code;
        memcpy(real, link[0] == '/' ? link : joined, STZ_OS_PATH);
    }
    return ELOOP;
}

/* A new file beside `real`; its name goes to temp. The descriptor, or -1 with errno set. */
static int create_temp(const char *real, char temp[STZ_OS_PATH])
{
    static atomic_uint counter;
    for (int i = 0; i < NAMES_MAX; i++) {
        char name[64];
        snprintf(name, sizeof name, ".stylize-%ld-%u.tmp", (long)getpid(), atomic_fetch_add(&counter, 1));
        int code = join(temp, STZ_OS_PATH, real, name);
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
    char temp[STZ_OS_PATH];
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

/* Takes away a signal that waits for this thread. */
static void take_signal(const sigset_t *set)
{
#if defined(__APPLE__)
    int signal;
    sigwait(set, &signal);
#else
    const struct timespec now = {0};
    while (sigtimedwait(set, NULL, &now) < 0 && errno == EINTR)
        ;
#endif
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
    if (code == EPIPE && !sigismember(&waiting, SIGPIPE))
        take_signal(&broken);
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

int stz_os_save(const char *path, const void *data, size_t size)
{
    struct stat s;
    char real[STZ_OS_PATH];
    const bool there = !stat(path, &s);
    if (!there && errno != ENOENT)
        return errno;
    if (there && S_ISDIR(s.st_mode))
        return EISDIR;
    if (there && !S_ISREG(s.st_mode))
        return write_through(path, data, size);
    const int code = resolve(path, real);
    return code ? code : replace(real, there ? s.st_mode & 07777 : 0, data, size);
}

/* ------------------------------------------------------------------ folders */

int stz_os_list(const char *path, bool (*keep)(const char *name), char ***names, size_t *count)
{
    *names = NULL;
    *count = 0;
    DIR *folder = opendir(path);
    if (!folder)
        return errno;
    int code = 0;
    while (!code) {
        errno = 0;
        const struct dirent *e = readdir(folder);
        if (!e) {
            code = errno;
            break;
        }
        code = stz_os_names_add(e->d_name, keep, names, count);
    }
    closedir(folder);
    return stz_os_names_end(code, names, count);
}

int stz_os_folder(const char *path) { return mkdir(path, 0777) ? errno : 0; }

int stz_os_new_folder(char *path)
{
    if (!mkdtemp(path))
        return errno;
    if (!chmod(path, 0755))
        return 0;
    const int code = errno;
    rmdir(path);
    return code;
}

int stz_os_rename(const char *from, const char *to) { return rename(from, to) ? errno : 0; }

int stz_os_sync_folder(const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    const int code = fsync(fd) && errno != EINVAL ? errno : 0;
    close(fd);
    return code;
}

int stz_os_remove_folder(const char *path)
{
    DIR *d = opendir(path);
    if (!d)
        return errno == ENOENT ? 0 : errno;
    int code = 0;
    for (struct dirent *e; (e = readdir(d));)
        if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && unlinkat(dirfd(d), e->d_name, 0))
            code = errno;
    closedir(d);
    return rmdir(path) && !code ? errno : code;
}

int stz_os_full_path(const char *path, char **out)
{
    *out = realpath(path, NULL);
    return *out ? 0 : errno;
}

bool stz_os_current_folder(char *path, size_t size) { return getcwd(path, size) != NULL; }
