/*
 * What the command asks of the system besides C11 and POSIX threads; system_posix.c and system_windows.c answer, and no
 * other file of the command does. Names are UTF-8 on both. Functions that return int return 0 or an errno.
 */
#ifndef CLI_SYSTEM_H
#define CLI_SYSTEM_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* ------------------------------------------------------------------ files */

/* Whether it parts folders in a path. */
bool system_slash(char c);

/* As strcmp; 0 if the system takes both for one name, whatever is there. */
int system_compare(const char *a, const char *b);

typedef struct system_file {
    bool folder, regular, link;
    uint64_t device, number; /* the same for two names of one file */
    int64_t changed_ns;
} system_file;

/* What is at a path; follow: what a link leads to. */
int system_look(const char *path, bool follow, system_file *file);
int system_make_folder(const char *path);
/* Whether files can be made in a folder, as far as can be known before it is tried. */
int system_may_write(const char *folder);
/* The names in a folder but those that begin with a dot, in no order; the caller frees each, and the list. */
int system_names(const char *folder, char ***names, size_t *count);

/* ------------------------------------------------------------------ the terminal and the standard streams */

/* From the standard input: the bytes, 0 at its end, -1 with errno. */
long system_read_input(void *to, size_t size);
bool system_is_terminal(FILE *stream);
int system_terminal_width(void); /* of the standard error's */
void system_lock(FILE *stream);
void system_unlock(FILE *stream);

/* ------------------------------------------------------------------ the process */

/* Both ways to end a program come here once; the second time they end it. */
void system_catch(void (*on_signal)(int number));
uint32_t system_processors(void);
uint64_t system_free_memory(void); /* bytes, 0: not known */
/* Goes on as another program of this one's folder; returns why not. */
int system_become(const char *name, char **argv);

void system_cond_init(pthread_cond_t *cond);
/* Waits no longer than that. */
void system_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, uint32_t ms);

#endif
