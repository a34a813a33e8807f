/* System calls: restricted by seccomp, for good and for all threads, before the first connection is taken. */
#ifndef SERVER_SECCOMP_H
#define SERVER_SECCOMP_H

#include "sandbox/policy.h"

/* False: nothing was restricted, and the message says what is missing. */
bool sandbox_calls(const sandbox_policy *p, char *message, size_t size);

#endif
