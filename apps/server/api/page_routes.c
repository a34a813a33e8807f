/* Serves the page. */
#include "api/page_routes.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/answer.h"
#include "http/pack.h"

/* Scripts, styles and pictures of this server only, nothing inside the HTML, no frames, no forms. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types stylize";

static const char *type_of(const char *name)
{
    static const struct {
        const char *ending, *type;
    } types[] = {{".html", "text/html; charset=utf-8"},
                 {".css", "text/css; charset=utf-8"},
                 {".js", "text/javascript; charset=utf-8"},
                 {".svg", "image/svg+xml"},
                 {".jpg", "image/jpeg"},
                 {".png", "image/png"},
                 {".webmanifest", "application/manifest+json"},
                 {".json", "application/json"}};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < APP_LEN(types); i++)
        if (!strcmp(dot, types[i].ending))
            return types[i].type;
    return "application/octet-stream";
}

/* Each file as gzip, made when the first is asked for; what is a picture already, or no memory was for, has no data. */
typedef struct packed_file {
    buf bytes;
    char tag[32];
} packed_file;

static packed_file *packed;
static pthread_once_t packing = PTHREAD_ONCE_INIT;

static void pack_all(void)
{
    packed = calloc((size_t)page_file_count, sizeof *packed);
    for (int i = 0; packed && i < page_file_count; i++) {
        const page_file *f = &page_files[i];
        const char *type = type_of(f->name);
        if (!strcmp(type, "image/jpeg") || !strcmp(type, "image/png") ||
            !pack_gzip((slice){(const char *)f->bytes, f->size}, &packed[i].bytes))
            continue;
        /* another tag: a cache between us and the client must not take one for the other */
        snprintf(packed[i].tag, sizeof packed[i].tag, "%.*s-gz\"", (int)strlen(f->tag) - 1, f->tag);
    }
}

static void serve(exchange *x, const char *name)
{
    problem p;
    int at = 0;
    while (at < page_file_count && strcmp(page_files[at].name, name))
        at++;
    if (at == page_file_count) {
        problem_set(&p, 404, "not_found", NULL, "the page has no such file");
        answer_problem(x, &p);
        return;
    }
    const page_file *f = &page_files[at];
    pthread_once(&packing, pack_all);
    const bool small = packed && packed[at].bytes.data && pack_wanted(x);
    const char *tag = small ? packed[at].tag : f->tag;
    const slice known = exchange_header(x, "If-None-Match");
    if (known.data && slice_is(known, tag))
        answer_empty(x, 304);
    else if (small)
        answer_static(x, 200, type_of(name), packed[at].bytes.data, packed[at].bytes.size);
    else
        answer_static(x, 200, type_of(name), f->bytes, f->size);
    if (small && x->status == 200)
        answer_header(x, "Content-Encoding", "gzip");
    answer_header(x, "Vary", "Accept-Encoding");
    answer_header(x, "ETag", tag);
    answer_header(x, "Cache-Control", "no-cache");
    answer_header(x, "Content-Security-Policy", policy);
    answer_header(x, "Permissions-Policy", "camera=(self), geolocation=(), microphone=()");
    if (!strcmp(name, "service.js")) /* it keeps the page, which is above its folder */
        answer_header(x, "Service-Worker-Allowed", "/");
}

void page_index(exchange *x) { serve(x, "index.html"); }

void page_part(exchange *x) { serve(x, x->part); }

void page_api(exchange *x) { serve(x, "openapi.json"); }
