#include "http/admit.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/values.h"
#include "http/answer.h"
#include "http/trust.h"

static bool refuse(exchange *x, unsigned status, const char *code, const char *message)
{
    problem p;
    problem_set(&p, status, code, NULL, "%s", message);
    answer_problem(x, &p);
    return false;
}

static bool count_refusal(exchange *x, reject_reason reason)
{
    atomic_fetch_add(&x->server->metrics.rejected[reason], 1);
    return false;
}

/* "*" in the pattern takes one part of the path. */
static bool path_matches(const char *pattern, const char *path, char *part, size_t size)
{
    while (*pattern && *pattern != '*')
        if (*pattern++ != *path++)
            return false;
    if (!*pattern)
        return !*path;
    const size_t n = strcspn(path, "/");
    if (!n || n >= size || strcmp(path + n, pattern + 1))
        return false;
    memcpy(part, path, n);
    part[n] = '\0';
    return true;
}

static bool method_matches(const route *r, const char *method)
{
    return !strcmp(r->method, method) || (!strcmp(method, "HEAD") && !strcmp(r->method, "GET"));
}

/* With --admin-listen what is the operator's is answered there only, and beside it there is but the health. */
static bool route_is_here(const exchange *x, const route *r)
{
    const bool operators = r->access == ACCESS_OPERATOR || r->access == ACCESS_ADMIN;
    if (!x->server->config.admin_listen)
        return true;
    return x->admin ? operators || !strncmp(r->path, "/health", 7) : !operators;
}

/* The routes that have this path, by method, for Allow. */
static bool find_route(exchange *x, const char *url, const char *method)
{
    const server *s = x->server;
    char allow[64] = "";
    for (int i = 0; i < s->route_count; i++) {
        const route *r = &s->routes[i];
        if (!route_is_here(x, r) || !path_matches(r->path, url, x->part, sizeof x->part))
            continue;
        if (method_matches(r, method)) {
            x->route = r;
            return true;
        }
        const size_t n = strlen(allow);
        snprintf(allow + n, sizeof allow - n, "%s%s", n ? ", " : "", r->method);
    }
    if (!allow[0])
        return refuse(x, 404, "not_found", "there is nothing at this address; see /openapi.json");
    if (!strcmp(method, "OPTIONS")) { /* also the question that browsers ask before a call */
        answer_empty(x, 204);
        answer_header(x, "Access-Control-Allow-Methods", allow);
        answer_header(x, "Access-Control-Allow-Headers",
                      "Content-Type, Authorization, X-API-Key, X-Subject, Idempotency-Key");
        answer_header(x, "Access-Control-Max-Age", "600");
    } else {
        refuse(x, 405, "method_not_allowed", "the method is not allowed here; see the header Allow");
    }
    answer_header(x, "Allow", allow);
    return false;
}

static bool check_rate(exchange *x)
{
    const address client = address_client(&x->client);
    problem p;
    unsigned wait;
    if (limiter_take(&x->server->limiter, &client, x->begun_ns, &wait))
        return true;
    problem_set(&p, 429, "rate_limited", NULL, "too many requests; try again in %u s", wait);
    p.retry_after = wait;
    answer_problem(x, &p);
    return count_refusal(x, REJECT_RATE);
}

static slice presented_key(const exchange *x)
{
    const slice bearer = exchange_header(x, "Authorization");
    if (bearer.size > 7 && slice_is_nocase((slice){bearer.data, 7}, "Bearer "))
        return slice_trim((slice){bearer.data + 7, bearer.size - 7});
    return exchange_header(x, "X-API-Key");
}

static bool check_key(exchange *x)
{
    server *s = x->server;
    const route_access wanted = x->route->access;
    const slice key = presented_key(x);
    if (!s->keys.needed) {
        if (wanted == ACCESS_ADMIN && !x->local)
            return refuse(x, 403, "forbidden", "without --api-keys only clients on this machine may do this");
        if (wanted == ACCESS_OPERATOR && x->forwarded)
            return refuse(x, 403, "forbidden",
                          "without --api-keys this is not for requests that a proxy passes on");
        return true;
    }
    if (key.data && !keys_find(&s->keys, key, &x->key)) {
        refuse(x, 401, "bad_key", "the API key is not known");
        answer_header(x, "WWW-Authenticate", "Bearer");
        return count_refusal(x, REJECT_AUTH);
    }
    const bool open = wanted == ACCESS_OPEN || (wanted == ACCESS_USER && s->config.anonymous);
    if (!x->key.name[0] && !open) {
        refuse(x, 401, "key_needed", "an API key is needed: Authorization: Bearer KEY");
        answer_header(x, "WWW-Authenticate", "Bearer");
        return count_refusal(x, REJECT_AUTH);
    }
    if (wanted == ACCESS_ADMIN && !x->key.admin) {
        refuse(x, 403, "forbidden", "an admin's API key is needed");
        return count_refusal(x, REJECT_AUTH);
    }
    return true;
}

static bool same_host(slice origin, slice host)
{
    const char *scheme = origin.size ? memmem(origin.data, origin.size, "://", 3) : NULL;
    if (!scheme || !host.data)
        return false;
    const size_t skip = (size_t)(scheme + 3 - origin.data);
    return origin.size - skip == host.size && !strncasecmp(origin.data + skip, host.data, host.size);
}

static bool is_allowed_origin(const exchange *x, slice origin)
{
    const char *list = x->server->config.cors_origin;
    slice rest = {list, list ? strlen(list) : 0}, one;
    while (slice_next(&rest, ',', &one)) {
        one = slice_trim(one);
        if (one.size == origin.size && !memcmp(one.data, origin.data, one.size))
            return true;
    }
    return false;
}

/*
 * A page of somebody else's in the user's browser must not use the user's reach: such requests
 * carry an Origin or Sec-Fetch-Site that gives them away. Ours carries a token that only a page of
 * this origin could read. Programs send neither header, or a key, and are not concerned.
 */
static bool check_page(exchange *x)
{
    const slice origin = exchange_header(x, "Origin"), site = exchange_header(x, "Sec-Fetch-Site");
    if (!strcmp(x->method, "GET") || !strcmp(x->method, "HEAD") || (!origin.data && !site.data))
        return true;
    if (origin.data && is_allowed_origin(x, origin))
        return true;
    const bool foreign = (site.data && !slice_is(site, "same-origin") && !slice_is(site, "none")) ||
                         (origin.data && !same_host(origin, exchange_header(x, "Host")));
    if (foreign)
        return refuse(x, 403, "foreign_page", "pages of other origins may not call; see --cors-origin");
    const slice token = exchange_header(x, "X-Page-Token");
    const size_t n = strlen(x->server->page_token);
    if (x->key.name[0] || (token.size == n && equal_secret(token.data, x->server->page_token, n)))
        return true;
    return refuse(x, 403, "page_token", "a page has to send X-Page-Token from /api/v1/session");
}

/*
 * A server for this machine only is asked by names of this machine only: another name means that
 * someone else's domain was pointed at it to get around the browser's rules. What a proxy passes on, which
 * somebody named, is asked for by the proxy's name. Probes of health come by any name and tell nothing.
 */
static bool check_host(exchange *x)
{
    const server *s = x->server;
    const slice host = exchange_header(x, "Host");
    const bool probe = x->route->access == ACCESS_OPEN && !x->route->limited;
    if (s->public_address || probe || (s->proxies.count && x->forwarded) || !host.data ||
        trust_is_loopback_host(host))
        return true;
    return refuse(x, 403, "unknown_host",
                  "this server is for its own machine; give --trusted-proxy behind a proxy");
}

/* A body whose length nobody knows beforehand: read up to the limit. */
static bool check_coding(exchange *x, slice coding, slice length, uint64_t limit)
{
    /* Where a proxy in front believes the other of two, a request could hide in a body. */
    if (length.data || !slice_is_nocase(slice_trim(coding), "chunked")) {
        refuse(x, length.data ? 400 : 501, length.data ? "bad_length" : "unsupported_coding",
               length.data ? "Content-Length and Transfer-Encoding exclude each other"
                           : "the only Transfer-Encoding is chunked");
        x->close = true;
        return false;
    }
    x->body_limit = limit;
    return true;
}

static bool check_body(exchange *x)
{
    const slice length = exchange_header(x, "Content-Length"),
                coding = exchange_header(x, "Transfer-Encoding"),
                packed = exchange_header(x, "Content-Encoding");
    const uint64_t limit = x->route->body ? x->server->config.max_request_bytes : 0;
    uint64_t size = 0;
    char text[96];
    if (packed.data && !slice_is_nocase(slice_trim(packed), "identity"))
        return refuse(x, 415, "unsupported_encoding",
                      "Content-Encoding is not for requests; send the body as it is");
    if (coding.data)
        return check_coding(x, coding, length, limit);
    if (length.data && !parse_uint(length, 0, UINT64_MAX, &size)) {
        refuse(x, 400, "bad_length", "Content-Length is not a number");
        x->close = true;
        return false;
    }
    if (size > limit) {
        snprintf(text, sizeof text, "the body has %llu bytes; at most %llu are allowed",
                 (unsigned long long)size, (unsigned long long)limit);
        refuse(x, 413, "body_too_large", text);
        x->close = true;
        return count_refusal(x, REJECT_SIZE);
    }
    x->body_limit = size;
    return true;
}

static enum MHD_Result add_size(void *user, enum MHD_ValueKind kind, const char *name, size_t name_size,
                                const char *value, size_t value_size)
{
    *(size_t *)user += name_size + value_size + 4; /* with ": " and the end of the line */
    return MHD_YES;
}

static bool check_header(exchange *x)
{
    char text[96];
    MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, add_size, &x->header_bytes);
    if (x->header_bytes <= HEADER_MAX)
        return true;
    snprintf(text, sizeof text, "the header has %zu bytes; at most %d are allowed", x->header_bytes,
             HEADER_MAX);
    refuse(x, 431, "header_too_large", text);
    x->close = true;
    return count_refusal(x, REJECT_SIZE);
}

static bool check_load(exchange *x)
{
    server *s = x->server;
    if (!x->route->works)
        return true;
    if (atomic_load(&s->draining)) {
        refuse(x, 503, "draining", "the server is about to stop");
        return count_refusal(x, REJECT_DRAINING);
    }
    if (painter_counts(&s->painter).requests >= s->config.queue_length) {
        problem p;
        problem_set(&p, 503, "queue_full", NULL, "too many requests wait; try again later");
        p.retry_after = degrade_wait_s(&s->painter.degrade);
        answer_problem(x, &p);
        return count_refusal(x, REJECT_QUEUE);
    }
    return true;
}

/* Those that are no lists. Where a proxy believes one line and the server another, a request says two things. */
static const char *const single[] = {"Host",      "Content-Type",    "Content-Length",  "Authorization",
                                     "X-API-Key", "Idempotency-Key", "Origin",          "Sec-Fetch-Site",
                                     "X-Subject", "X-Page-Token",    "Content-Encoding"};

static enum MHD_Result count_single(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
    unsigned char *seen = user;
    for (size_t i = 0; i < APP_LEN(single); i++)
        if (!strcasecmp(name, single[i]) && seen[i] < 2)
            seen[i]++;
    return MHD_YES;
}

static bool check_repeated(exchange *x)
{
    unsigned char seen[APP_LEN(single)] = {0};
    problem p;
    MHD_get_connection_values(x->connection, MHD_HEADER_KIND, count_single, seen);
    for (size_t i = 0; i < APP_LEN(single); i++)
        if (seen[i] > 1) {
            const bool length = !strcmp(single[i], MHD_HTTP_HEADER_CONTENT_LENGTH);
            problem_set(&p, 400, length ? "bad_length" : "repeated_header", single[i],
                        "the header %s may stand there once only", single[i]);
            answer_problem(x, &p);
            x->close = true;
            return false;
        }
    return true;
}

/* "http://host/path" is "/path" of that host, whatever the header says: so they have to say the same. */
static bool take_absolute(exchange *x, const char **url)
{
    const size_t skip = !strncasecmp(*url, "http://", 7) ? 7 : !strncasecmp(*url, "https://", 8) ? 8 : 0;
    if (!skip)
        return true;
    const char *host = *url + skip;
    const size_t size = strcspn(host, "/");
    const slice said = exchange_header(x, "Host");
    if (said.size != size || strncasecmp(said.data, host, size) != 0) {
        refuse(x, 400, "two_hosts", "the address and the header Host name different hosts");
        x->close = true;
        return false;
    }
    *url = host[size] ? host + size : "/";
    return true;
}

static bool decide(exchange *x, const char *url, const char *method)
{
    if (x->cut_address)
        return refuse(x, 400, "bad_address", "the address holds a zero, %00");
    if (!check_header(x) || !check_repeated(x) || !take_absolute(x, &url) || !find_route(x, url, method))
        return false;
    if (!check_host(x) || (x->route->limited && !check_rate(x)) || !check_key(x) || !check_page(x) ||
        !check_load(x) || !check_body(x))
        return false;
    return true;
}

bool admit(exchange *x, const char *url, const char *method)
{
    if (exchange_header(x, "Expect")
            .data) /* it waits for a word before it sends: a refusal is one, and no body comes */
        x->close = true;
    const bool ok = decide(x, url, method);
    x->close = ok ? false : x->close;
    return ok;
}
