/* A clock that never jumps. */
#ifndef APPS_CLOCK_H
#define APPS_CLOCK_H

#include <stdint.h>

uint64_t now_ns(void);
double now_seconds(void);

#endif
