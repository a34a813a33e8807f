#include "failing.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static atomic_long calls, allocations, target;
static atomic_int always, hits;

static bool cover_jansson = true;

void *__wrap_malloc(size_t size);
void *__real_malloc(size_t size);

void failing_cover_jansson(bool cover) { cover_jansson = cover; }

void failing_arm(long n, failing_mode mode)
{
    json_set_alloc_funcs(cover_jansson ? __wrap_malloc : __real_malloc, free);
    atomic_store(&target, 0);
    atomic_store(&calls, 0);
    atomic_store(&allocations, 0);
    atomic_store(&hits, 0);
    atomic_store(&always, mode == FAILING_ALWAYS);
    atomic_store(&target, n);
}

bool failing_disarm(void)
{
    atomic_store(&target, 0);
    return atomic_load(&hits) > 0;
}

long failing_calls(void) { return atomic_load(&calls); }
long failing_allocations(void) { return atomic_load(&allocations); }

static bool fails(bool allocates)
{
    atomic_fetch_add(&allocations, allocates);
    long call = atomic_fetch_add(&calls, 1) + 1;
    long n = atomic_load(&target);
    if (!n || (atomic_load(&always) ? call < n : call != n))
        return false;
    atomic_fetch_add(&hits, 1);
    errno = ENOMEM;
    return true;
}

/* The linker sends calls of `name` to __wrap_name and knows the real one as __real_name. */
#define WRAP(type, name, params, args, failure) WRAP_AS(true, type, name, params, args, failure)
#define WRAP_AS(allocates, type, name, params, args, failure)                                                \
    type __real_##name params;                                                                               \
    type __wrap_##name params;                                                                               \
    type __wrap_##name params { return fails(allocates) ? (failure) : __real_##name args; }

WRAP(void *, malloc, (size_t size), (size), NULL)
WRAP(void *, calloc, (size_t count, size_t size), (count, size), NULL)
WRAP(void *, realloc, (void *old, size_t size), (old, size), NULL)
WRAP(void *, reallocarray, (void *old, size_t count, size_t size), (old, count, size), NULL)
WRAP(void *, aligned_alloc, (size_t align, size_t size), (align, size), NULL)
WRAP(int, posix_memalign, (void **out, size_t align, size_t size), (out, align, size), ENOMEM)
WRAP(char *, strdup, (const char *text), (text), NULL)
WRAP(char *, strndup, (const char *text, size_t size), (text, size), NULL)
WRAP(int, vasprintf, (char **out, const char *format, va_list args), (out, format, args), -1)
WRAP(char *, realpath, (const char *path, char *resolved), (path, resolved), NULL)
WRAP(FILE *, fopen, (const char *path, const char *mode), (path, mode), NULL)
WRAP(DIR *, opendir, (const char *path), (path), NULL)
WRAP(int, scandir,
     (const char *path, struct dirent ***list, int (*filter)(const struct dirent *),
      int (*compare)(const struct dirent **, const struct dirent **)),
     (path, list, filter, compare), -1)
WRAP(void *, mmap, (void *at, size_t size, int prot, int flags, int fd, off_t offset),
     (at, size, prot, flags, fd, offset), MAP_FAILED)
WRAP(int, pthread_create, (pthread_t * thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg),
     (thread, attr, fn, arg), EAGAIN)
WRAP_AS(false, int, pthread_mutex_init, (pthread_mutex_t * lock, const pthread_mutexattr_t *attr),
        (lock, attr), ENOMEM)
WRAP_AS(false, int, pthread_cond_init, (pthread_cond_t * cond, const pthread_condattr_t *attr), (cond, attr),
        ENOMEM)
WRAP_AS(false, int, pthread_rwlock_init, (pthread_rwlock_t * lock, const pthread_rwlockattr_t *attr),
        (lock, attr), ENOMEM)

int __wrap_asprintf(char **out, const char *format, ...);
int __wrap_asprintf(char **out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = __wrap_vasprintf(out, format, args);
    va_end(args);
    return length;
}
