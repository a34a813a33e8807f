/* Files and folders of Windows, by mingw-w64. */
#include "base/os_windows.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/os_names.h"

#define NAMES_MAX 100

/* ------------------------------------------------------------------ files */

static int attributes(const char *path, DWORD *out)
{
    wchar_t *name = wide(path);
    if (!name)
        return ENOENT;
    *out = GetFileAttributesW(name);
    const int code = *out == INVALID_FILE_ATTRIBUTES ? last_code() : 0;
    free(name);
    return code;
}

int stz_os_look(const char *path, stz_os_kind *kind)
{
    DWORD found;
    const int code = attributes(path, &found);
    *kind = code                               ? STZ_OS_NOTHING
            : found & FILE_ATTRIBUTE_DIRECTORY ? STZ_OS_FOLDER
            : found & FILE_ATTRIBUTE_DEVICE    ? STZ_OS_OTHER
                                               : STZ_OS_REGULAR;
    return code == ENOENT ? 0 : code;
}

bool stz_os_taken(const char *path)
{
    DWORD found;
    return !attributes(path, &found);
}

static HANDLE handle_of(const stz_os_file *file) { return (HANDLE)(intptr_t)file->handle; }

/* Handles have 32 bits that count, on 64-bit systems too. */
int stz_os_open(const char *path, bool wait, stz_os_file *file)
{
    LARGE_INTEGER size;
    stz_os_kind kind;
    *file = (stz_os_file){.handle = -1};
    const int code = stz_os_look(path, &kind);
    if (code || kind == STZ_OS_FOLDER) { /* which cannot be opened as files are */
        file->kind = kind;
        return code;
    }
    wchar_t *name = wide(path);
    HANDLE handle =
        name ? CreateFileW(name, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                           OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL)
             : INVALID_HANDLE_VALUE;
    const int failed = !name ? ENOENT : handle == INVALID_HANDLE_VALUE ? last_code() : 0;
    free(name);
    if (failed)
        return failed;
    file->handle = (int)(intptr_t)handle;
    file->kind = GetFileType(handle) == FILE_TYPE_DISK ? STZ_OS_REGULAR : STZ_OS_OTHER;
    if (file->kind == STZ_OS_REGULAR && GetFileSizeEx(handle, &size))
        file->size = (uint64_t)size.QuadPart;
    return 0;
}

void stz_os_close(stz_os_file *file)
{
    if (file->handle != -1)
        CloseHandle(handle_of(file));
    file->handle = -1;
}

bool stz_os_readable(const char *path)
{
    stz_os_file file;
    const bool good = !stz_os_open(path, false, &file);
    stz_os_close(&file);
    return good;
}

int stz_os_read(const stz_os_file *file, void *to, size_t size, size_t *done)
{
    *done = 0;
    while (*done < size) {
        const size_t left = size - *done;
        DWORD n;
        if (!ReadFile(handle_of(file), (char *)to + *done, left > 1u << 30 ? 1u << 30 : (DWORD)left, &n,
                      NULL))
            return GetLastError() == ERROR_BROKEN_PIPE ? 0 : last_code(); /* a pipe's end */
        if (n == 0)
            break;
        *done += n;
    }
    return 0;
}

int stz_os_map(const stz_os_file *file, const void **bytes)
{
    *bytes = NULL;
    if (file->size == 0)
        return 0;
    HANDLE map = CreateFileMappingW(handle_of(file), NULL, PAGE_READONLY, 0, 0, NULL);
    if (!map)
        return last_code();
    *bytes = MapViewOfFile(map, FILE_MAP_READ, 0, 0, 0);
    const int code = *bytes ? 0 : last_code();
    CloseHandle(map);
    return code;
}

void stz_os_unmap(const void *bytes, size_t size)
{
    if (bytes)
        UnmapViewOfFile(bytes);
}

static int write_all(HANDLE handle, const uint8_t *data, size_t size)
{
    while (size) {
        DWORD n;
        if (!WriteFile(handle, data, size > 1u << 30 ? 1u << 30 : (DWORD)size, &n, NULL))
            return last_code();
        data += n;
        size -= n;
    }
    return 0;
}

static int create(const wchar_t *name, DWORD how, HANDLE *out)
{
    *out = CreateFileW(name, GENERIC_WRITE, FILE_SHARE_READ, NULL, how, FILE_ATTRIBUTE_NORMAL, NULL);
    return *out == INVALID_HANDLE_VALUE ? last_code() : 0;
}

static int replace(const wchar_t *real, const void *data, size_t size)
{
    static atomic_uint counter;
    wchar_t *temp = malloc(WIDE * sizeof *temp);
    HANDLE handle;
    int code = temp ? EEXIST : ENOMEM;
    for (int i = 0; i < NAMES_MAX && code == EEXIST; i++) {
        const int n = swprintf(temp, WIDE, L"%ls.%lu-%u.tmp", real, GetCurrentProcessId(),
                               atomic_fetch_add(&counter, 1));
        code = n < 0 ? ENAMETOOLONG : create(temp, CREATE_NEW, &handle);
    }
    if (code) {
        free(temp);
        return code;
    }
    code = write_all(handle, data, size);
    if (!CloseHandle(handle) && !code)
        code = last_code();
    if (!code && !MoveFileExW(temp, real, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
        code = last_code();
    if (code)
        DeleteFileW(temp);
    free(temp);
    return code;
}

int stz_os_save(const char *path, const void *data, size_t size)
{
    stz_os_kind kind;
    int code = stz_os_look(path, &kind);
    if (code || kind == STZ_OS_FOLDER)
        return code ? code : EISDIR;
    wchar_t *name = wide(path);
    if (!name)
        return ENOENT;
    if (kind != STZ_OS_OTHER) {
        code = replace(name, data, size);
    } else {
        HANDLE handle;
        if (!(code = create(name, OPEN_EXISTING, &handle))) {
            code = write_all(handle, data, size);
            CloseHandle(handle);
        }
    }
    free(name);
    return code;
}

/* ------------------------------------------------------------------ folders */

static int add_name(const wchar_t *from, bool (*keep)(const char *), char ***names, size_t *count)
{
    char name[1024];
    return narrow(from, name, sizeof name) ? stz_os_names_add(name, keep, names, count) : 0;
}

static int search(const char *path, WIN32_FIND_DATAW *found, HANDLE *out)
{
    char pattern[STZ_OS_PATH];
    if (snprintf(pattern, sizeof pattern, "%s/*", path) >= (int)sizeof pattern)
        return ENAMETOOLONG;
    wchar_t *name = wide(pattern);
    *out = name ? FindFirstFileW(name, found) : INVALID_HANDLE_VALUE;
    const int code = !name ? ENOENT : *out == INVALID_HANDLE_VALUE ? last_code() : 0;
    free(name);
    return code;
}

int stz_os_list(const char *path, bool (*keep)(const char *name), char ***names, size_t *count)
{
    WIN32_FIND_DATAW found;
    HANDLE handle;
    *names = NULL;
    *count = 0;
    int code = search(path, &found, &handle);
    if (code)
        return code;
    do
        code = add_name(found.cFileName, keep, names, count);
    while (!code && FindNextFileW(handle, &found));
    FindClose(handle);
    return stz_os_names_end(code, names, count);
}

int stz_os_folder(const char *path)
{
    wchar_t *name = wide(path);
    if (!name)
        return ENOENT;
    const int code = CreateDirectoryW(name, NULL) ? 0 : last_code();
    free(name);
    return code;
}

int stz_os_new_folder(char *path)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
    char *end = path + strlen(path) - 6;
    int code = EEXIST;
    for (int i = 0; i < NAMES_MAX && code == EEXIST; i++) {
        uint8_t random[6];
        if (!stz_os_random(random, sizeof random))
            return EIO;
        for (int k = 0; k < 6; k++)
            end[k] = letters[random[k] % 32];
        code = stz_os_folder(path);
    }
    return code;
}

int stz_os_rename(const char *from, const char *to)
{
    wchar_t *a = wide(from), *b = wide(to);
    int code = a && b ? 0 : ENOENT;
    stz_os_kind kind;
    /* A folder that is there is not replaced; an empty one is taken away first. */
    if (!code && !stz_os_look(to, &kind) && kind == STZ_OS_FOLDER && stz_os_taken(from) &&
        !RemoveDirectoryW(b))
        code = last_code();
    if (!code && !MoveFileExW(a, b, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
        code = last_code();
    free(a);
    free(b);
    return code;
}

int stz_os_sync_folder(const char *path) { return 0; } /* renames are written through */

int stz_os_remove_folder(const char *path)
{
    char **names;
    size_t count;
    int code = stz_os_list(path, NULL, &names, &count);
    if (code)
        return code == ENOENT ? 0 : code;
    for (size_t i = 0; i < count; i++) {
        char below[STZ_OS_PATH];
        snprintf(below, sizeof below, "%s/%s", path, names[i]);
        wchar_t *name = wide(below);
        if (name && !DeleteFileW(name))
            code = last_code();
        free(name);
    }
    stz_os_list_free(names, count);
    wchar_t *name = wide(path);
    if (name && !RemoveDirectoryW(name) && !code)
        code = last_code();
    free(name);
    return code;
}

bool stz_os_absolute(const char *path)
{
    const char first = (char)(*path | 32);
    return *path == '/' || *path == '\\' || (first >= 'a' && first <= 'z' && path[1] == ':');
}

int stz_os_full_path(const char *path, char **out)
{
    wchar_t *name = wide(path), *full = malloc(WIDE * sizeof *full);
    *out = NULL;
    int code = name && full ? 0 : ENOMEM;
    if (!code &&
        (GetFileAttributesW(name) == INVALID_FILE_ATTRIBUTES || !GetFullPathNameW(name, WIDE, full, NULL)))
        code = last_code();
    if (!code && !(*out = malloc(STZ_OS_PATH)))
        code = ENOMEM;
    if (!code && !narrow(full, *out, STZ_OS_PATH)) {
        free(*out);
        *out = NULL;
        code = ENAMETOOLONG;
    }
    if (!code)
        to_slashes(*out);
    free(name);
    free(full);
    return code;
}

bool stz_os_current_folder(char *path, size_t size)
{
    wchar_t *full = malloc(WIDE * sizeof *full);
    const bool good = full && GetCurrentDirectoryW(WIDE, full) && narrow(full, path, size);
    free(full);
    if (good)
        to_slashes(path);
    return good;
}
