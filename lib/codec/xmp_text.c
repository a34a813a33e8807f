#include "codec/xmp_text.h"

#include <string.h>

#define PREFIX_MAX 40
#define TRIES_MAX  256
#define VALUE_MAX  8192 /* bytes of a value that is kept */

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c & 0x80;
}

/* Bytes of the character of UTF-8 that begins here, or 0. */
static size_t utf8_length(const uint8_t *p, size_t left)
{
    const size_t n = p[0] < 0x80                    ? 1
                     : p[0] >= 0xc2 && p[0] < 0xe0  ? 2
                     : (p[0] & 0xf0) == 0xe0        ? 3
                     : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4
                                                    : 0;
    if (!n || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

bool stz_xmp_is_packet(stz_span in)
{
    for (size_t i = 0; i < in.size;) {
        const size_t n = utf8_length((const uint8_t *)in.text + i, in.size - i);
        if (!n || !in.text[i])
            return false;
        i += n;
    }
    return in.size && stz_find(in.text, in.size, ":RDF", 4);
}

bool stz_xmp_name(stz_span in, const char *local, size_t at, stz_span *name)
{
    const size_t n = strlen(local);
    while (at < in.size) {
        const char *hit = stz_find(in.text + at, in.size - at, local, n);
        if (!hit)
            return false;
        const char *end = hit + n, *start = hit;
        at = (size_t)(end - in.text);
        if (hit == in.text || hit[-1] != ':' || (at < in.size && is_name(*end)))
            continue;
        for (start--; start > in.text && is_name(start[-1]);)
            start--;
        if (start == hit - 1 || start == in.text || (start[-1] != '<' && !is_blank(start[-1])))
            continue;
        *name = (stz_span){start, (size_t)(end - start)};
        return true;
    }
    return false;
}

/* Where the tag that begins at `start` ends, quotes counted. */
static bool tag_end(stz_span in, size_t start, size_t *end, bool *empty)
{
    char quote = 0;
    for (size_t i = start; i < in.size; i++) {
        const char c = in.text[i];
        if (quote) {
            quote = c == quote ? 0 : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '>') {
            *empty = in.text[i - 1] == '/';
            *end = i + 1;
            return true;
        }
    }
    return false;
}

static bool is_tag(stz_span in, size_t at, stz_span name)
{
    return in.size - at > name.size && !memcmp(in.text + at, name.text, name.size) &&
           !is_name(in.text[at + name.size]) && in.text[at + name.size] != ':';
}

bool stz_xmp_element_end(stz_span in, size_t start, size_t *end)
{
    stz_span name = {in.text + start + 1, 0};
    while (start + 1 + name.size < in.size && (is_name(name.text[name.size]) || name.text[name.size] == ':'))
        name.size++;
    bool empty;
    size_t at;
    int depth = 1;
    if (!tag_end(in, start + 1, &at, &empty))
        return false;
    if (empty)
        depth = 0;
    while (depth) {
        const char *open = memchr(in.text + at, '<', in.size - at);
        if (!open)
            return false;
        at = (size_t)(open - in.text) + 1;
        const bool closes = at < in.size && in.text[at] == '/';
        const bool same = is_tag(in, at + closes, name);
        if (!tag_end(in, at, &at, &empty))
            return false;
        if (same)
            depth += closes ? -1 : !empty;
    }
    *end = at;
    return true;
}

bool stz_xmp_attribute_end(stz_span in, size_t *end, stz_span *value)
{
    size_t at = *end;
    while (at < in.size && is_blank(in.text[at]))
        at++;
    if (at >= in.size || in.text[at++] != '=')
        return false;
    while (at < in.size && is_blank(in.text[at]))
        at++;
    if (at >= in.size || (in.text[at] != '"' && in.text[at] != '\''))
        return false;
    const char *close = memchr(in.text + at + 1, in.text[at], in.size - at - 1);
    if (!close)
        return false;
    if (value)
        *value = (stz_span){in.text + at + 1, (size_t)(close - in.text) - at - 1};
    *end = (size_t)(close - in.text) + 1;
    return true;
}

/* Text that means the same in another packet: without tags, and with no entity but XML's own. */
static bool is_plain(stz_span v)
{
    static const char *const own[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};
    if (v.size > VALUE_MAX)
        return false;
    for (size_t i = 0; i < v.size; i++) {
        bool known = v.text[i] != '&';
        for (size_t k = 0; k < STZ_LEN(own) && !known; k++)
            known = v.size - i >= strlen(own[k]) && !memcmp(v.text + i, own[k], strlen(own[k]));
        if (!known || v.text[i] == '<' || (uint8_t)v.text[i] < (is_blank(v.text[i]) ? 9 : ' '))
            return false;
    }
    return true;
}

static bool trim(stz_span *v)
{
    while (v->size && is_blank(v->text[0]))
        v->text++, v->size--;
    while (v->size && is_blank(v->text[v->size - 1]))
        v->size--;
    return v->size && is_plain(*v);
}

/* The texts of the list in an element, or its own. */
static int list_values(stz_span element, stz_span *values, int most)
{
    stz_span name;
    bool empty;
    int n = 0;
    size_t end, begin;
    int tries = 0;
    for (size_t at = 0; n < most && tries++ < TRIES_MAX && stz_xmp_name(element, "li", at, &name);) {
        const size_t start = (size_t)(name.text - element.text);
        at = start + name.size;
        if (element.text[start - 1] != '<' || !tag_end(element, at, &begin, &empty) || empty)
            continue;
        const char *close = memchr(element.text + begin, '<', element.size - begin);
        at = begin;
        values[n] = (stz_span){element.text + begin, close ? (size_t)(close - element.text) - begin : 0};
        n += trim(&values[n]);
    }
    if (n || !tag_end(element, 1, &end, &empty) || empty)
        return n;
    const char *close = memchr(element.text + end, '<', element.size - end);
    values[0] = (stz_span){element.text + end, close ? (size_t)(close - element.text) - end : 0};
    return trim(&values[0]);
}

/* What the packet calls the namespace: the name before ="URI". */
static bool find_prefix(stz_span in, const char *space, char prefix[PREFIX_MAX])
{
    const size_t n = strlen(space);
    const char *hit = stz_find(in.text, in.size, space, n);
    if (!hit || hit - in.text < 10)
        return false;
    const char *end = hit - 1; /* the quote */
    while (end > in.text && (is_blank(end[-1]) || end[-1] == '='))
        end--;
    const char *start = end;
    while (start > in.text && is_name(start[-1]))
        start--;
    if (start == end || end - start >= PREFIX_MAX || start == in.text || start[-1] != ':')
        return false;
    memcpy(prefix, start, (size_t)(end - start));
    prefix[end - start] = '\0';
    return true;
}

int stz_xmp_values(stz_span in, const char *space, const char *local, stz_span *values, int most)
{
    char prefix[PREFIX_MAX];
    stz_span name;
    if (!find_prefix(in, space, prefix))
        return 0;
    int tries = 0;
    for (size_t at = 0; tries++ < TRIES_MAX && stz_xmp_name(in, local, at, &name);) {
        const size_t start = (size_t)(name.text - in.text), own = strlen(prefix);
        size_t end = start + name.size;
        int n = 0;
        at = end;
        if (name.text[own] != ':' || memcmp(name.text, prefix, own))
            continue;
        if (in.text[start - 1] != '<')
            n = stz_xmp_attribute_end(in, &end, &values[0]) && trim(&values[0]);
        else if (stz_xmp_element_end(in, start - 1, &end))
            n = list_values((stz_span){in.text + start - 1, end - start + 1}, values, most);
        if (n)
            return n;
    }
    return 0;
}
