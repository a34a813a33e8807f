#include "memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "exit.h"
#include "message.h"

/* A command without memory for a file name cannot go on; the library itself never ends a program. */
static void *or_exit(void *p)
{
    if (!p) {
        message_error(NULL, "out of memory");
        exit(EXIT_ENGINE);
    }
    return p;
}

void *memory_get(size_t count, size_t size) { return or_exit(calloc(count ? count : 1, size)); }

void *memory_grow(void *p, size_t count, size_t size) { return or_exit(size && count > SIZE_MAX / size ? NULL : realloc(p, count * size)); }

char *text_format(const char *format, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, format);
    const int n = vasprintf(&text, format, ap);
    va_end(ap);
    return or_exit(n < 0 ? NULL : text);
}
