/* What the process may still do once it serves. */
#ifndef SERVER_SANDBOX_POLICY_H
#define SERVER_SANDBOX_POLICY_H

#include "config/config.h"

#define SANDBOX_PATHS_MAX 16

typedef struct sandbox_policy {
    /* Folders. Those that do not exist, and NULL, are left out. */
    const char *write[SANDBOX_PATHS_MAX];
    const char *tree[2]; /* in which folders are made and removed too */
    const char *read[SANDBOX_PATHS_MAX];
    /* Files that may be replaced while the server runs: the folders they lie in are readable. */
    const char *files[SANDBOX_PATHS_MAX];
    bool outgoing; /* connects to other servers, by their names */
    bool plugins;  /* loads libraries while it serves: the torch engine */
} sandbox_policy;

/* Folders in use; any may be NULL. */
typedef struct sandbox_folders {
    const char *models, *styles, *jobs;
} sandbox_folders;

/*
 * What a configuration needs. An option that brings another file, folder or server is named here.
 * plugins: the torch engine is there.
 */
void sandbox_policy_of(sandbox_policy *p, const config *c, const sandbox_folders *folders, bool plugins);

#endif
