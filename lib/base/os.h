/*
 * The one door to the system: all that the library asks of it besides C11 and POSIX threads. os_posix.c and
 * os_posix_files.c answer on Linux, macOS, the BSDs and under emscripten, os_windows.c and os_windows_files.c on Windows.
 * What is system-specific stands in no other file of lib/: the test package_system holds that.
 *
 * Functions that return int return 0 or an errno, and leave errno itself to nobody.
 */
#ifndef STZ_OS_H
#define STZ_OS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STZ_OS_PATH 4096 /* room for a path that is built in an array */

/* ------------------------------------------------------------------ words */

#define STZ_OS_TEXT 128
/* What a code means, in text; safe on any thread, whichever strerror_r the C library has. */
const char *stz_os_text(int code, char text[STZ_OS_TEXT]);
/* The same as an argument: the array lives to the end of the block. */
#define stz_why(code) stz_os_text((code), (char[STZ_OS_TEXT]){0})

/* ------------------------------------------------------------------ memory */

#define STZ_OS_HUGE (2u << 20) /* alignment that asks for large pages where there are any */

/* Aligned to a power of two of at least 16; NULL if there is none. Only stz_os_free takes it back. */
void *stz_os_alloc(size_t align, size_t size);
void stz_os_free(void *memory);

/* ------------------------------------------------------------------ time, threads, processors */

/* A condition that stz_os_wait may be used with; false if it cannot be had. */
bool stz_os_cond_init(pthread_cond_t *cond);
/* Waits as pthread_cond_wait does, but no longer than that; the clock being set does not matter. */
void stz_os_wait(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t ns);
void stz_os_yield(void);
/* Monotonic, nanoseconds. */
uint64_t stz_os_now_ns(void);

/* Processors that this process may run on, at least 1. */
int stz_os_processors(void);
/* Bytes of a processor's second-level cache, 0 if the system does not say. */
size_t stz_os_l2(void);
/* The kind of machine, "x86_64". */
void stz_os_machine(char *text, size_t size);

/* A variable of the environment in UTF-8, perhaps in `room`; NULL if it is not set. */
const char *stz_os_variable(const char *name, char room[STZ_OS_PATH]);
/* Where programs keep a user's data; ENOENT if the system does not say. */
int stz_os_user_data(char *path, size_t size);

/* Bytes that nobody can guess; false if the system has none. */
bool stz_os_random(void *to, size_t size);

/* ------------------------------------------------------------------ libraries */

/* Loads one, never to be closed; NULL, and why. */
void *stz_os_library(const char *path, char *why, size_t size);
void *stz_os_symbol(void *library, const char *name);
/* The file that a function of ours was loaded from; false if the system does not say. */
bool stz_os_library_of(const void *function, char *path, size_t size);
/* The path of a loaded library whose file name begins with that; false if there is none, or no telling. */
bool stz_os_loaded(const char *prefix, char *path, size_t size);

/* What the dynamic section of a shared library says, where libraries are ELF: the first library needed whose name
 * begins with prefix, and the search path, "" if there is none. False: not a shared library of this machine, or
 * none such needed. Reads nothing outside of data. */
bool stz_elf_needs(const void *data, size_t size, const char *prefix, char *needed, size_t needed_size,
                   char *runpath, size_t runpath_size);

/* ------------------------------------------------------------------ files */

typedef enum stz_os_kind { STZ_OS_NOTHING, STZ_OS_REGULAR, STZ_OS_FOLDER, STZ_OS_OTHER } stz_os_kind;

/* What is at a path, links followed. 0 with NOTHING if there is nothing. */
int stz_os_look(const char *path, stz_os_kind *kind);
/* True if anything has that name, be it a link that leads nowhere. */
bool stz_os_taken(const char *path);
bool stz_os_readable(const char *path);

typedef struct stz_os_file {
    int handle;
    stz_os_kind kind;
    uint64_t size; /* of a regular file, else 0 */
} stz_os_file;

/* For reading. wait: for a pipe's other end; without it a pipe of that name holds nobody up. */
int stz_os_open(const char *path, bool wait, stz_os_file *file);
void stz_os_close(stz_os_file *file);
/* Reads on, until size bytes are there or the file ends. */
int stz_os_read(const stz_os_file *file, void *to, size_t size, size_t *done);
/* A regular file as memory that can be read, which may outlive the file's being open; NULL for an empty one. */
int stz_os_map(const stz_os_file *file, const void **bytes);
void stz_os_unmap(const void *bytes, size_t size);

/* Writes a file: under another name beside it, then in one step in its place. A link stays, and what it leads to
 * is replaced; the mode of a file that was there stays. Devices and pipes are written to. */
int stz_os_save(const char *path, const void *data, size_t size);

/* ------------------------------------------------------------------ folders */

/* The names in a folder that `keep` takes, in the order of their bytes. stz_os_list_free releases them. */
int stz_os_list(const char *path, bool (*keep)(const char *name), char ***names, size_t *count);
void stz_os_list_free(char **names, size_t count);

/* EEXIST is one that is there. */
int stz_os_folder(const char *path);
/* A new folder that others may read; the XXXXXX that the path ends with become its name's end. */
int stz_os_new_folder(char *path);
/* An empty folder gives way to one that is renamed. */
int stz_os_rename(const char *from, const char *to);
/* What was renamed in it will be there after a power cut. */
int stz_os_sync_folder(const char *path);
/* A folder without folders in it, and itself; 0 if there is none. */
int stz_os_remove_folder(const char *path);

bool stz_os_absolute(const char *path);
/* Without links and from the root, to be released with free. */
int stz_os_full_path(const char *path, char **out);
/* False if the current folder has no name, or a longer one. */
bool stz_os_current_folder(char *path, size_t size);

#endif
