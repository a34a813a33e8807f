#include "http/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void answer_response(exchange *x, unsigned status, const char *type, struct MHD_Response *response)
{
    if (x->response)
        MHD_destroy_response(x->response);
    x->response = response;
    x->status = status;
    if (response && type)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
}

void answer_buf(exchange *x, unsigned status, const char *type, buf *b)
{
    if (b->failed) {
        buf_free(b);
        answer_no_memory(x);
        return;
    }
    answer_shared(x, status, type, b->data ? b->data : "", b->size, free, b->data);
    *b = (buf){0};
}

void answer_json(exchange *x, unsigned status, json_t *taken)
{
    buf b = {0};
    json_write(taken, &b);
    buf_puts(&b, "\n");
    answer_buf(x, status, "application/json", &b);
}

void answer_static(exchange *x, unsigned status, const char *type, const void *data, size_t size)
{
    answer_response(x, status, type,
                    MHD_create_response_from_buffer(size, (void *)(uintptr_t)data, MHD_RESPMEM_PERSISTENT));
}

void answer_shared(exchange *x, unsigned status, const char *type, const void *data, size_t size,
                   void (*release)(void *user), void *user)
{
    struct MHD_Response *r =
        MHD_create_response_from_buffer_with_free_callback_cls(size, (void *)(uintptr_t)data, release, user);
    if (!r)
        release(user);
    answer_response(x, status, type, r);
}

void answer_problem(exchange *x, const problem *p)
{
    buf b = {0};
    char seconds[16];
    problem_json(p, &b);
    answer_buf(x, p->status, PROBLEM_TYPE, &b);
    if (p->retry_after) {
        snprintf(seconds, sizeof seconds, "%u", p->retry_after);
        answer_header(x, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
    }
}

void answer_empty(exchange *x, unsigned status) { answer_static(x, status, NULL, "", 0); }

void answer_header(exchange *x, const char *name, const char *value)
{
    if (x->response)
        MHD_add_response_header(x->response, name, value);
}

void answer_no_memory(exchange *x)
{
    static const char text[] =
        "{\"type\": \"about:blank\", \"title\": \"Service Unavailable\", \"status\": 503, "
        "\"detail\": \"memory ran out; try again later\", \"code\": \"out_of_memory\"}\n";
    answer_static(x, 503, PROBLEM_TYPE, text, sizeof text - 1);
    answer_header(x, MHD_HTTP_HEADER_RETRY_AFTER, "1");
}

static bool has_header(const exchange *x, const char *name)
{
    return MHD_get_response_header(x->response, name) != NULL;
}

static void default_header(exchange *x, const char *name, const char *value)
{
    if (!has_header(x, name))
        answer_header(x, name, value);
}

/* The origin of a page that may call us, as it stands in the request; else data NULL. */
static slice allowed_origin(const exchange *x)
{
    const slice origin = exchange_header(x, "Origin");
    const char *list = x->server->config.cors_origin;
    slice rest = {list, list ? strlen(list) : 0}, one;
    while (origin.data && slice_next(&rest, ',', &one)) {
        one = slice_trim(one);
        if (one.size == origin.size && !memcmp(one.data, origin.data, one.size))
            return origin;
    }
    return (slice){0};
}

void answer_common(exchange *x)
{
    const slice origin = allowed_origin(x);
    char text[256];
    answer_header(x, "X-Request-Id", x->id);
    default_header(x, "Cache-Control", "no-store");
    default_header(x, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    answer_header(x, "X-Content-Type-Options", "nosniff");
    answer_header(x, "X-Frame-Options", "DENY");
    answer_header(x, "Referrer-Policy", "no-referrer");
    answer_header(x, "Cross-Origin-Resource-Policy", origin.data ? "cross-origin" : "same-origin");
    answer_header(x, "Cross-Origin-Opener-Policy", "same-origin");
    if (x->server->tls)
        answer_header(x, "Strict-Transport-Security", "max-age=31536000");
    if (x->server->config.cors_origin)
        answer_header(x, "Vary", "Origin");
    if (origin.data && origin.size < sizeof text) {
        snprintf(text, sizeof text, "%.*s", (int)origin.size, origin.data);
        answer_header(x, "Access-Control-Allow-Origin", text);
        answer_header(x, "Access-Control-Expose-Headers",
                      "X-Request-Id, X-Stylize-Cache, X-Stylize-Degraded, X-Stylize-Engine, X-Stylize-Size, "
                      "X-Stylize-Strength, Retry-After");
    }
}
