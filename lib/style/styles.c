#include "style/styles.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "style/json.h"

#define TEXT_MAX 255

stz_style_lib *stz_style_lib_create(const char *dir)
{
    stz_style_lib *lib = calloc(1, sizeof *lib);
    if (!lib)
        return NULL;
    if (pthread_rwlock_init(&lib->lock, NULL)) {
        free(lib);
        return NULL;
    }
    lib->dir = strdup(dir);
    lib->models = calloc(STZ_MODELS_MAX, sizeof *lib->models);
    if (!lib->dir || !lib->models) {
        stz_style_lib_close(lib);
        return NULL;
    }
    return lib;
}

void stz_style_lib_close(stz_style_lib *lib)
{
    if (!lib)
        return;
    for (size_t i = 0; i < lib->style_count; i++)
        stz_style_unref(lib->styles[i]);
    free(lib->styles);
    for (int i = 0; i < lib->model_count; i++)
        stz_model_free(lib->models[i]);
    free(lib->models);
    free(lib->dir);
    pthread_rwlock_destroy(&lib->lock);
    free(lib);
}

bool stz_style_lib_add_model(stz_style_lib *lib, stz_model *model)
{
    pthread_rwlock_wrlock(&lib->lock);
    const int count = lib->model_count;
    const bool room = count < STZ_MODELS_MAX && !stz_style_lib_find_model(lib, model->name);
    if (room) {
        lib->models[count] = model;
        lib->model_count = count + 1; /* readers without the lock see the model first */
    }
    pthread_rwlock_unlock(&lib->lock);
    return room;
}

int stz_style_lib_model_count(const stz_style_lib *lib) { return lib->model_count; }

const stz_model *stz_style_lib_model(const stz_style_lib *lib, int index)
{
    return index >= 0 && index < lib->model_count ? lib->models[index] : NULL;
}

const stz_model *stz_style_lib_find_model(const stz_style_lib *lib, const char *name)
{
    for (int i = 0; name && i < lib->model_count; i++)
        if (strcmp(lib->models[i]->name, name) == 0)
            return lib->models[i];
    return NULL;
}

const stz_model *stz_style_lib_encoder(const stz_style_lib *lib)
{
    for (int i = 0; i < lib->model_count; i++)
        if (lib->models[i]->encodes)
            return lib->models[i];
    return NULL;
}

const stz_model *stz_style_lib_loss(const stz_style_lib *lib)
{
    for (int i = 0; i < lib->model_count; i++)
        if (lib->models[i]->optimizes)
            return lib->models[i];
    return NULL;
}

/* Caller holds the lock. style_count if there is none. */
static size_t index_of(const stz_style_lib *lib, const char *id)
{
    size_t i = 0;
    while (i < lib->style_count && strcmp(lib->styles[i]->id, id))
        i++;
    return i;
}

stz_style *stz_style_lib_find(stz_style_lib *lib, const char *id)
{
    if (!id)
        return NULL;
    stz_style *style = NULL;
    pthread_rwlock_rdlock(&lib->lock);
    size_t i = index_of(lib, id);
    if (i < lib->style_count) {
        style = lib->styles[i];
        atomic_fetch_add_explicit(&style->refs, 1, memory_order_relaxed);
    }
    pthread_rwlock_unlock(&lib->lock);
    return style;
}

/* Caller holds the lock. */
static bool make_room(stz_style_lib *lib)
{
    if (lib->style_count < lib->style_room)
        return true;
    size_t room = lib->style_room ? lib->style_room : 16, bytes;
    if (!stz_mul(room, 2, &room) || !stz_mul(room, sizeof *lib->styles, &bytes))
        return false;
    stz_style **styles = realloc(lib->styles, bytes);
    if (!styles)
        return false;
    lib->styles = styles;
    lib->style_room = room;
    return true;
}

stylize_status stz_style_lib_insert(stz_style_lib *lib, stz_style *style, stylize_error *err)
{
    stylize_status status = STYLIZE_OK;
    pthread_rwlock_wrlock(&lib->lock);
    if (index_of(lib, style->id) < lib->style_count)
        status = stz_fail(err, STYLIZE_ERR_EXISTS, "a style \"%s\" is already there", style->id);
    else if (!make_room(lib))
        status = stz_nomem(err, lib->style_count * 2 * sizeof *lib->styles);
    else
        lib->styles[lib->style_count++] = style;
    pthread_rwlock_unlock(&lib->lock);
    return status;
}

static stylize_status check_text(const char *what, const char *text, stylize_error *err)
{
    size_t n = text ? strnlen(text, TEXT_MAX + 1) : 0;
    if (n <= TEXT_MAX && (!text || stz_text_clean(text, n)))
        return STYLIZE_OK;
    return stz_fail(err, STYLIZE_ERR_INVALID, "%s of a style must be UTF-8 of at most %d bytes on one line",
                    what, TEXT_MAX);
}

stylize_status stz_style_info_check(const stylize_style_info *info, stylize_error *err)
{
    if (!info || !info->id || !stz_id_valid(info->id))
        return stz_fail(err, STYLIZE_ERR_INVALID, "the id of a style must be 1 to %d of a-z 0-9 _ -",
                        STZ_ID_MAX);
    stylize_status status = check_text("display_name", info->display_name, err);
    if (!status)
        status = check_text("artist", info->artist, err);
    return status ? status : check_text("licence", info->licence, err);
}

static stylize_status check_new(const stylize_style_info *info, const stz_model *model, const float *code,
                                stylize_error *err)
{
    const stylize_status status = stz_style_info_check(info, err);
    if (status)
        return status;
    if (!model || (model->code_length && !code))
        return stz_fail(err, STYLIZE_ERR_INVALID, "a style needs a model and its code");
    for (int i = 0; i < model->code_length; i++)
        if (!isfinite(code[i]))
            return stz_fail(err, STYLIZE_ERR_INVALID, "a style code must hold finite numbers only");
    return STYLIZE_OK;
}

/* NULL if there is no memory. */
static stz_style *make_style(const stylize_style_info *info, const stz_model *model, const float *code)
{
    stz_style *style = stz_style_create(info->id, model, 1);
    if (!style)
        return NULL;
    style->added = true;
    style->year = info->year;
    const char *title = info->display_name && *info->display_name ? info->display_name : info->id;
    bool good = stz_style_room_for_titles(style, 1) && stz_style_add_title(style, "en", title);
    if (good && model->code_length)
        good = stz_style_set_code(style, model, code);
    if (good && info->artist)
        good = (style->artist = strdup(info->artist)) != NULL;
    if (good && info->licence)
        good = (style->licence = strdup(info->licence)) != NULL;
    if (good)
        return style;
    stz_style_unref(style);
    return NULL;
}

stylize_status stz_style_lib_add(stz_style_lib *lib, const stylize_style_info *info, const stz_model *model,
                                 const float *code, stylize_error *err)
{
    stylize_status status = check_new(info, model, code, err);
    if (status)
        return status;
    stz_style *style = make_style(info, model, code);
    if (!style)
        return stz_nomem(err, (uint64_t)model->code_length * sizeof(float));
    status = stz_style_lib_insert(lib, style, err);
    if (status)
        stz_style_unref(style);
    return status;
}

stylize_status stz_style_lib_remove(stz_style_lib *lib, const char *id, stylize_error *err)
{
    if (!id)
        return stz_fail(err, STYLIZE_ERR_INVALID, "the id of a style is needed");
    stz_style *style = NULL;
    pthread_rwlock_wrlock(&lib->lock);
    size_t i = index_of(lib, id);
    if (i < lib->style_count) {
        style = lib->styles[i];
        lib->style_count--;
        memmove(lib->styles + i, lib->styles + i + 1, (lib->style_count - i) * sizeof *lib->styles);
    }
    pthread_rwlock_unlock(&lib->lock);
    if (!style)
        return stz_fail(err, STYLIZE_ERR_NOT_FOUND, "there is no style \"%.64s\"", id);
    stz_style_unref(style);
    return STYLIZE_OK;
}

/* ------------------------------------------------------------------ the list */

/* Text behind the array; the first pass only counts. */
typedef struct text_block {
    char *at; /* NULL: count */
    size_t bytes;
} text_block;

static const char *put_text(text_block *b, const char *text)
{
    if (!text)
        return NULL;
    size_t n = strlen(text) + 1;
    char *copy = b->at ? memcpy(b->at + b->bytes, text, n) : NULL;
    b->bytes += n;
    return copy;
}

static stylize_style_info describe(const stz_style *style, const char *lang, text_block *b)
{
    return (stylize_style_info){
        .id = put_text(b, style->id),
        .display_name = put_text(b, stz_style_title(style, lang)),
        .artist = put_text(b, style->artist),
        .licence = put_text(b, style->licence),
        .model = put_text(b, style->model->name),
        .preview_image = put_text(b, style->preview),
        .year = style->year,
        .recommended_size = (uint32_t)style->recommended_size,
        .added = style->added,
        .blendable = style->model->code_length > 0,
    };
}

/* Caller holds the lock. */
static stylize_status build_list(const stz_style_lib *lib, const char *lang, stylize_style_info **list,
                                 stylize_error *err)
{
    text_block texts = {0};
    for (size_t i = 0; i < lib->style_count; i++)
        describe(lib->styles[i], lang, &texts);
    size_t array, total;
    if (!stz_mul(lib->style_count, sizeof **list, &array) || !stz_add(array, texts.bytes, &total))
        return stz_nomem(err, SIZE_MAX);
    stylize_style_info *all = malloc(total ? total : 1);
    if (!all)
        return stz_nomem(err, total);
    texts = (text_block){.at = (char *)all + array};
    for (size_t i = 0; i < lib->style_count; i++)
        all[i] = describe(lib->styles[i], lang, &texts);
    *list = all;
    return STYLIZE_OK;
}

stylize_status stz_style_lib_list(stz_style_lib *lib, const char *lang, stylize_style_info **list,
                                  size_t *count, stylize_error *err)
{
    if (!list || !count)
        return stz_fail(err, STYLIZE_ERR_INVALID, "a list of styles needs somewhere to put list and count");
    *list = NULL;
    *count = 0;
    pthread_rwlock_rdlock(&lib->lock);
    stylize_status status = build_list(lib, lang, list, err);
    if (!status)
        *count = lib->style_count;
    pthread_rwlock_unlock(&lib->lock);
    return status;
}
