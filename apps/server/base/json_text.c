#include "base/json_text.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/utf8.h"

json_t *json_any(const char *text, size_t size)
{
    buf b = {0};
    for (size_t i = 0, n; i < size; i += n ? n : 1) {
        n = utf8_read(text + i, size - i, NULL);
        buf_append(&b, n ? text + i : "\xef\xbf\xbd", n ? n : 3);
    }
    json_t *made = b.failed ? NULL : json_stringn_nocheck(b.data ? b.data : "", b.size);
    buf_free(&b);
    return made;
}

char *json_line(json_t *taken)
{
    char *text = taken ? json_dumps(taken, JSON_COMPACT) : NULL;
    json_decref(taken);
    return text;
}

bool json_put(json_t *taken, buf *out)
{
    char *text = json_line(taken);
    if (text)
        buf_puts(out, text);
    free(text);
    return text && !out->failed;
}

#define REAL_DIGITS 9 /* of a number that is not whole: nanoseconds of a second */

bool json_write(json_t *taken, buf *out)
{
    char *text = taken ? json_dumps(taken, JSON_ENCODE_ANY | JSON_REAL_PRECISION(REAL_DIGITS)) : NULL;
    json_decref(taken);
    if (text)
        buf_puts(out, text);
    else
        out->failed = true;
    free(text);
    return !out->failed;
}

bool json_write_text(const char *text, size_t size, buf *out) { return json_write(json_any(text, size), out); }

bool json_write_bytes(json_t *taken, const char *name, const char *before, const void *bytes, size_t size, buf *out)
{
    buf rest = {0};
    if (!json_write(taken, &rest)) {
        out->failed = true;
        return false;
    }
    buf_reserve(out, rest.size + size / 3 * 4 + 64);
    buf_printf(out, "{\"%s\": \"%s", name, before);
    buf_base64(out, bytes, size);
    buf_puts(out, rest.size > 2 ? "\", " : "\"");
    buf_append(out, rest.data + 1, rest.size - 1);
    buf_free(&rest);
    return !out->failed;
}

void json_member_text(const json_t *object, const char *name, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));
    snprintf(out, size, "%s", text ? text : "");
}
