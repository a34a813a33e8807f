#include "remote/service_url.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "common/values.h"

static bool fail(char *message, size_t size, const char *what)
{
    snprintf(message, size, "%s", what);
    return false;
}

/* libcurl leaves what is no %XX as it is, and a password would be another one. */
static bool is_encoded(slice text)
{
    uint8_t byte;
    for (size_t i = 0; i < text.size; i++)
        if (!text.data[i] ||
            (text.data[i] == '%' && (text.size - i < 3 || !hex_decode(text.data + i + 1, 2, &byte))))
            return false;
    return true;
}

/* "" if the address does not have the part. */
static bool get_part(CURLU *u, CURLUPart part, unsigned flags, char *out, size_t size)
{
    char *text = NULL;
    const CURLUcode code = curl_url_get(u, part, &text, flags);
    const bool fits = text && strlen(text) < size;
    snprintf(out, size, "%s", fits ? text : "");
    curl_free(text);
    return fits || code == CURLUE_NO_USER || code == CURLUE_NO_PASSWORD || code == CURLUE_NO_PORT ||
           code == CURLUE_NO_HOST;
}

static bool has_part(CURLU *u, CURLUPart part)
{
    char *text = NULL;
    curl_url_get(u, part, &text, 0);
    curl_free(text);
    return text != NULL;
}

static bool is_host(const char *host)
{
    for (; *host; host++)
        if (!isalnum((unsigned char)*host) && !strchr(".-_:%", *host))
            return false;
    return true;
}

/* IPv6 comes in brackets, and its zone apart. */
static bool get_host(CURLU *u, service_url *out)
{
    char host[sizeof out->host], zone[32], port[8];
    uint64_t number = 0;
    if (!get_part(u, CURLUPART_HOST, 0, host, sizeof host) ||
        !get_part(u, CURLUPART_PORT, 0, port, sizeof port) ||
        (port[0] && !parse_uint((slice){port, strlen(port)}, 1, 65535, &number)))
        return false;
    if (!get_part(u, CURLUPART_ZONEID, 0, zone, sizeof zone))
        zone[0] = '\0';
    const size_t length = strlen(host);
    const bool brackets = length > 2 && host[0] == '[';
    const int written =
        snprintf(out->host, sizeof out->host, "%.*s%s%s", (int)(brackets ? length - 2 : length),
                 host + brackets, zone[0] ? "%" : "", zone);
    out->port = (unsigned)number;
    return written >= 0 && (size_t)written < sizeof out->host && is_host(out->host) &&
           (out->host[0] || !strcmp(out->scheme, "file")); /* file:///folder has none */
}

static bool get_all(CURLU *u, service_url *out, char *message, size_t size)
{
    if (!get_part(u, CURLUPART_SCHEME, 0, out->scheme, sizeof out->scheme))
        return fail(message, size, "an address is scheme://host[:port][/path]");
    if (!get_part(u, CURLUPART_USER, CURLU_URLDECODE, out->user, sizeof out->user) ||
        !get_part(u, CURLUPART_PASSWORD, CURLU_URLDECODE, out->password, sizeof out->password))
        return fail(message, size, "user or password of the address is too long or not well encoded");
    if (!get_part(u, CURLUPART_PATH, 0, out->path, sizeof out->path))
        return fail(message, size, "the path of the address is too long");
    if (!strcmp(out->path, "/"))
        out->path[0] = '\0';
    if (has_part(u, CURLUPART_QUERY) || has_part(u, CURLUPART_FRAGMENT))
        return fail(message, size, "the address has a ? or a #; allowed: scheme://host[:port][/path]");
    return get_host(u, out) || fail(message, size, "host or port of the address cannot be read");
}

bool url_parse(slice text, service_url *out, char *message, size_t size)
{
    *out = (service_url){.port = 0};
    if (!is_encoded(text))
        return fail(message, size,
                    "the address is not well encoded: after each % come two digits, 0 to 9, a to f");
    if (text.size && memmem(text.data, text.size, ":///", 4) && memcmp(text.data, "file", 4) != 0)
        return fail(message, size, "the address has no host"); /* libcurl would take the path's first part */
    char *copy = strndup(text.size ? text.data : "", text.size);
    CURLU *u = curl_url();
    bool ok = copy && u;
    if (!ok)
        fail(message, size, "out of memory");
    else if (curl_url_set(u, CURLUPART_URL, copy, CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS))
        ok = fail(message, size, "an address is scheme://[user[:password]@]host[:port][/path]");
    else
        ok = get_all(u, out, message, size);
    curl_url_cleanup(u);
    free(copy);
    return ok;
}
