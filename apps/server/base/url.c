/* Reads and writes addresses of services. */
#include "base/url.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/values.h"

static bool fail(char *message, size_t size, const char *what)
{
    snprintf(message, size, "%s", what);
    return false;
}

static bool copy(slice from, char *out, size_t size)
{
    if (from.size >= size || (from.size && memchr(from.data, '\0', from.size)))
        return false;
    if (from.size)
        memcpy(out, from.data, from.size);
    out[from.size] = '\0';
    return true;
}

/* With %XX decoded; a zero byte is refused. */
static bool copy_decoded(slice from, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < from.size; i++) {
        char c = from.data[i];
        if (c == '%') {
            uint8_t byte;
            if (from.size - i < 3 || !hex_decode(from.data + i + 1, 2, &byte))
                return false;
            c = (char)byte;
            i += 2;
        }
        if (!c || n + 1 >= size)
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return true;
}

static bool is_host(const char *host)
{
    for (; *host; host++)
        if (!isalnum((unsigned char)*host) && !strchr(".-_:%", *host))
            return false;
    return true;
}

/* "host", "host:port", "[::1]:port" */
static bool read_host(slice text, service_url *out)
{
    uint64_t port = 0;
    slice host = text, rest = {0};
    if (text.size && text.data[0] == '[') {
        const char *end = memchr(text.data, ']', text.size);
        if (!end)
            return false;
        host = (slice){text.data + 1, (size_t)(end - text.data) - 1};
        rest = (slice){end + 1, text.size - host.size - 2};
    } else {
        const char *colon = text.size ? memchr(text.data, ':', text.size) : NULL;
        if (colon) {
            host.size = (size_t)(colon - text.data);
            rest = (slice){colon, text.size - host.size};
        }
    }
    if (rest.size) {
        if (rest.data[0] != ':' || !parse_uint((slice){rest.data + 1, rest.size - 1}, 1, 65535, &port))
            return false;
    }
    out->port = (unsigned)port;
    return host.size && copy(host, out->host, sizeof out->host) && is_host(out->host);
}

static bool read_user(slice text, service_url *out)
{
    slice user;
    if (!slice_next(&text, ':', &user))
        return true;
    return copy_decoded(user, out->user, sizeof out->user) &&
           (!text.data || copy_decoded(text, out->password, sizeof out->password));
}

bool url_parse(slice text, service_url *out, char *message, size_t size)
{
    *out = (service_url){.port = 0};
    const char *scheme = text.size ? memmem(text.data, text.size, "://", 3) : NULL;
    if (!scheme || !copy((slice){text.data, (size_t)(scheme - text.data)}, out->scheme, sizeof out->scheme) ||
        !out->scheme[0])
        return fail(message, size, "an address is scheme://host[:port][/path]");
    slice rest = {scheme + 3, text.size - (size_t)(scheme + 3 - text.data)};
    const char *slash = rest.size ? memchr(rest.data, '/', rest.size) : NULL;
    slice path = {0}, place = rest;
    if (slash) {
        place.size = (size_t)(slash - rest.data);
        path = (slice){slash, rest.size - place.size};
    }
    const char *at = place.size ? memrchr(place.data, '@', place.size) : NULL;
    if (at) {
        if (!read_user((slice){place.data, (size_t)(at - place.data)}, out))
            return fail(message, size, "user or password of the address is too long or not well encoded");
        place = (slice){at + 1, place.size - (size_t)(at + 1 - place.data)};
    }
    if (!copy(path, out->path, sizeof out->path))
        return fail(message, size, "the path of the address is too long");
    /* file:///folder has no host. */
    if (place.size ? !read_host(place, out) : strcmp(out->scheme, "file") != 0)
        return fail(message, size, "host or port of the address cannot be read");
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
