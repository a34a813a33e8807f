/* The styles. */
#include "api/gallery.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/digest.h"
#include "paint/multipart.h"

/* A style that was added: its digest tells results of different pictures under one id apart. */
typedef struct added {
    char id[64];
    uint8_t digest[32];
    struct added *next;
} added;

struct gallery {
    stylize_ctx *ctx;
    pthread_rwlock_t lock; /* of the lists, which are replaced as a whole */
    stylize_style_info *english, *chinese;
    size_t count;
    added *added;
    pthread_mutex_t adding; /* one at a time: it takes the whole machine */
};

static bool refresh(struct gallery *g, stylize_error *err)
{
    stylize_style_info *en = NULL, *zh = NULL;
    size_t en_count = 0, zh_count = 0;
    if (stylize_style_list(g->ctx, "en", &en, &en_count, err) != STYLIZE_OK)
        return false;
    if (stylize_style_list(g->ctx, "zh", &zh, &zh_count, err) != STYLIZE_OK || zh_count != en_count) {
        stylize_free(en);
        stylize_free(zh);
        return false;
    }
    pthread_rwlock_wrlock(&g->lock);
    stylize_free(g->english);
    stylize_free(g->chinese);
    g->english = en;
    g->chinese = zh;
    g->count = en_count;
    pthread_rwlock_unlock(&g->lock);
    return true;
}

struct gallery *gallery_create(stylize_ctx *ctx, char *message, size_t size)
{
    stylize_error err = {0};
    struct gallery *g = calloc(1, sizeof *g);
    if (!g) {
        snprintf(message, size, "out of memory");
        return NULL;
    }
    g->ctx = ctx;
    pthread_rwlock_init(&g->lock, NULL);
    pthread_mutex_init(&g->adding, NULL);
    if (refresh(g, &err))
        return g;
    snprintf(message, size, "%s", err.message);
    gallery_destroy(g);
    return NULL;
}

void gallery_destroy(struct gallery *g)
{
    if (!g)
        return;
    for (added *a = g->added, *next; a; a = next) {
        next = a->next;
        free(a);
    }
    stylize_free(g->english);
    stylize_free(g->chinese);
    pthread_rwlock_destroy(&g->lock);
    pthread_mutex_destroy(&g->adding);
    free(g);
}

/* Under the lock; -1: none. */
static long find(const struct gallery *g, const char *id)
{
    for (size_t i = 0; i < g->count; i++)
        if (!strcmp(g->english[i].id, id))
            return (long)i;
    return -1;
}

bool gallery_has(struct gallery *g, const char *id)
{
    pthread_rwlock_rdlock(&g->lock);
    const bool there = find(g, id) >= 0;
    pthread_rwlock_unlock(&g->lock);
    return there;
}

size_t gallery_count(struct gallery *g)
{
    pthread_rwlock_rdlock(&g->lock);
    const size_t n = g->count;
    pthread_rwlock_unlock(&g->lock);
    return n;
}

bool gallery_digest(void *user, const char *id, uint8_t digest[32])
{
    struct gallery *g = user;
    pthread_rwlock_rdlock(&g->lock);
    const added *a = g->added;
    while (a && strcmp(a->id, id))
        a = a->next;
    if (a)
        memcpy(digest, a->digest, sizeof a->digest);
    pthread_rwlock_unlock(&g->lock);
    return a != NULL;
}

/* ------------------------------------------------------------------ reading */

static json_t *text_or_null(const char *text) { return text ? json_string(text) : json_null(); }

/* Under the lock. */
static json_t *style_json(const struct gallery *g, size_t i)
{
    const stylize_style_info *s = &g->english[i];
    char preview[128];
    snprintf(preview, sizeof preview, "/api/v1/styles/%s/preview", s->id);
    return json_pack("{s:s, s:{s:s, s:s}, s:o, s:o, s:o, s:o, s:o, s:i, s:b, s:b}", "style_id", s->id,
                     "display_name", "en", s->display_name, "zh", g->chinese[i].display_name, "artist",
                     text_or_null(s->artist), "licence", text_or_null(s->licence), "model",
                     text_or_null(s->model), "preview_image",
                     s->preview_image ? json_string(preview) : json_null(), "year",
                     s->year ? json_integer(s->year) : json_null(), "recommended_size",
                     (int)s->recommended_size, "added", (int)s->added, "blendable", (int)s->blendable);
}

static void answer_json(exchange *x, unsigned status, json_t *root)
{
    char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
    json_decref(root);
    if (text)
        answer_shared(x, status, "application/json", text, strlen(text), free, text);
    else
        answer_no_memory(x);
}

static void unknown(exchange *x)
{
    problem p;
    problem_set(&p, 404, "unknown_style", NULL, "there is no style \"%s\"; GET /api/v1/styles lists them",
                x->part);
    answer_problem(x, &p);
}

void styles_list(exchange *x)
{
    struct gallery *g = x->server->gallery;
    json_t *list = json_array();
    pthread_rwlock_rdlock(&g->lock);
    for (size_t i = 0; i < g->count; i++)
        json_array_append_new(list, style_json(g, i));
    pthread_rwlock_unlock(&g->lock);
    answer_json(x, 200, json_pack("{s:o}", "styles", list));
}

void styles_one(exchange *x)
{
    struct gallery *g = x->server->gallery;
    pthread_rwlock_rdlock(&g->lock);
    const long i = find(g, x->part);
    json_t *style = i >= 0 ? style_json(g, (size_t)i) : NULL;
    pthread_rwlock_unlock(&g->lock);
    if (i < 0)
        unknown(x);
    else
        answer_json(x, 200, style);
}

void styles_preview(exchange *x)
{
    struct gallery *g = x->server->gallery;
    char *path = NULL;
    pthread_rwlock_rdlock(&g->lock);
    const long i = find(g, x->part);
    if (i >= 0 && g->english[i].preview_image)
        path = strdup(g->english[i].preview_image);
    pthread_rwlock_unlock(&g->lock);
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

/* NULL without memory. */
static added *addition_record(const char *id, slice picture)
{
    added *a = calloc(1, sizeof *a);
    if (a && !digest_of(picture.data, picture.size, a->digest)) {
        free(a);
        return NULL;
    }
    if (a)
        snprintf(a->id, sizeof a->id, "%s", id);
    return a;
}

static void remember(struct gallery *g, added *a)
{
    pthread_rwlock_wrlock(&g->lock);
    a->next = g->added;
    g->added = a;
    pthread_rwlock_unlock(&g->lock);
}

static void *add_main(void *arg)
{
    addition *w = arg;
    exchange *x = w->exchange;
    struct gallery *g = x->server->gallery;
    const stylize_style_info info = {.id = x->part,
                                     .display_name = w->name[0] ? w->name : NULL,
                                     .artist = w->artist[0] ? w->artist : NULL};
    const stylize_image picture = {
        .pixels = (uint8_t *)w->picture.data, .size = w->picture.size, .format = STYLIZE_FORMAT_ENCODED};
    added *record = addition_record(x->part, w->picture);
    pthread_mutex_lock(&g->adding);
    w->status = w->error.status = STYLIZE_ERR_NOMEM;
    if (record)
        w->status = stylize_style_add(g->ctx, &info, &picture, &w->error);
    if (w->status == STYLIZE_OK) {
        remember(g, record);
        refresh(g, &w->error);
    } else {
        free(record);
    }
    pthread_mutex_unlock(&g->adding);
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
    const char *what = multipart_split(body, boundary, parts, SRV_LEN(parts), &count);
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

static void forget(struct gallery *g, const char *id)
{
    pthread_rwlock_wrlock(&g->lock);
    added **at = &g->added;
    while (*at && strcmp((*at)->id, id))
        at = &(*at)->next;
    added *gone = *at;
    if (gone)
        *at = gone->next;
    pthread_rwlock_unlock(&g->lock);
    free(gone);
}

void styles_remove(exchange *x)
{
    struct gallery *g = x->server->gallery;
    stylize_error err = {0};
    if (stylize_style_remove(g->ctx, x->part, &err) != STYLIZE_OK) {
        unknown(x);
        return;
    }
    forget(g, x->part);
    refresh(g, &err);
    answer_empty(x, 204);
}
