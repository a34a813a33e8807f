#include "json_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"
#include "memory.h"
#include "message.h"

json_t *json_text(const char *text)
{
    json_t *direct = json_string(text);
    if (direct)
        return direct;
    const size_t n = strlen(text);
    char *clean = memory_get(3 * n + 1, 1);
    size_t used = 0;
    for (size_t i = 0, length; i < n; i += length ? length : 1) {
        length = utf8_read(text + i, n - i, NULL);
        const char *piece = length ? text + i : "\xEF\xBF\xBD";
        const size_t size = length ? length : 3;
        memcpy(clean + used, piece, size);
        used += size;
    }
    json_t *value = json_stringn(clean, used);
    free(clean);
    return value;
}

bool json_print(json_t *value, size_t flags)
{
    const bool ok =
        value && json_dumpf(value, stdout, flags | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6)) == 0;
    json_decref(value);
    if (ok && putchar('\n') != EOF && fflush(stdout) == 0)
        return true;
    message_error("standard output", "could not be written");
    return false;
}
