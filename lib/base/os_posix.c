/* Memory, time, processors, random bytes and libraries of POSIX systems. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/os.h"

#if defined(__linux__)
#include <sys/random.h>
#endif
#if defined(__linux__) || defined(__FreeBSD__)
#include <link.h>
#define HAVE_PHDR 1
#endif

/* ------------------------------------------------------------------ words */

/* glibc's strerror_r returns the text, all others say with an int whether they filled the array. _Generic takes
 * what is there: a macro of the C library's would have to be guessed. */
static const char *text_returned(char *returned, char *text) { return returned; }
static const char *text_filled(int failed, char *text) { return failed ? "unknown error" : text; }

const char *stz_os_text(int code, char text[STZ_OS_TEXT])
{
    text[0] = 0;
    return _Generic(strerror_r(code, text, STZ_OS_TEXT), char * : text_returned, int : text_filled)(
        strerror_r(code, text, STZ_OS_TEXT), text);
}

/* ------------------------------------------------------------------ memory */

void *stz_os_alloc(size_t align, size_t size)
{
    void *memory = NULL;
    if (posix_memalign(&memory, align, size))
        return NULL;
#ifdef MADV_HUGEPAGE
    if (align >= STZ_OS_HUGE)
        madvise(memory, size, MADV_HUGEPAGE);
#endif
    return memory;
}

void stz_os_free(void *memory) { free(memory); }

/* ------------------------------------------------------------------ time and threads */

#if defined(__APPLE__) /* its conditions know only the clock that can be set, or how long */

bool stz_os_cond_init(pthread_cond_t *cond) { return pthread_cond_init(cond, NULL) == 0; }

void stz_os_wait(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t ns)
{
    const struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
    pthread_cond_timedwait_relative_np(cond, lock, &t);
}

#else

bool stz_os_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr))
        return false;
    const bool good =
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 && pthread_cond_init(cond, &attr) == 0;
    pthread_condattr_destroy(&attr);
    return good;
}

void stz_os_wait(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t ns)
{
    const uint64_t until = stz_os_now_ns() + ns;
    const struct timespec t = {(time_t)(until / 1000000000u), (long)(until % 1000000000u)};
    pthread_cond_timedwait(cond, lock, &t);
}

#endif

void stz_os_yield(void) { sched_yield(); }

uint64_t stz_os_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ------------------------------------------------------------------ processors */

/* Processors in the affinity mask; 0 if there is no such thing. The kernel refuses a set that is smaller than its
 * own. */
static int affinity_count(void)
{
#if defined(__linux__)
    for (int bits = 1024; bits <= 1 << 18; bits *= 4) {
        cpu_set_t *set = CPU_ALLOC((size_t)bits);
        if (!set)
            break;
        const size_t bytes = CPU_ALLOC_SIZE((size_t)bits);
        const int count = sched_getaffinity(0, bytes, set) ? 0 : CPU_COUNT_S(bytes, set);
        CPU_FREE(set);
        if (count > 0)
            return count;
    }
#endif
    return 0;
}

int stz_os_processors(void)
{
    const int bound = affinity_count();
    const long online = bound ? bound : sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}

size_t stz_os_l2(void)
{
#ifdef _SC_LEVEL2_CACHE_SIZE
    const long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
    return bytes > 0 ? (size_t)bytes : 0;
#else
    return 0;
#endif
}

void stz_os_machine(char *text, size_t size)
{
    struct utsname machine;
    snprintf(text, size, "%s", uname(&machine) ? "unknown CPU" : machine.machine);
}

/* ------------------------------------------------------------------ random bytes */

#if defined(__linux__)
static ssize_t random_some(void *to, size_t size) { return getrandom(to, size, 0); }
#else
#define RANDOM_SOME 256 /* no more at once, says getentropy */
static ssize_t random_some(void *to, size_t size)
{
    const size_t n = size < RANDOM_SOME ? size : RANDOM_SOME;
    return getentropy(to, n) ? -1 : (ssize_t)n;
}
#endif

bool stz_os_random(void *to, size_t size)
{
    uint8_t *at = to;
    while (size) {
        const ssize_t n = random_some(at, size);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            at += n;
            size -= (size_t)n;
        }
    }
    return true;
}

bool stz_os_absolute(const char *path) { return *path == '/'; }

const char *stz_os_variable(const char *name, char room[STZ_OS_PATH]) { return getenv(name); }

/* By the XDG specification, in which a relative path is to be ignored. */
int stz_os_user_data(char *path, size_t size)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    int n;
    if (data && stz_os_absolute(data))
        n = snprintf(path, size, "%s", data);
    else if (home && stz_os_absolute(home))
        n = snprintf(path, size, "%s/.local/share", home);
    else
        return ENOENT;
    return n >= 0 && (size_t)n < size ? 0 : ENAMETOOLONG;
}

/* ------------------------------------------------------------------ libraries */

void *stz_os_library(const char *path, char *why, size_t size)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        snprintf(why, size, "%s", dlerror());
    return library;
}

void *stz_os_symbol(void *library, const char *name) { return dlsym(library, name); }

bool stz_os_library_of(const void *function, char *path, size_t size)
{
    Dl_info info;
    return dladdr(function, &info) && info.dli_fname &&
           (size_t)snprintf(path, size, "%s", info.dli_fname) < size;
}

#ifdef HAVE_PHDR

struct search {
    const char *prefix;
    char *path;
    size_t size;
    bool found;
};

static int visit(struct dl_phdr_info *info, size_t size, void *user)
{
    struct search *s = user;
    const char *slash = info->dlpi_name ? strrchr(info->dlpi_name, '/') : NULL;
    if (!slash || strncmp(slash + 1, s->prefix, strlen(s->prefix)) != 0)
        return 0;
    s->found = snprintf(s->path, s->size, "%s", info->dlpi_name) < (int)s->size;
    return s->found;
}

bool stz_os_loaded(const char *prefix, char *path, size_t size)
{
    struct search s = {prefix, path, size, false};
    dl_iterate_phdr(visit, &s);
    return s.found;
}

#else

bool stz_os_loaded(const char *prefix, char *path, size_t size) { return false; }

#endif
