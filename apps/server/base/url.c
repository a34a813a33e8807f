/* Reads and writes addresses of services. */
#include "base/url.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool copy(slice from, char *out, size_t size)
{
    if (from.size >= size || (from.size && memchr(from.data, '\0', from.size)))
        return false;
    if (from.size)
        memcpy(out, from.data, from.size);
    out[from.size] = '\0';
    return true;
}

void url_mask(const char *text, char *out, size_t size)
{
    const char *scheme = strstr(text, "://"), *start = scheme ? scheme + 3 : text;
    const char *at = strrchr(start, '@'), *colon = at ? memchr(start, ':', (size_t)(at - start)) : NULL;
    if (!at)
        snprintf(out, size, "%s", text);
    else if (colon)
        snprintf(out, size, "%.*s:***%s", (int)(colon - text), text, at);
    else /* only a user, or something that is no address at all */
        snprintf(out, size, "%.*s***%s", (int)(start - text), text, at);
}

void url_encode(slice text, bool keep_slash, buf *out)
{
    for (size_t i = 0; i < text.size; i++) {
        const unsigned char c = (unsigned char)text.data[i];
        if ((c < 128 && isalnum(c)) || memchr("-._~", c, 4) || (keep_slash && c == '/'))
            buf_append(out, &c, 1);
        else
            buf_printf(out, "%%%02X", c);
    }
}

bool secret_read(const char *path, char out[SECRET_MAX], char *message, size_t size)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        snprintf(message, size, "the file of a secret, %s, cannot be read: %s", path, strerror(errno));
        return false;
    }
    char line[SECRET_MAX + 2] = "";
    const bool ok = fgets(line, sizeof line, f) && strlen(line) <= SECRET_MAX;
    fclose(f);
    const slice secret = slice_trim((slice){line, strlen(line)});
    if (!ok || !secret.size || !copy(secret, out, SECRET_MAX)) {
        snprintf(message, size, "the first line of %s is no secret: it is empty or too long", path);
        return false;
    }
    return true;
}
