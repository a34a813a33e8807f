#include "base/json_text.h"

#include <stdio.h>
#include <stdlib.h>

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

void json_member_text(const json_t *object, const char *name, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));
    snprintf(out, size, "%s", text ? text : "");
}
