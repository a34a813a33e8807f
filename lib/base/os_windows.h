/* What the files of the Windows half share: names are UTF-8 in the library and UTF-16 there, slashes lean the other
 * way, and errors have numbers of their own. */
#ifndef STZ_OS_WINDOWS_H
#define STZ_OS_WINDOWS_H
#ifdef _WIN32

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static inline int code_of(DWORD error)
{
    static const struct {
        DWORD error;
        int code;
    } known[] = {
        {ERROR_FILE_NOT_FOUND, ENOENT},   {ERROR_PATH_NOT_FOUND, ENOENT},
        {ERROR_INVALID_NAME, ENOENT},     {ERROR_INVALID_DRIVE, ENOENT},
        {ERROR_ACCESS_DENIED, EACCES},    {ERROR_SHARING_VIOLATION, EACCES},
        {ERROR_ALREADY_EXISTS, EEXIST},   {ERROR_FILE_EXISTS, EEXIST},
        {ERROR_DIR_NOT_EMPTY, ENOTEMPTY}, {ERROR_NOT_ENOUGH_MEMORY, ENOMEM},
        {ERROR_OUTOFMEMORY, ENOMEM},      {ERROR_DISK_FULL, ENOSPC},
        {ERROR_HANDLE_DISK_FULL, ENOSPC}, {ERROR_BROKEN_PIPE, EPIPE},
        {ERROR_NO_DATA, EPIPE},           {ERROR_FILENAME_EXCED_RANGE, ENAMETOOLONG},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].error == error)
            return known[i].code;
    return EIO;
}

static inline int last_code(void) { return code_of(GetLastError()); }

#define WIDE 32768 /* characters of the longest path */
#define LONG_PATH                                                                                            \
    240 /* from here on a path is written in the way that has no limit; folders have 248 characters */

/* From the root, with the mark that lifts the limit; takes the path. */
static inline wchar_t *unlimited(wchar_t *path)
{
    wchar_t *full = malloc((WIDE + 8) * sizeof *full);
    const DWORD n = full ? GetFullPathNameW(path, WIDE, full + 8, NULL) : 0;
    if (!n || n >= WIDE) {
        free(full);
        return path;
    }
    const int share = full[8] == L'\\' && full[9] == L'\\';
    const wchar_t *mark = share ? L"\\\\?\\UNC" : L"\\\\?\\", *rest = share ? full + 9 : full + 8;
    memmove(full + wcslen(mark), rest, (wcslen(rest) + 1) * sizeof *full);
    memcpy(full, mark, wcslen(mark) * sizeof *full);
    free(path);
    return full;
}

/* To be released with free; NULL: no memory, or no UTF-8. */
static inline wchar_t *wide(const char *path)
{
    const int n = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, NULL, 0);
    wchar_t *out = n > 0 ? malloc((size_t)n * sizeof *out) : NULL;
    if (out)
        MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, out, n);
    return out && n > LONG_PATH && wcsncmp(out, L"\\\\?\\", 4) ? unlimited(out) : out;
}

static inline bool narrow(const wchar_t *path, char *out, size_t size)
{
    return WideCharToMultiByte(CP_UTF8, 0, path, -1, out, (int)size, NULL, NULL) > 0;
}

/* With slashes, as all of the library writes paths. */
static inline void to_slashes(char *path)
{
    for (; *path; path++)
        if (*path == '\\')
            *path = '/';
}

#endif
#endif
