/* Addresses and networks. */
#include "http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "common/values.h"

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_v4(const address *a) { return !memcmp(a->bytes, v4_prefix, sizeof v4_prefix); }

bool address_is_loopback(const address *a)
{
    static const address six = {{[15] = 1}};
    return is_v4(a) ? a->bytes[12] == 127 : !memcmp(a, &six, sizeof six);
}

bool address_parse(slice text, address *out)
{
    char copy[ADDRESS_TEXT];
    text = slice_trim(text);
    if (text.size && text.data[0] == '[') {
        const char *end = memchr(text.data, ']', text.size);
        if (!end)
            return false;
        text = (slice){text.data + 1, (size_t)(end - text.data) - 1};
    } else {
        const char *colon = memchr(text.data, ':', text.size);
        if (colon && !memchr(colon + 1, ':', text.size - (size_t)(colon + 1 - text.data)))
            text.size = (size_t)(colon - text.data); /* a port */
    }
    if (!text.size || text.size >= sizeof copy)
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    memcpy(out->bytes, v4_prefix, sizeof v4_prefix);
    return inet_pton(AF_INET, copy, out->bytes + 12) == 1 || inet_pton(AF_INET6, copy, out->bytes) == 1;
}

bool address_from(const struct sockaddr *from, address *out)
{
    if (from && from->sa_family == AF_INET) {
        memcpy(out->bytes, v4_prefix, sizeof v4_prefix);
        memcpy(out->bytes + 12, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
        return true;
    }
    if (from && from->sa_family == AF_INET6) {
        memcpy(out->bytes, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
        return true;
    }
    *out = (address){{0}};
    return false;
}

void address_print(const address *a, char out[ADDRESS_TEXT])
{
    if (is_v4(a))
        inet_ntop(AF_INET, a->bytes + 12, out, ADDRESS_TEXT);
    else
        inet_ntop(AF_INET6, a->bytes, out, ADDRESS_TEXT);
}

void address_shorten(address *a)
{
    if (is_v4(a))
        a->bytes[15] = 0;
    else
        memset(a->bytes + 6, 0, 10);
}

address address_client(const address *a)
{
    address client = *a;
    if (!is_v4(a))
        memset(client.bytes + 8, 0, 8);
    return client;
}

static bool network_parse(slice text, network *out)
{
    slice rest = slice_trim(text), base;
    uint64_t bits;
    if (!slice_next(&rest, '/', &base) || !address_parse(base, &out->base))
        return false;
    const int most = is_v4(&out->base) ? 32 : 128;
    if (!rest.data)
        bits = (uint64_t)most;
    else if (!parse_uint(rest, 0, (uint64_t)most, &bits))
        return false;
    out->bits = (int)bits + 128 - most;
    return true;
}

bool networks_parse(const char *text, networks *out)
{
    out->count = 0;
    slice rest = {text, text ? strlen(text) : 0}, one;
    while (slice_next(&rest, ',', &one))
        if (out->count == NETWORKS_MAX || !network_parse(one, &out->list[out->count++]))
            return false;
    return true;
}

bool networks_hold(const networks *n, const address *a)
{
    for (int i = 0; i < n->count; i++) {
        const network *w = &n->list[i];
        const int whole = w->bits / 8, rest = w->bits % 8;
        if (memcmp(a->bytes, w->base.bytes, (size_t)whole))
            continue;
        if (!rest || !((a->bytes[whole] ^ w->base.bytes[whole]) >> (8 - rest)))
            return true;
    }
    return false;
}

address address_behind(const address *peer, slice forwarded, const networks *trusted)
{
    address at = *peer;
    while (networks_hold(trusted, &at) && forwarded.size) {
        size_t start = forwarded.size;
        while (start && forwarded.data[start - 1] != ',')
            start--;
        address before;
        if (!address_parse((slice){forwarded.data + start, forwarded.size - start}, &before))
            break;
        at = before;
        forwarded.size = start ? start - 1 : 0;
    }
    return at;
}

bool listen_parse(const char *text, struct sockaddr_storage *out, socklen_t *size)
{
    const char *colon = strrchr(text, ':');
    uint64_t port;
    address a;
    memset(out, 0, sizeof *out);
    if (!colon || !parse_uint((slice){colon + 1, strlen(colon + 1)}, 0, 65535, &port))
        return false;
    slice host = {text, (size_t)(colon - text)};
    if (slice_is(host, "localhost"))
        host = (slice){"127.0.0.1", 9};
    if (!host.size)
        host = (slice){"::", 2};
    if (host.data[0] != '[' && memchr(host.data, ':', host.size) && !slice_is(host, "::"))
        return false; /* IPv6 without brackets: where would the port begin? */
    if (slice_is(host, "::"))
        memset(&a, 0, sizeof a);
    else if (!address_parse(host, &a))
        return false;
    if (is_v4(&a)) {
        struct sockaddr_in *four = (struct sockaddr_in *)(void *)out;
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)port);
        memcpy(&four->sin_addr, a.bytes + 12, 4);
        *size = sizeof *four;
    } else {
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)out;
        six->sin6_family = AF_INET6;
        six->sin6_port = htons((uint16_t)port);
        memcpy(&six->sin6_addr, a.bytes, 16);
        *size = sizeof *six;
    }
    return true;
}
