#include "api/styles.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/multipart.h"
#include "common/names.h"
#include "http/answer.h"
#include "http/pack.h"
#include "jobs/job_list.h"
#include "styles/gallery.h"

static void unknown(exchange *x)
{
    problem p;
    problem_set(&p, 404, "unknown_style", NULL, "there is no style \"%s\"; GET /api/v1/styles lists them",
                x->part);
    answer_problem(x, &p);
}

void styles_list(exchange *x)
{
    buf text = {0}, small = {0};
    json_write(json_pack("{s:o}", "styles", gallery_list_json(x->server->gallery)), &text);
    buf_puts(&text, "\n");
    if (!text.failed && pack_wanted(x) && pack_gzip((slice){text.data, text.size}, &small)) {
        buf_free(&text);
        answer_buf(x, 200, "application/json", &small);
        answer_header(x, "Content-Encoding", "gzip");
    } else {
        answer_buf(x, 200, "application/json", &text);
    }
    answer_header(x, "Vary", "Accept-Encoding");
}

void styles_one(exchange *x)
{
    json_t *style = gallery_style_json(x->server->gallery, x->part);
    if (style || gallery_has(x->server->gallery, x->part))
        answer_json(x, 200, style);
    else
        unknown(x);
}

void styles_preview(exchange *x)
{
    char *path = gallery_preview(x->server->gallery, x->part);
    struct stat info;
    const int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    const char *ending = path ? strrchr(path, '.') : NULL;
    if (file < 0 || fstat(file, &info) || !S_ISREG(info.st_mode) || !ending) {
        if (file >= 0)
            close(file);
        unknown(x);
    } else {
        const char *name = ending + 1;
        answer_response(x, 200, format_type(format_by_name((slice){name, strlen(name)})),
                        MHD_create_response_from_fd64((uint64_t)info.st_size, file));
        answer_header(x, "Cache-Control", "public, max-age=86400");
    }
    free(path);
}

void models_one(exchange *x)
{
    if (!gallery_has(x->server->gallery, x->part)) {
        unknown(x);
        return;
    }
    answer_json(x, 200,
                json_pack("{s:s, s:[s], s:s, s:[{s:s, s:s, s:[i]}], s:[{s:s, s:s, s:[i]}]}", "name", x->part,
                          "versions", stylize_version(), "platform", "stylize", "inputs", "name",
                          "content_image", "datatype", "BYTES", "shape", 1, "outputs", "name", "result",
                          "datatype", "BYTES", "shape", 1));
}

void models_ready(exchange *x)
{
    if (!gallery_has(x->server->gallery, x->part))
        unknown(x);
    else
        answer_json(x, atomic_load(&x->server->ready) ? 200 : 503,
                    json_pack("{s:s, s:b}", "name", x->part, "ready", (int)atomic_load(&x->server->ready)));
}

/* ------------------------------------------------------------------ adding */

/* Work for a thread of its own, as reading a style from a picture blocks. */
typedef struct addition {
    exchange *exchange;
    slice picture;
    char name[128], artist[128];
    stylize_error error;
    stylize_status status;
} addition;

static bool cannot_leave(exchange *x) { return false; }

static void *add_main(void *arg)
{
    addition *w = arg;
    exchange *x = w->exchange;
    const stylize_style_info info = {.id = x->part,
                                     .display_name = w->name[0] ? w->name : NULL,
                                     .artist = w->artist[0] ? w->artist : NULL};
    w->status = gallery_add(x->server->gallery, &info, w->picture, &w->error);
    exchange_resume(x);
    return NULL;
}

static void copy_text(char *out, size_t size, slice text)
{
    snprintf(out, size, "%.*s", (int)(text.size < size ? text.size : size - 1), text.data);
}

/* The form: style_image, and perhaps display_name and artist. */
static bool read_addition(exchange *x, addition *w, problem *wrong)
{
    part parts[8];
    size_t count;
    slice boundary;
    const slice body = x->memory ? (slice){x->memory->body.data, x->memory->body.size} : (slice){"", 0};
    if (!multipart_boundary(exchange_header(x, "Content-Type"), &boundary))
        return problem_set(wrong, 415, "unsupported_type", NULL, "multipart/form-data is expected");
    const char *what = multipart_split(body, boundary, parts, APP_LEN(parts), &count);
    if (what)
        return problem_set(wrong, 400, "malformed_form", NULL, "the form cannot be read: %s", what);
    for (size_t i = 0; i < count; i++) {
        if (slice_is(parts[i].name, "style_image"))
            w->picture = parts[i].data;
        else if (slice_is(parts[i].name, "display_name"))
            copy_text(w->name, sizeof w->name, parts[i].data);
        else if (slice_is(parts[i].name, "artist"))
            copy_text(w->artist, sizeof w->artist, parts[i].data);
        else
            return problem_set(wrong, 422, "unknown_field", NULL,
                               "allowed: style_image, display_name, artist");
    }
    if (!w->picture.size)
        return problem_set(wrong, 422, "missing_field", "style_image", "style_image is missing or empty");
    return true;
}

void styles_add(exchange *x)
{
    problem wrong;
    pthread_t thread;
    addition *w = calloc(1, sizeof *w);
    if (!w) {
        answer_no_memory(x);
        return;
    }
    x->extra = w;
    x->extra_free = free;
    w->exchange = x;
    if (!is_style_id((slice){x->part, strlen(x->part)})) {
        problem_set(&wrong, 422, "invalid_value", "style_id", "an id has 1 to 63 characters of a-z 0-9 _ -");
        answer_problem(x, &wrong);
    } else if (jobs_of_styles(x->server->jobs, x->part).wanted) {
        problem_set(&wrong, 409, "already_there", "style_id", "style \"%s\" is being learnt", x->part);
        answer_problem(x, &wrong);
    } else if (!read_addition(x, w, &wrong)) {
        answer_problem(x, &wrong);
    } else {
        exchange_wait(x, cannot_leave);
        if (pthread_create(&thread, NULL, add_main, w)) {
            w->status = w->error.status = STYLIZE_ERR_NOMEM;
            exchange_resume(x);
        } else {
            pthread_detach(thread);
        }
    }
}

void styles_added(exchange *x)
{
    const addition *w = x->extra;
    problem wrong;
    if (w->status == STYLIZE_OK) {
        char where[128];
        styles_one(x);
        x->status = 201;
        snprintf(where, sizeof where, "/api/v1/styles/%s", x->part);
        answer_header(x, "Location", where);
        return;
    }
    problem_from(&wrong, &w->error, w->status == STYLIZE_ERR_EXISTS ? "style_id" : "style_image");
    if (w->status == STYLIZE_ERR_EXISTS)
        wrong.status = 409;
    answer_problem(x, &wrong);
}

void styles_remove(exchange *x)
{
    problem p;
    stylize_error err = {0};
    const stylize_status status = gallery_remove(x->server->gallery, x->part, &err);
    if (status == STYLIZE_OK) {
        answer_empty(x, 204);
    } else if (status == STYLIZE_ERR_NOT_FOUND) {
        unknown(x);
    } else {
        problem_from(&p, &err, NULL);
        answer_problem(x, &p);
    }
}
