/* The command on Linux, macOS and the BSDs. */
#include "system.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#define st_mtim st_mtimespec
#define WAITS_BY CLOCK_REALTIME /* a condition knows no other clock there */
#else
#define WAITS_BY CLOCK_MONOTONIC
#endif

/* ------------------------------------------------------------------ files */

bool system_slash(char c) { return c == '/'; }

int system_compare(const char *a, const char *b) { return strcmp(a, b); }

int system_look(const char *path, bool follow, system_file *file)
{
    struct stat s;
    if (follow ? stat(path, &s) : lstat(path, &s))
        return errno;
    *file = (system_file){.folder = S_ISDIR(s.st_mode), .regular = S_ISREG(s.st_mode), .link = S_ISLNK(s.st_mode)};
    file->device = (uint64_t)s.st_dev;
    file->number = (uint64_t)s.st_ino;
    file->changed_ns = (int64_t)s.st_mtim.tv_sec * 1000000000 + s.st_mtim.tv_nsec;
    return 0;
}

int system_make_folder(const char *path) { return mkdir(path, 0777) == 0 ? 0 : errno; }

int system_may_write(const char *folder)
{
    return access(folder, F_OK) == 0 && access(folder, W_OK | X_OK) == 0 ? 0 : errno;
}

/* Takes the name; false if there is no memory. */
static bool add_name(char ***names, size_t *count, char *name)
{
    char **more = name ? realloc(*names, (*count + 1) * sizeof *more) : NULL;
    if (!more) {
        free(name);
        errno = ENOMEM;
        return false;
    }
    *names = more;
    more[(*count)++] = name;
    return true;
}

int system_names(const char *folder, char ***names, size_t *count)
{
    DIR *d = opendir(folder);
    *names = NULL;
    *count = 0;
    if (!d)
        return errno;
    const struct dirent *e;
    while (errno = 0, e = readdir(d))
        if (e->d_name[0] != '.' && !add_name(names, count, strdup(e->d_name)))
            break; /* errno: no memory */
    const int code = errno;
    closedir(d);
    return code;
}

/* ------------------------------------------------------------------ the terminal and the standard streams */

long system_read_input(void *to, size_t size) { return (long)read(STDIN_FILENO, to, size); }

bool system_is_terminal(FILE *stream) { return isatty(fileno(stream)); }

int system_terminal_width(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void system_lock(FILE *stream) { flockfile(stream); }
void system_unlock(FILE *stream) { funlockfile(stream); }

/* ------------------------------------------------------------------ the process */

void system_catch(void (*on_signal)(int number))
{
    struct sigaction a = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&a.sa_mask);
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL); /* a closed pipe is an error of the write */
}

uint32_t system_processors(void)
{
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return (uint32_t)CPU_COUNT(&set);
#endif
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (uint32_t)online : 1;
}

/* The number in a line that scanf's format describes, of a file of the kernel; 0 if there is none. */
static unsigned long long read_number(const char *path, const char *format)
{
    FILE *f = fopen(path, "r");
    char line[128];
    unsigned long long number = 0;
    while (f && number == 0 && fgets(line, sizeof line, f))
        if (sscanf(line, format, &number) != 1)
            number = 0;
    if (f)
        fclose(f);
    return number;
}

uint64_t system_free_memory(void)
{
    const uint64_t free_bytes = (uint64_t)read_number("/proc/meminfo", "MemAvailable: %llu") << 10;
    /* A container sees the memory of the whole machine there, and its own limit here. */
    const uint64_t limit = read_number("/sys/fs/cgroup/memory.max", "%llu");
    return limit && (limit < free_bytes || free_bytes == 0) ? limit : free_bytes;
}

/* The path of this program, "" where the system does not say. */
static void find_self(char *path, size_t size)
{
#ifdef __APPLE__
    uint32_t room = (uint32_t)size;
    if (_NSGetExecutablePath(path, &room) != 0)
        *path = '\0';
#else
    const ssize_t n = readlink("/proc/self/exe", path, size - 1);
    path[n > 0 ? n : 0] = '\0';
#endif
}

int system_become(const char *name, char **argv)
{
    char self[4096], path[4096];
    find_self(self, sizeof self);
    const char *slash = strrchr(self, '/');
    const int folder = slash ? (int)(slash + 1 - self) : 0;
    if (snprintf(path, sizeof path, "%.*s%s", folder, self, name) >= (int)sizeof path)
        return ENAMETOOLONG;
    execv(path, argv);
    return errno;
}

void system_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
#ifndef __APPLE__
    pthread_condattr_setclock(&attr, WAITS_BY);
#endif
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

void system_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, uint32_t ms)
{
    struct timespec until;
    clock_gettime(WAITS_BY, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(cond, lock, &until);
}
