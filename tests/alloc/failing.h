/*
 * Makes a chosen allocation fail. Programs built with stylize_failing_test (tests/alloc/CMakeLists.txt)
 * have every call of the library to malloc and its kin, mmap, fopen, pthread_create and the
 * initialisers of locks go through a counter. A test runs the same thing with the first call failing,
 * then the second, and so on, until a run got through without meeting the failure:
 *
 *   for (long n = 1;; n++) {
 *       failing_arm(n, FAILING_ONCE);
 *       ...
 *       if (!failing_disarm())
 *           break;
 *   }
 *
 * Calls made inside shared libraries (libpng and so on) are not seen; those of jansson are if asked for,
 * as it lets its allocator be replaced. One armed failure at a time in a process; all threads count together.
 */
#ifndef STZ_TEST_FAILING_H
#define STZ_TEST_FAILING_H

#include <stdbool.h>

typedef enum failing_mode {
    FAILING_ONCE,  /* the n-th call fails: does code that goes on leave things in order? */
    FAILING_ALWAYS /* it and all that follow: memory is really at its end */
} failing_mode;

/* Counts from here; the n-th call, from 1 on, fails. 0: none does. */
void failing_arm(long n, failing_mode mode);
/* Ends it; true if a call did fail. */
bool failing_disarm(void);
/* Whether calls inside jansson count, from the next failing_arm on; they do to begin with. jansson 2.14
 * itself asserts when memory ends inside a text with an escape, so not for files that have such. */
void failing_cover_jansson(bool cover);
/* Calls since failing_arm; of those, the ones that take memory, a file or a thread from the system (the
 * initialisers of locks can fail but do not). */
long failing_calls(void);
long failing_allocations(void);

#endif
