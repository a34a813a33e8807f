/*
 * Files: restricted by Landlock, for good. It holds for the calling thread and for those that it starts,
 * so it comes before any other is there.
 */
#ifndef SERVER_LANDLOCK_H
#define SERVER_LANDLOCK_H

#include "sandbox/policy.h"

/* False: nothing was restricted, and the message says what is missing. */
bool sandbox_files(const sandbox_policy *p, char *message, size_t size);

#endif
