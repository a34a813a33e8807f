/* Serves the page. */
#include "api/page_routes.h"

#include <string.h>

#include "http/answer.h"

/* Scripts, styles and pictures of this server only, nothing inside the HTML, no frames, no forms. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'";

static const char *type_of(const char *name)
{
    static const struct {
        const char *ending, *type;
    } types[] = {{".html", "text/html; charset=utf-8"},
                 {".css", "text/css; charset=utf-8"},
                 {".js", "text/javascript; charset=utf-8"},
                 {".svg", "image/svg+xml"},
                 {".jpg", "image/jpeg"},
                 {".json", "application/json"}};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < APP_LEN(types); i++)
        if (!strcmp(dot, types[i].ending))
            return types[i].type;
    return "application/octet-stream";
}

static void serve(exchange *x, const char *name)
{
    problem p;
    const page_file *f = NULL;
    for (int i = 0; i < page_file_count; i++)
        if (!strcmp(page_files[i].name, name))
            f = &page_files[i];
    if (!f) {
        problem_set(&p, 404, "not_found", NULL, "the page has no such file");
        answer_problem(x, &p);
        return;
    }
    const slice known = exchange_header(x, "If-None-Match");
    if (known.data && slice_is(known, f->tag))
        answer_empty(x, 304);
    else
        answer_static(x, 200, type_of(name), f->bytes, f->size);
    answer_header(x, "ETag", f->tag);
    answer_header(x, "Cache-Control", "no-cache");
    answer_header(x, "Content-Security-Policy", policy);
    answer_header(x, "Permissions-Policy", "camera=(self), geolocation=(), microphone=()");
}

void page_index(exchange *x) { serve(x, "index.html"); }

void page_part(exchange *x) { serve(x, x->part); }

void page_api(exchange *x) { serve(x, "openapi.json"); }
