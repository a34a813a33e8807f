/* A bar on a terminal, a line now and then elsewhere, on the standard error. One at a time. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stddef.h>

/* total 0: one picture, shown in percent. */
void progress_begin(const char *label, size_t total);
/* done: pictures finished, with fractions. Main thread only. */
void progress_update(double done);
void progress_end(void);
/* Wipes the bar from the terminal so that a line can be printed; the next update redraws it. */
void progress_clear(void);

#endif
