#include "base/os_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int stz_os_names_add(const char *name, bool (*keep)(const char *name), char ***names, size_t *count)
{
    if (!strcmp(name, ".") || !strcmp(name, "..") || (keep && !keep(name)))
        return 0;
    if (!(*count & (*count - 1))) { /* full: there is room for a power of two */
        char **grown = realloc(*names, (*count ? 2 * *count : 1) * sizeof *grown);
        if (!grown)
            return ENOMEM;
        *names = grown;
    }
    if (!((*names)[*count] = strdup(name)))
        return ENOMEM;
    ++*count;
    return 0;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

int stz_os_names_end(int code, char ***names, size_t *count)
{
    if (code) {
        stz_os_list_free(*names, *count);
        *names = NULL;
        *count = 0;
    } else if (*count) {
        qsort(*names, *count, sizeof **names, by_name);
    }
    return code;
}

void stz_os_list_free(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}
