/* How the program ends: exit codes, which the manual page explains, and signals. */
#ifndef CLI_EXIT_H
#define CLI_EXIT_H

#include <stdatomic.h>

#include <stylize/stylize.h>

enum {
    EXIT_DONE = 0,
    EXIT_SOME_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_INPUT = 3,
    EXIT_OUTPUT = 4,
    EXIT_ENGINE = 5,
    EXIT_SIGNAL = 128 /* plus the signal's number: 130 for Ctrl-C */
};

/* The signal that asked the program to end, 0 until then. Atomic, as the library's threads read it
 * too; a lock-free atomic may be written by a signal handler. */
extern atomic_int interrupted;

/* The first signal lets the program end in order; the same signal again ends it at once. */
void catch_signals(void);
/* Exit code for a request that failed. */
int exit_by_status(stylize_status status);

#endif
