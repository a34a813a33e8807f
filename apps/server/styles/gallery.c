#include "styles/gallery.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/files.h"

#define CODE_FILE                                                                                            \
    "code.safetensors" /* of a style in the style folder: no two that were learnt have the same */

/* A style that was added: its digest tells results of different pictures under one id apart. */
typedef struct added {
    char id[64];
    uint8_t digest[32];
    struct added *next;
} added;

struct gallery {
    stylize_ctx *ctx;
    char *folder;          /* of styles that are learnt, or NULL */
    pthread_rwlock_t lock; /* of the lists, which are replaced as a whole */
    stylize_style_info *english, *chinese;
    size_t count;
    added *added;
    pthread_mutex_t adding; /* one at a time: it takes the whole machine */
};

/* NULL without memory. */
static added *make_record(const char *id, slice picture)
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

/* Under the lock. */
static bool is_known(const struct gallery *g, const char *id)
{
    const added *a = g->added;
    while (a && strcmp(a->id, id))
        a = a->next;
    return a != NULL;
}

/* NULL without memory, or where it is not one of the folder. */
static added *read_record(const struct gallery *g, const char *id)
{
    char path[1024];
    buf code = {0};
    added *a = NULL;
    if (snprintf(path, sizeof path, "%s/%s/" CODE_FILE, g->folder, id) >= (int)sizeof path)
        return NULL;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0 && file_read(file, SIZE_MAX, &code))
        a = make_record(id, (slice){code.data, code.size});
    if (file >= 0)
        close(file);
    buf_free(&code);
    return a;
}

/* Styles of the folder are told apart as those that were added. */
static void remember_folder(struct gallery *g)
{
    pthread_rwlock_wrlock(&g->lock);
    for (size_t i = 0; g->folder && i < g->count; i++) {
        added *a =
            g->english[i].added && !is_known(g, g->english[i].id) ? read_record(g, g->english[i].id) : NULL;
        if (a) {
            a->next = g->added;
            g->added = a;
        }
    }
    pthread_rwlock_unlock(&g->lock);
}

static char *find_folder(stylize_ctx *ctx)
{
    char *text = NULL;
    stylize_error err;
    stylize_ctx_info(ctx, &text, &err);
    json_t *info = text ? json_loads(text, 0, NULL) : NULL;
    const char *folder = json_string_value(json_object_get(info, "style_dir"));
    char *copy = folder ? strdup(folder) : NULL;
    json_decref(info);
    stylize_free(text);
    return copy;
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
    g->folder = find_folder(ctx);
    pthread_rwlock_init(&g->lock, NULL);
    pthread_mutex_init(&g->adding, NULL);
    if (refresh(g, &err)) {
        remember_folder(g);
        return g;
    }
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
    free(g->folder);
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

json_t *gallery_list_json(struct gallery *g)
{
    json_t *list = json_array();
    pthread_rwlock_rdlock(&g->lock);
    for (size_t i = 0; i < g->count; i++)
        json_array_append_new(list, style_json(g, i));
    pthread_rwlock_unlock(&g->lock);
    return list;
}

json_t *gallery_style_json(struct gallery *g, const char *id)
{
    pthread_rwlock_rdlock(&g->lock);
    const long i = find(g, id);
    json_t *style = i >= 0 ? style_json(g, (size_t)i) : NULL;
    pthread_rwlock_unlock(&g->lock);
    return style;
}

char *gallery_preview(struct gallery *g, const char *id)
{
    char *path = NULL;
    pthread_rwlock_rdlock(&g->lock);
    const long i = find(g, id);
    if (i >= 0 && g->english[i].preview_image)
        path = strdup(g->english[i].preview_image);
    pthread_rwlock_unlock(&g->lock);
    return path;
}

static void remember(struct gallery *g, added *a)
{
    pthread_rwlock_wrlock(&g->lock);
    a->next = g->added;
    g->added = a;
    pthread_rwlock_unlock(&g->lock);
}

stylize_status gallery_add(struct gallery *g, const stylize_style_info *info, slice picture,
                           stylize_error *err)
{
    const stylize_image image = {
        .pixels = (uint8_t *)picture.data, .size = picture.size, .format = STYLIZE_FORMAT_ENCODED};
    added *record = make_record(info->id, picture);
    pthread_mutex_lock(&g->adding);
    stylize_status status = err->status = STYLIZE_ERR_NOMEM;
    if (record)
        status = stylize_style_add(g->ctx, info, &image, err);
    if (status == STYLIZE_OK) {
        remember(g, record);
        refresh(g, err);
    } else {
        free(record);
    }
    pthread_mutex_unlock(&g->adding);
    return status;
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

const char *gallery_folder(const struct gallery *g) { return g->folder; }

stylize_status gallery_learn(struct gallery *g, stylize_fit *fit, stylize_error *err)
{
    stylize_error unused;
    const stylize_status status = stylize_style_fit(g->ctx, fit, err);
    if (status == STYLIZE_OK && refresh(g, &unused))
        remember_folder(g);
    return status;
}

stylize_status gallery_remove(struct gallery *g, const char *id, stylize_error *err)
{
    stylize_status status = stylize_style_delete(g->ctx, id, err);
    if (status == STYLIZE_ERR_INVALID) /* it is not in the folder */
        status = stylize_style_remove(g->ctx, id, err);
    if (status == STYLIZE_OK) {
        forget(g, id);
        refresh(g, err);
    }
    return status;
}
