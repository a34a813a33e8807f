/* A piece of somebody else's memory; not terminated. */
#ifndef APPS_SLICE_H
#define APPS_SLICE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct slice {
    const char *data;
    size_t size;
} slice;

slice slice_of(const char *text);
bool slice_is(slice s, const char *text);
bool slice_is_nocase(slice s, const char *text);
/* As a string of its own, for free; NULL: no memory. */
char *slice_text(slice s);
slice slice_trim(slice s);
/* Cuts off what is before the first `at`; false at the end. "a,b" gives "a", then "b". */
bool slice_next(slice *rest, char at, slice *piece);

#endif
