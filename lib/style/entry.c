/* Its members, its file of codes. */
#include "style/entry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "base/safetensors.h"

#define TEXT_MAX 255
#define LANG_MAX 15
#define LANGS    32

static const char *const known[] = {
    "style_id",         "display_name", "model_path", "code_path", "preview_image",
    "recommended_size", "artist",       "year",       "licence",   "artwork",
};

static stylize_status read_id(const stz_json *o, const char **id, stylize_error *err)
{
    *id = NULL;
    stylize_status status = stz_json_text(o, "style_id", STZ_ID_MAX, id, err);
    if (status)
        return status;
    if (!*id)
        return stz_json_fail(o, NULL, err, "style_id is missing");
    if (!stz_id_valid(*id))
        return stz_json_fail(o, "style_id", err, "must be 1 to %d of a-z 0-9 _ -", STZ_ID_MAX);
    return STYLIZE_OK;
}

/* What an entry is read with. */
typedef struct context {
    const stz_style_lib *lib;
    int models; /* of the library; more may come meanwhile */
    const char *folder;
    const stz_model *own;
    const stz_json *o;
    const stz_log *log;
    stylize_error *err;
} context;

/* The model whose folder model_path names. */
static stylize_status read_model(const context *r, const stz_model **model)
{
    const stz_style_lib *lib = r->lib;
    const stz_json *o = r->o;
    const char *path = NULL;
    stylize_status status = stz_json_path(o, "model_path", &path, r->err);
    if (status)
        return status;
    if (!path && r->own) {
        *model = r->own;
        return STYLIZE_OK;
    }
    if (!path)
        return stz_json_fail(o, NULL, r->err, "model_path is missing");
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    for (int i = 0; i < lib->model_count; i++) {
        const char *folder = strrchr(lib->models[i]->dir, '/') + 1;
        if (strlen(folder) == n && memcmp(folder, path, n) == 0) {
            *model = lib->models[i];
            if ((*model)->optimizes)
                return stz_json_fail(o, "model_path", r->err,
                                     "names a loss network, which paints nothing: \"%.64s\"", path);
            return STYLIZE_OK;
        }
    }
    return stz_json_fail(o, "model_path", r->err, "names no model of this folder: \"%.64s\"", path);
}

static stylize_status add_title(const stz_json *o, stz_style *style, const char *lang, const json_t *title,
                                stylize_error *err)
{
    size_t n = json_string_length(title);
    if (!json_is_string(title) || n < 1 || n > TEXT_MAX || !stz_text_clean(json_string_value(title), n))
        return stz_json_fail(o, "display_name", err, "must have texts of 1 to %d bytes on one line",
                             TEXT_MAX);
    return stz_style_add_title(style, lang, json_string_value(title)) ? STYLIZE_OK : stz_nomem(err, n);
}

static stylize_status read_titles(const stz_json *o, stz_style *style, stylize_error *err)
{
    json_t *names = json_object_get(o->root, "display_name");
    if (!names)
        return stz_json_fail(o, NULL, err, "display_name is missing");
    const json_t *english = json_is_object(names) ? json_object_get(names, "en") : names;
    if (!english)
        return stz_json_fail(o, "display_name", err, "has no text for \"en\"");
    if (json_object_size(names) > LANGS)
        return stz_json_fail(o, "display_name", err, "has more than %d languages", LANGS);
    if (!stz_style_room_for_titles(style, stz_max((int)json_object_size(names), 1)))
        return stz_nomem(err, sizeof *style->titles);
    stylize_status status = add_title(o, style, "en", english, err);
    const char *lang;
    json_t *title;
    json_object_foreach (names, lang, title) {
        if (status)
            return status;
        if (strcmp(lang, "en") == 0)
            continue;
        if (!*lang || strlen(lang) > LANG_MAX || !stz_text_clean(lang, strlen(lang)))
            return stz_json_fail(o, "display_name", err, "has a language that is not 1 to %d bytes",
                                 LANG_MAX);
        status = add_title(o, style, lang, title, err);
    }
    return status;
}

static stylize_status read_text(const stz_json *o, const char *member, char **text, stylize_error *err)
{
    const char *value = NULL;
    stylize_status status = stz_json_text(o, member, TEXT_MAX, &value, err);
    if (!status && value && !(*text = strdup(value)))
        status = stz_nomem(err, strlen(value));
    return status;
}

/* What the folder is in; styles of one's own are in folders of the system. */
static const stz_bundle *bundle_of(const context *r)
{
    return strncmp(r->folder, STZ_BUNDLE_DIR "/", sizeof STZ_BUNDLE_DIR) == 0 ? r->lib->bundle : NULL;
}

/* The path of a picture. One that is missing costs the picture, not the style. */
static stylize_status read_picture(const context *r, const char *member, char **picture)
{
    const char *path = NULL;
    stylize_status status = stz_json_path(r->o, member, &path, r->err);
    if (status || !path)
        return status;
    if (bundle_of(r)) /* no path for a program to open */
        return STYLIZE_OK;
    *picture = stz_path_join(r->folder, path);
    if (!*picture)
        return stz_nomem(r->err, strlen(path));
    if (!stz_os_readable(*picture)) {
        stylize_error why;
        stz_json_fail(r->o, member, &why, "cannot be read: %.160s", path);
        stz_log_line(r->log, STYLIZE_LOG_WARNING, "%s", why.message);
        free(*picture);
        *picture = NULL;
    }
    return STYLIZE_OK;
}

static stylize_status check_code(const stz_json *o, const stz_model *model, const stz_tensor *t,
                                 stylize_error *err)
{
    if (t->dtype != STZ_DTYPE_F32 || t->dims != 1 || t->shape[0] != (size_t)model->code_length)
        return stz_json_fail(o, "code_path", err, "has a code for %s that is not %d fp32 numbers",
                             model->name, model->code_length);
    const float *code = t->data;
    for (size_t i = 0; i < t->count; i++)
        if (!isfinite(code[i]))
            return stz_json_fail(o, "code_path", err, "has a number that is not finite in the code for %s",
                                 model->name);
    return STYLIZE_OK;
}

static stylize_status take_codes(const context *r, const stz_safetensors *file, stz_style *style)
{
    const stz_json *o = r->o;
    stylize_error *err = r->err;
    for (int i = 0; i < r->models; i++) {
        const stz_model *model = r->lib->models[i];
        const stz_tensor *code = model->code_length ? stz_safetensors_find(file, model->name) : NULL;
        if (!code)
            continue;
        stylize_status status = check_code(o, model, code, err);
        if (status)
            return status;
        if (!stz_style_set_code(style, model, code->data))
            return stz_nomem(err, code->count * sizeof(float));
    }
    if (style->model->code_length && !stz_style_code(style, style->model))
        return stz_json_fail(o, "code_path", err, "has no code for %s", style->model->name);
    return STYLIZE_OK;
}

static stylize_status read_codes(const context *r, stz_style *style)
{
    const stz_json *o = r->o;
    stylize_error *err = r->err;
    const char *path = NULL;
    stylize_status status = stz_json_path(o, "code_path", &path, err);
    if (status)
        return status;
    if (!path && style->model->code_length)
        return stz_json_fail(o, NULL, err, "code_path is missing: %s needs a code", style->model->name);
    if (!path)
        return STYLIZE_OK;
    char *full = stz_path_join(r->folder, path);
    if (!full)
        return stz_nomem(err, strlen(path));
    stz_safetensors *file;
    stylize_error why;
    status = stz_safetensors_find_file(bundle_of(r), full, &file, &why);
    free(full);
    if (status == STYLIZE_ERR_NOMEM)
        return stz_fail(err, status, "%s", why.message);
    if (status)
        return stz_json_fail(o, "code_path", err, "cannot be used: %.190s", why.message);
    status = take_codes(r, file, style);
    stz_safetensors_close(file);
    return status;
}

stylize_status stz_style_read(const stz_style_lib *lib, const char *folder, const stz_model *own,
                              const stz_json *o, const stz_log *log, stz_style **out, stylize_error *err)
{
    const context r = {lib, lib->model_count, folder, own, o, log, err};
    *out = NULL;
    const char *id;
    const stz_model *model = NULL;
    stylize_status status = read_id(o, &id, err);
    if (!status)
        status = read_model(&r, &model);
    if (status)
        return status;
    stz_style *style = stz_style_create(id, model, r.models);
    if (!style)
        return stz_nomem(err, sizeof *style);
    status = read_titles(o, style, err);
    if (!status)
        status = read_text(o, "artist", &style->artist, err);
    if (!status)
        status = read_text(o, "licence", &style->licence, err);
    if (!status)
        status = stz_json_int(o, "year", -9999, 9999, &style->year, err);
    if (!status)
        status = stz_json_int(o, "recommended_size", 16, 16384, &style->recommended_size, err);
    if (!status)
        status = read_codes(&r, style);
    if (!status)
        status = read_picture(&r, "preview_image", &style->preview);
    if (!status)
        status = read_picture(&r, "artwork", &style->artwork);
    if (status) {
        stz_style_unref(style);
        return status;
    }
    stz_json_unknown(o, known, STZ_LEN(known), log);
    *out = style;
    return STYLIZE_OK;
}
