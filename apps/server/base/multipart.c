/* Reads multipart/form-data. */
#include "base/multipart.h"

#include <string.h>

#define BOUNDARY_MAX 70 /* RFC 2046 */
#define HEADERS_MAX  16 /* lines before the content of a part */

static slice advance(slice s, size_t n) { return (slice){s.data + n, s.size - n}; }

/* The next ";name=value" of a header, quotes taken off; false at the end or at nonsense. */
static bool next_parameter(slice *rest, slice *name, slice *value)
{
    slice s = slice_trim(*rest);
    if (!s.size || s.data[0] != ';')
        return false;
    s = advance(s, 1);
    const char *equals = s.size ? memchr(s.data, '=', s.size) : NULL;
    if (!equals)
        return false;
    *name = slice_trim((slice){s.data, (size_t)(equals - s.data)});
    s = advance(s, (size_t)(equals - s.data) + 1);
    size_t end = 0;
    if (s.size && s.data[0] == '"') {
        const char *quote = memchr(s.data + 1, '"', s.size - 1);
        if (!quote)
            return false;
        *value = (slice){s.data + 1, (size_t)(quote - s.data) - 1};
        end = value->size + 2;
    } else {
        while (end < s.size && s.data[end] != ';')
            end++;
        *value = slice_trim((slice){s.data, end});
    }
    *rest = advance(s, end);
    return true;
}

static slice before_parameters(slice *header)
{
    size_t n = 0;
    while (n < header->size && header->data[n] != ';')
        n++;
    const slice first = slice_trim((slice){header->data, n});
    *header = advance(*header, n);
    return first;
}

bool multipart_boundary(slice content_type, slice *boundary)
{
    slice name;
    if (!slice_is_nocase(before_parameters(&content_type), "multipart/form-data"))
        return false;
    while (next_parameter(&content_type, &name, boundary))
        if (slice_is_nocase(name, "boundary"))
            return boundary->size >= 1 && boundary->size <= BOUNDARY_MAX;
    return false;
}

/* One header line of a part, without its end. */
static bool take_line(slice *rest, slice *line)
{
    const char *end = memmem(rest->data, rest->size, "\r\n", 2);
    if (!end)
        return false;
    *line = (slice){rest->data, (size_t)(end - rest->data)};
    *rest = advance(*rest, line->size + 2);
    return true;
}

static bool read_disposition(slice value, part *p)
{
    slice name, text;
    if (!slice_is_nocase(before_parameters(&value), "form-data"))
        return false;
    while (next_parameter(&value, &name, &text)) {
        if (slice_is_nocase(name, "name"))
            p->name = text;
        else if (slice_is_nocase(name, "filename"))
            p->filename = text;
    }
    return p->name.data != NULL;
}

/* Reads the header of a part up to the empty line. */
static const char *read_header(slice *rest, part *p)
{
    *p = (part){0};
    for (int lines = 0; lines <= HEADERS_MAX; lines++) {
        slice line, name;
        if (!take_line(rest, &line))
            return "a part's header does not end";
        if (!line.size)
            return p->name.data ? NULL : "a part has no name";
        if (!memchr(line.data, ':', line.size))
            return "a part's header has a line without a colon";
        slice_next(&line, ':', &name);
        const slice value = line.data ? slice_trim(line) : (slice){"", 0};
        if (slice_is_nocase(name, "Content-Disposition") && !read_disposition(value, p))
            return "a part's Content-Disposition is not form-data with a name";
        if (slice_is_nocase(name, "Content-Type"))
            p->type = value;
    }
    return "a part's header is too long";
}

const char *multipart_split(slice body, slice boundary, part *parts, size_t max, size_t *count)
{
    char mark[BOUNDARY_MAX + 4] = "\r\n--"; /* what ends each part's content */
    const size_t length = boundary.size + 4;
    *count = 0;
    if (boundary.size > BOUNDARY_MAX)
        return "the boundary is too long";
    memcpy(mark + 4, boundary.data, boundary.size);

    if (body.size >= length - 2 && !memcmp(body.data, mark + 2, length - 2)) {
        body = advance(body, length - 2);
    } else {
        const char *first = body.size ? memmem(body.data, body.size, mark, length) : NULL;
        if (!first)
            return "the boundary does not occur";
        body = advance(body, (size_t)(first - body.data) + length);
    }
    for (;;) {
        if (body.size >= 2 && !memcmp(body.data, "--", 2))
            return NULL;
        slice blanks;
        if (!take_line(&body, &blanks) || slice_trim(blanks).size)
            return "the closing boundary is missing";
        if (*count == max)
            return "there are too many parts";
        part *p = &parts[*count];
        const char *wrong = read_header(&body, p);
        if (wrong)
            return wrong;
        const char *end = memmem(body.data, body.size, mark, length);
        if (!end)
            return "the closing boundary is missing";
        p->data = (slice){body.data, (size_t)(end - body.data)};
        body = advance(body, p->data.size + length);
        ++*count;
    }
}
