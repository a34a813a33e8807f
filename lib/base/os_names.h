/* Names of a folder, as every system's stz_os_list gathers them. */
#ifndef STZ_OS_NAMES_H
#define STZ_OS_NAMES_H

#include "base/os.h"

/* Adds a name that is not left out: "." and "..", and what `keep` does not take. ENOMEM, or 0. */
int stz_os_names_add(const char *name, bool (*keep)(const char *name), char ***names, size_t *count);
/* In order, or after a failure none. Returns code. */
int stz_os_names_end(int code, char ***names, size_t *count);

#endif
