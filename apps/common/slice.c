#include "common/slice.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

slice slice_of(const char *text) { return (slice){text, strlen(text)}; }

bool slice_is(slice s, const char *text) { return s.size == strlen(text) && !memcmp(s.data, text, s.size); }

bool slice_is_nocase(slice s, const char *text)
{
    return s.size == strlen(text) && !strncasecmp(s.data, text, s.size);
}

char *slice_text(slice s)
{
    char *text = malloc(s.size + 1);
    if (text && s.size)
        memcpy(text, s.data, s.size);
    if (text)
        text[s.size] = '\0';
    return text;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

slice slice_trim(slice s)
{
    while (s.size && is_blank(s.data[0])) {
        s.data++;
        s.size--;
    }
    while (s.size && is_blank(s.data[s.size - 1]))
        s.size--;
    return s;
}

bool slice_next(slice *rest, char at, slice *piece)
{
    if (!rest->data)
        return false;
    const char *end = rest->size ? memchr(rest->data, at, rest->size) : NULL;
    if (!end) {
        *piece = *rest;
        *rest = (slice){0};
        return true;
    }
    *piece = (slice){rest->data, (size_t)(end - rest->data)};
    rest->size -= piece->size + 1;
    rest->data = end + 1;
    return true;
}
