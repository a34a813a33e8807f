/* The command on Windows, by mingw-w64. */
#include "system.h"

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exit.h"

#define LONG_PATH 240   /* from here on a name is written in the way that has no limit */
#define WIDE      32768 /* characters of the longest path */

int main(int argc, char **argv);
int wmain(int argc, wchar_t **argv);

/* ------------------------------------------------------------------ names */

/* NULL: no memory, or no UTF-8. */
static wchar_t *wide_of(const char *text)
{
    const int n = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);
    wchar_t *out = n > 0 ? malloc((size_t)n * sizeof *out) : NULL;
    if (out)
        MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, out, n);
    return out;
}

static char *narrow_of(const wchar_t *text)
{
    const int n = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *out = n > 0 ? malloc((size_t)n) : NULL;
    if (out)
        WideCharToMultiByte(CP_UTF8, 0, text, -1, out, n, NULL, NULL);
    return out;
}

/* A path as the system's functions take it. */
static wchar_t *path_of(const char *path)
{
    wchar_t *given = wide_of(path);
    if (!given || wcslen(given) < LONG_PATH || wcsncmp(given, L"\\\\?\\", 4) == 0)
        return given;
    wchar_t *full = malloc((WIDE + 8) * sizeof *full);
    const DWORD n = full ? GetFullPathNameW(given, WIDE, full + 8, NULL) : 0;
    if (n && n < WIDE) {
        const bool share = full[8] == L'\\' && full[9] == L'\\';
        const wchar_t *before = share ? L"\\\\?\\UNC" : L"\\\\?\\";
        const wchar_t *rest = share ? full + 9 : full + 8;
        memmove(full + wcslen(before), rest, (wcslen(rest) + 1) * sizeof *full);
        memcpy(full, before, wcslen(before) * sizeof *full);
        free(given);
        return full;
    }
    free(full);
    return given;
}

static int code_of(DWORD error)
{
    switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_NAME:
    case ERROR_INVALID_DRIVE:
    case ERROR_BAD_NETPATH:
        return ENOENT;
    case ERROR_ACCESS_DENIED:
    case ERROR_SHARING_VIOLATION:
        return EACCES;
    case ERROR_ALREADY_EXISTS:
    case ERROR_FILE_EXISTS:
        return EEXIST;
    case ERROR_DISK_FULL:
        return ENOSPC;
    case ERROR_DIRECTORY:
        return ENOTDIR;
    default:
        return EIO;
    }
}

/* ------------------------------------------------------------------ files */

bool system_slash(char c) { return c == '/' || c == '\\'; }

static wchar_t *with_backslashes(const char *path)
{
    wchar_t *name = wide_of(path);
    for (wchar_t *p = name; p && *p; p++)
        if (*p == L'/')
            *p = L'\\';
    return name;
}

/* Capital and small letters are one there. */
int system_compare(const char *a, const char *b)
{
    wchar_t *x = with_backslashes(a), *y = with_backslashes(b);
    const int order = x && y ? CompareStringOrdinal(x, -1, y, -1, TRUE) - CSTR_EQUAL : strcmp(a, b);
    free(x);
    free(y);
    return order;
}

int system_look(const char *path, bool follow, system_file *file)
{
    wchar_t *name = path_of(path);
    if (!name)
        return ENOENT;
    BY_HANDLE_FILE_INFORMATION found;
    HANDLE handle = CreateFileW(name, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                                FILE_FLAG_BACKUP_SEMANTICS | (follow ? 0 : FILE_FLAG_OPEN_REPARSE_POINT), NULL);
    free(name);
    if (handle == INVALID_HANDLE_VALUE)
        return code_of(GetLastError());
    *file = (system_file){0};
    int code = 0;
    if (GetFileType(handle) == FILE_TYPE_DISK && !GetFileInformationByHandle(handle, &found))
        code = code_of(GetLastError());
    else if (GetFileType(handle) == FILE_TYPE_DISK) {
        file->link = found.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT;
        file->folder = found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY;
        file->regular = !file->folder && !file->link;
        file->device = found.dwVolumeSerialNumber;
        file->number = (uint64_t)found.nFileIndexHigh << 32 | found.nFileIndexLow;
        const uint64_t time =
            (uint64_t)found.ftLastWriteTime.dwHighDateTime << 32 | found.ftLastWriteTime.dwLowDateTime;
        file->changed_ns = (int64_t)((time - 116444736000000000u) * 100); /* since 1970 instead of 1601 */
    }
    CloseHandle(handle);
    return code;
}

int system_make_folder(const char *path)
{
    wchar_t *name = path_of(path);
    const int code = !name ? ENOENT : CreateDirectoryW(name, NULL) ? 0 : code_of(GetLastError());
    free(name);
    return code;
}

/* Who may do what cannot be read from attributes there; the write itself says it. */
int system_may_write(const char *folder)
{
    system_file file;
    const int code = system_look(folder, true, &file);
    return code ? code : file.folder ? 0 : ENOTDIR;
}

/* All that is in a folder, for FindFirstFile. */
static wchar_t *pattern_of(const char *folder)
{
    const size_t n = strlen(folder);
    char *pattern = malloc(n + 3);
    if (!pattern)
        return NULL;
    memcpy(pattern, folder, n);
    memcpy(pattern + n, "/*", 3);
    wchar_t *wide = path_of(pattern);
    free(pattern);
    return wide;
}

static int add_name(const wchar_t *name, char ***names, size_t *count)
{
    char **more = realloc(*names, (*count + 1) * sizeof *more);
    if (!more)
        return ENOMEM;
    *names = more;
    if (!(more[*count] = narrow_of(name)))
        return ENOMEM;
    (*count)++;
    return 0;
}

int system_names(const char *folder, char ***names, size_t *count)
{
    WIN32_FIND_DATAW found;
    wchar_t *pattern = pattern_of(folder);
    HANDLE handle = pattern ? FindFirstFileW(pattern, &found) : INVALID_HANDLE_VALUE;
    int code = !pattern ? ENOENT : handle == INVALID_HANDLE_VALUE ? code_of(GetLastError()) : 0;
    free(pattern);
    *names = NULL;
    *count = 0;
    if (code)
        return code;
    do
        code = found.cFileName[0] != L'.' ? add_name(found.cFileName, names, count) : 0;
    while (!code && FindNextFileW(handle, &found));
    const DWORD end = code ? ERROR_NO_MORE_FILES : GetLastError();
    FindClose(handle);
    return end == ERROR_NO_MORE_FILES ? code : code_of(end);
}

/* ------------------------------------------------------------------ the terminal and the standard streams */

long system_read_input(void *to, size_t size)
{
    return _read(0, to, size > 1u << 30 ? 1u << 30 : (unsigned)size);
}

bool system_is_terminal(FILE *stream)
{
    DWORD mode;
    return GetConsoleMode((HANDLE)_get_osfhandle(_fileno(stream)), &mode);
}

int system_terminal_width(void)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    return GetConsoleScreenBufferInfo(GetStdHandle(STD_ERROR_HANDLE), &info) && info.dwSize.X > 0 ? info.dwSize.X : 80;
}

void system_lock(FILE *stream) { _lock_file(stream); }
void system_unlock(FILE *stream) { _unlock_file(stream); }

static UINT code_page_before;

static void put_code_page_back(void) { SetConsoleOutputCP(code_page_before); }

/* Text is UTF-8 also on a console, which knows the sequences of other terminals once it is told; pictures and lists
 * go through the standard streams as they are, without returns before their newlines. */
static void prepare_streams(void)
{
    DWORD mode;
    HANDLE console = GetStdHandle(STD_ERROR_HANDLE);
    for (int i = 0; i <= 2; i++)
        _setmode(i, _O_BINARY);
    code_page_before = GetConsoleOutputCP();
    if (code_page_before && SetConsoleOutputCP(CP_UTF8))
        atexit(put_code_page_back);
    if (GetConsoleMode(console, &mode))
        SetConsoleMode(console, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
}

/* ------------------------------------------------------------------ the process */

int _dowildcard = -1; /* the shells leave "*.jpg" to the program */

/* Where the program begins: its arguments are UTF-16, of which main gets UTF-8. */
int wmain(int argc, wchar_t **argv)
{
    char **narrow = calloc((size_t)argc + 1, sizeof *narrow);
    bool good = narrow;
    prepare_streams();
    for (int i = 0; i < argc && good; i++)
        good = (narrow[i] = narrow_of(argv[i])) != NULL;
    const int code = good ? main(argc, narrow) : EXIT_ENGINE;
    for (int i = 0; i < argc && narrow; i++)
        free(narrow[i]);
    free(narrow);
    return code;
}

void system_catch(void (*on_signal)(int number))
{
    signal(SIGINT, on_signal); /* as it is there, for one time */
    signal(SIGBREAK, on_signal);
    signal(SIGTERM, on_signal);
}

uint32_t system_processors(void)
{
    DWORD_PTR own, all;
    uint32_t n = 0;
    if (GetProcessAffinityMask(GetCurrentProcess(), &own, &all))
        for (; own; own &= own - 1)
            n++;
    return n ? n : 1;
}

uint64_t system_free_memory(void)
{
    MEMORYSTATUSEX status = {.dwLength = sizeof status};
    return GlobalMemoryStatusEx(&status) ? status.ullAvailPhys : 0;
}

int system_become(const char *name, char **argv) { return ENOENT; } /* there are no films there */

void system_cond_init(pthread_cond_t *cond) { pthread_cond_init(cond, NULL); }

void system_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, uint32_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(cond, lock, &until);
}
