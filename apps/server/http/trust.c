#include "http/trust.h"

#include <string.h>

#include "base/log.h"

/* Each says that somebody passed the request on; whoever did may leave the others out. */
static const char *const passed_on[] = {"X-Forwarded-For", "Forwarded",         "Via",
                                        "X-Real-IP",       "X-Forwarded-Proto", "X-Forwarded-Host",
                                        "CF-Connecting-IP"};

bool trust_is_loopback_host(slice host)
{
    address a;
    if (address_parse(host, &a))
        return address_is_loopback(&a);
    const char *colon = host.size ? memchr(host.data, ':', host.size) : NULL;
    if (colon)
        host.size = (size_t)(colon - host.data);
    return slice_is_nocase(host, "localhost");
}

/* Once: whoever runs the server has to know, and nobody may fill the log with it. */
static void warn_unnamed(server *s, const address *peer)
{
    char text[ADDRESS_TEXT];
    if (atomic_exchange(&s->unnamed_proxy, true))
        return;
    address_print(peer, text);
    log_line(
        STYLIZE_LOG_WARNING,
        "%s passes requests on, and is not named: give --trusted-proxy %s; until then its clients share one "
        "rate limit",
        text, text);
}

void trust_find(exchange *x, const char *version)
{
    server *s = x->server;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    address peer;
    buf list = {0};
    address_from(info ? info->client_addr : NULL, &peer);
    for (size_t i = 0; i < APP_LEN(passed_on); i++)
        x->forwarded = x->forwarded || exchange_header(x, passed_on[i]).data;
    exchange_list(x, "X-Forwarded-For", &list);
    /* Without memory for the list it is whoever passed it on. */
    x->client = list.failed ? peer : address_behind(&peer, (slice){list.data, list.size}, &s->proxies);
    buf_free(&list);
    const bool named = networks_hold(&s->proxies, &peer);
    if (x->forwarded && !named)
        warn_unnamed(s, &peer);
    /* nginx as it comes says nothing but HTTP/1.0. */
    x->local = !s->public_address && !x->forwarded && !named && address_is_loopback(&peer) &&
               !strcmp(version, MHD_HTTP_VERSION_1_1) && trust_is_loopback_host(exchange_header(x, "Host"));
}
