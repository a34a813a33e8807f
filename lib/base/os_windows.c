/* Memory, time, processors, random bytes and libraries of Windows, by mingw-w64. */
#include "base/os_windows.h"

#define RtlGenRandom SystemFunction036 /* the name that it is exported by */
#include <ntsecapi.h>

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/os.h"

/* ------------------------------------------------------------------ words */

const char *stz_os_text(int code, char text[STZ_OS_TEXT])
{
    if (strerror_s(text, STZ_OS_TEXT, code))
        snprintf(text, STZ_OS_TEXT, "error %d", code);
    return text;
}

/* ------------------------------------------------------------------ memory */

void *stz_os_alloc(size_t align, size_t size) { return _aligned_malloc(size ? size : 1, align); }

void stz_os_free(void *memory) { _aligned_free(memory); }

/* ------------------------------------------------------------------ time, threads, processors */

bool stz_os_cond_init(pthread_cond_t *cond) { return pthread_cond_init(cond, NULL) == 0; }

void stz_os_wait(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t ns)
{
    struct timespec
        t; /* winpthreads knows this clock only; a wait that is cut short or long is one that callers bear */
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += (time_t)(ns / 1000000000u);
    t.tv_nsec += (long)(ns % 1000000000u);
    if (t.tv_nsec >= 1000000000) {
        t.tv_nsec -= 1000000000;
        t.tv_sec++;
    }
    pthread_cond_timedwait(cond, lock, &t);
}

void stz_os_yield(void) { SwitchToThread(); }

uint64_t stz_os_now_ns(void)
{
    LARGE_INTEGER now, each;
    QueryPerformanceCounter(&now);
    QueryPerformanceFrequency(&each);
    const uint64_t n = (uint64_t)now.QuadPart, f = (uint64_t)each.QuadPart;
    return n / f * 1000000000u + n % f * 1000000000u / f;
}

int stz_os_processors(void)
{
    DWORD_PTR own, all;
    int n = 0;
    if (GetProcessAffinityMask(GetCurrentProcess(), &own, &all))
        for (; own; own &= own - 1)
            n++;
    return n > 0 ? n : 1;
}

size_t stz_os_l2(void)
{
    DWORD bytes = 0;
    size_t found = 0;
    GetLogicalProcessorInformation(NULL, &bytes);
    SYSTEM_LOGICAL_PROCESSOR_INFORMATION *list = malloc(bytes);
    if (list && GetLogicalProcessorInformation(list, &bytes))
        for (DWORD i = 0; i < bytes / sizeof *list && !found; i++)
            if (list[i].Relationship == RelationCache && list[i].Cache.Level == 2)
                found = list[i].Cache.Size;
    free(list);
    return found;
}

void stz_os_machine(char *text, size_t size)
{
    SYSTEM_INFO info;
    GetNativeSystemInfo(&info);
    snprintf(text, size, "%s",
             info.wProcessorArchitecture == PROCESSOR_ARCHITECTURE_AMD64   ? "x86_64"
             : info.wProcessorArchitecture == PROCESSOR_ARCHITECTURE_ARM64 ? "aarch64"
                                                                           : "unknown CPU");
}

bool stz_os_random(void *to, size_t size) { return !size || RtlGenRandom(to, (ULONG)size); }

const char *stz_os_variable(const char *name, char room[STZ_OS_PATH])
{
    wchar_t *key = wide(name), *value = malloc(STZ_OS_PATH * sizeof *value);
    SetLastError(0);
    const DWORD n = key && value ? GetEnvironmentVariableW(key, value, STZ_OS_PATH) : STZ_OS_PATH;
    const bool there = n < STZ_OS_PATH && (n || GetLastError() != ERROR_ENVVAR_NOT_FOUND);
    const bool good = there && (n ? narrow(value, room, STZ_OS_PATH) : (*room = '\0', true));
    free(key);
    free(value);
    return good ? room : NULL;
}

int stz_os_user_data(char *path, size_t size)
{
    char room[STZ_OS_PATH];
    const char *folder = stz_os_variable("LOCALAPPDATA", room);
    if (!folder || !stz_os_absolute(folder))
        return ENOENT;
    if ((size_t)snprintf(path, size, "%s", folder) >= size)
        return ENAMETOOLONG;
    to_slashes(path);
    return 0;
}

/* ------------------------------------------------------------------ libraries */

void *stz_os_library(const char *path, char *why, size_t size)
{
    wchar_t *name = wide(path);
    HMODULE library = name ? LoadLibraryW(name) : NULL;
    if (!library)
        snprintf(why, size, "%s could not be loaded (error %lu)", path, GetLastError());
    free(name);
    return (void *)library;
}

void *stz_os_symbol(void *library, const char *name)
{
    return (void *)(uintptr_t)GetProcAddress((HMODULE)library, name);
}

bool stz_os_library_of(const void *function, char *path, size_t size)
{
    HMODULE module;
    wchar_t name[1024];
    if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                                GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                            (LPCWSTR)function, &module))
        return false;
    const DWORD n = GetModuleFileNameW(module, name, 1024);
    if (!n || n >= 1024 || !narrow(name, path, size))
        return false;
    to_slashes(path);
    return true;
}

bool stz_os_loaded(const char *prefix, char *path, size_t size) { return false; }
