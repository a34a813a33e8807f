/*
 * The sandbox of --sandbox, as the server enters it. What the kernel does not have is a warning, or false
 * with a message if the sandbox is required.
 */
#ifndef SERVER_SANDBOX_ENTER_H
#define SERVER_SANDBOX_ENTER_H

#include "config/config.h"

typedef struct sandbox {
    bool plugins;      /* the torch engine is there and may be used */
    bool learns;       /* there is a folder for styles */
    bool files, calls; /* are restricted */
} sandbox;

/* Before threads are started, when the folders that are written to are there. jobs: the one of jobs, or NULL. */
bool sandbox_enter_files(sandbox *b, const config *c, const char *jobs, char *message, size_t size);
/* Just before connections are taken. */
bool sandbox_enter_calls(sandbox *b, const config *c, char *message, size_t size);

#endif
