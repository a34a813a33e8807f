/* Memory without which a command cannot go on: each ends the program if there is none. */
#ifndef CLI_MEMORY_H
#define CLI_MEMORY_H

#include <stddef.h>

#include "common/language.h"

char *text_format(const char *format, ...) APP_PRINTF(1, 2); /* the caller frees it */
void *memory_get(size_t count, size_t size);                 /* zeroed */
void *memory_grow(void *p, size_t count, size_t size);

#endif
