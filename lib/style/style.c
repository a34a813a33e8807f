#include "style/style.h"

#include <stdlib.h>
#include <string.h>

stz_style *stz_style_create(const char *id, const stz_model *model, int code_room)
{
    stz_style *style = calloc(1, sizeof *style);
    if (!style)
        return NULL;
    style->codes = calloc((size_t)stz_max(code_room, 1), sizeof *style->codes);
    if (!style->codes) {
        free(style);
        return NULL;
    }
    atomic_init(&style->refs, 1);
    memcpy(style->id, id, strlen(id) + 1);
    style->model = model;
    return style;
}

static void style_free(stz_style *style)
{
    for (int i = 0; i < style->title_count; i++) {
        free(style->titles[i].lang);
        free(style->titles[i].text);
    }
    for (int i = 0; i < style->code_count; i++)
        free(style->codes[i].code);
    free(style->titles);
    free(style->codes);
    free(style->artist);
    free(style->licence);
    free(style->preview);
    free(style->artwork);
    free(style->folder);
    free(style);
}

void stz_style_unref(stz_style *style)
{
    if (style && atomic_fetch_sub_explicit(&style->refs, 1, memory_order_acq_rel) == 1)
        style_free(style);
}

const char *stz_style_id(const stz_style *style) { return style->id; }

const stz_model *stz_style_model(const stz_style *style) { return style->model; }

const char *stz_style_own_folder(const stz_style *style) { return style->folder; }

const char *stz_style_artwork(const stz_style *style) { return style->artwork; }

const float *stz_style_code(const stz_style *style, const stz_model *model)
{
    for (int i = 0; i < style->code_count; i++)
        if (style->codes[i].model == model)
            return style->codes[i].code;
    return NULL;
}

bool stz_style_set_code(stz_style *style, const stz_model *model, const float *code)
{
    size_t bytes = (size_t)model->code_length * sizeof *code;
    float *copy = malloc(bytes);
    if (!copy)
        return false;
    memcpy(copy, code, bytes);
    style->codes[style->code_count++] = (stz_style_code_of){model, copy};
    return true;
}

bool stz_style_room_for_titles(stz_style *style, int count)
{
    style->titles = calloc((size_t)count, sizeof *style->titles);
    return style->titles != NULL;
}

bool stz_style_add_title(stz_style *style, const char *lang, const char *text)
{
    stz_title title = {strdup(lang), strdup(text)};
    if (!title.lang || !title.text) {
        free(title.lang);
        free(title.text);
        return false;
    }
    style->titles[style->title_count++] = title;
    return true;
}

/* The title in exactly the first n characters of lang, or NULL. */
static const char *title_in(const stz_style *style, const char *lang, size_t n)
{
    for (int i = 0; i < style->title_count; i++)
        if (strlen(style->titles[i].lang) == n && memcmp(style->titles[i].lang, lang, n) == 0)
            return style->titles[i].text;
    return NULL;
}

const char *stz_style_title(const stz_style *style, const char *lang)
{
    const char *title = NULL;
    if (lang) {
        title = title_in(style, lang, strlen(lang));
        if (!title) /* "zh" serves "zh-CN" too */
            title = title_in(style, lang, strcspn(lang, "-_"));
    }
    return title ? title : style->titles[0].text;
}
