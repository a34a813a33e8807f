/* Elements without attributes, and text. */
#include "remote/s3_xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool xml_next(slice *rest, const char *name, slice *inside)
{
    char open[64], close[64];
    const int n = snprintf(open, sizeof open, "<%s>", name), m = snprintf(close, sizeof close, "</%s>", name);
    if (n < 0 || m >= (int)sizeof close || !rest->size)
        return false;
    const char *from = memmem(rest->data, rest->size, open, (size_t)n);
    if (!from)
        return false;
    from += n;
    const size_t left = rest->size - (size_t)(from - rest->data);
    const char *to = left ? memmem(from, left, close, (size_t)m) : NULL;
    if (!to)
        return false;
    *inside = (slice){from, (size_t)(to - from)};
    *rest = (slice){to + m, rest->size - (size_t)(to + m - rest->data)};
    return true;
}

bool xml_find(slice xml, const char *name, slice *inside) { return xml_next(&xml, name, inside); }

/* One character of XML text; 0: not well formed. Characters beyond ASCII stand for themselves. */
static char entity(slice name)
{
    static const struct {
        const char *name;
        char c;
    } known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    for (size_t i = 0; i < APP_LEN(known); i++)
        if (slice_is(name, known[i].name))
            return known[i].c;
    char digits[8];
    if (name.size < 2 || name.size >= sizeof digits || name.data[0] != '#')
        return 0;
    memcpy(digits, name.data + 1, name.size - 1);
    digits[name.size - 1] = '\0';
    const bool hex = digits[0] == 'x';
    const char *text = digits + hex;
    if (!*text || strspn(text, hex ? "0123456789abcdefABCDEF" : "0123456789") != strlen(text))
        return 0;
    const long v = strtol(text, NULL, hex ? 16 : 10);
    return v > 0 && v < 128 ? (char)v : 0;
}

bool xml_text(slice in, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < in.size; i++) {
        char c = in.data[i];
        if (c == '&') {
            const char *end = memchr(in.data + i, ';', in.size - i);
            if (!end)
                return false;
            c = entity((slice){in.data + i + 1, (size_t)(end - in.data) - i - 1});
            i = (size_t)(end - in.data);
        }
        if (!c || c == '<' || n + 1 >= size)
            return false;
        out[n++] = c;
    }
    if (!size)
        return false;
    out[n] = '\0';
    return true;
}
