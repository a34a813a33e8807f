#include "style/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "style/id.h"
#include "style/json.h"

static const char *const known[] = {
    "name",          "description", "method",         "native",          "native_int8",  "torch",
    "torch_encoder", "multiple",    "min_side",       "code_length",     "stats_length", "receptive_radius",
    "grid",          "encodes",     "style_multiple", "style_min_side",  "style_size",   "range",
    "mean",          "std",         "style_weights",  "content_weights",
};

/* The first failure of a series of reads. */
#define TRY(call)                                                                                            \
    do {                                                                                                     \
        stylize_status status_ = (call);                                                                     \
        if (status_)                                                                                         \
            return status_;                                                                                  \
    } while (0)

static stylize_status read_name(stz_model *m, const stz_json *o, stylize_error *err)
{
    const char *name = NULL;
    TRY(stz_json_text(o, "name", STZ_ID_MAX, &name, err));
    if (!name)
        return stz_json_fail(o, NULL, err, "name is missing");
    if (!stz_id_valid(name))
        return stz_json_fail(o, "name", err, "must be 1 to %d of a-z 0-9 _ -", STZ_ID_MAX);
    memcpy(m->name, name, strlen(name) + 1);
    return STYLIZE_OK;
}

static stylize_status read_method(stz_model *m, const stz_json *o, stylize_error *err)
{
    const char *method = NULL, *description = NULL;
    TRY(stz_json_text(o, "description", 1023, &description, err));
    TRY(stz_json_text(o, "method", STZ_ID_MAX, &method, err));
    if (!method)
        return stz_json_fail(o, NULL, err, "method is missing");
    if (strcmp(method, "fast") && strcmp(method, "any") && strcmp(method, "optimize"))
        return stz_json_fail(o, "method", err, "must be \"fast\", \"any\" or \"optimize\"");
    m->encodes = strcmp(method, "any") == 0;
    m->optimizes = strcmp(method, "optimize") == 0;
    return STYLIZE_OK;
}

static stylize_status read_file(const stz_json *o, const char *member, char **file, stylize_error *err)
{
    const char *path = NULL;
    TRY(stz_json_path(o, member, &path, err));
    if (path && !(*file = strdup(path)))
        return stz_nomem(err, strlen(path));
    return STYLIZE_OK;
}

static stylize_status read_files(stz_model *m, const stz_json *o, stylize_error *err)
{
    TRY(read_file(o, "native", &m->native_file, err));
    TRY(read_file(o, "native_int8", &m->native_int8_file, err));
    TRY(read_file(o, "torch", &m->torch_file, err));
    TRY(read_file(o, "torch_encoder", &m->torch_encoder_file, err));
    if (!m->native_file && !m->torch_file)
        return stz_json_fail(o, NULL, err, "neither native nor torch names a file");
    return STYLIZE_OK;
}

static stylize_status read_geometry(stz_model *m, const stz_json *o, stylize_error *err)
{
    m->multiple = 1;
    m->min_side = 16;
    TRY(stz_json_int(o, "multiple", 1, 256, &m->multiple, err));
    TRY(stz_json_int(o, "min_side", 1, 4096, &m->min_side, err));
    TRY(stz_json_int(o, "code_length", 0, 1 << 20, &m->code_length, err));
    TRY(stz_json_int(o, "stats_length", 0, 1 << 20, &m->stats_length, err));
    TRY(stz_json_int(o, "receptive_radius", 0, 4096, &m->receptive_radius, err));
    m->grid = m->multiple;
    return stz_json_int(o, "grid", 1, 256, &m->grid, err);
}

static stylize_status read_encoder(stz_model *m, const stz_json *o, stylize_error *err)
{
    m->style_multiple = 1;
    m->style_min_side = 32;
    bool any = m->encodes;
    TRY(stz_json_bool(o, "encodes", &m->encodes, err));
    if (any && !m->encodes)
        return stz_json_fail(o, "encodes", err, "must be true for the method \"any\"");
    TRY(stz_json_int(o, "style_multiple", 1, 256, &m->style_multiple, err));
    TRY(stz_json_int(o, "style_min_side", 1, 4096, &m->style_min_side, err));
    m->style_size = stz_max(512, m->style_min_side);
    TRY(stz_json_int(o, "style_size", m->style_min_side, 4096, &m->style_size, err));
    if (m->encodes && m->code_length == 0)
        return stz_json_fail(o, "code_length", err, "must be above 0 in a network that reads styles");
    return STYLIZE_OK;
}

static stylize_status read_loss(stz_model *m, const stz_json *o, stylize_error *err)
{
    if (!m->optimizes)
        return STYLIZE_OK;
    int content = 0;
    TRY(stz_json_float_list(o, "style_weights", 0, 1000, STZ_LAYERS_MAX, &m->layers, m->style_weights, err));
    TRY(stz_json_float_list(o, "content_weights", 0, 1000, STZ_LAYERS_MAX, &content, m->content_weights,
                            err));
    if (content != m->layers)
        return stz_json_fail(o, "content_weights", err, "must have as many numbers as style_weights");
    if (!m->receptive_radius)
        return stz_json_fail(o, "receptive_radius", err, "is missing, which a loss network needs");
    return STYLIZE_OK;
}

static stylize_status read_range(stz_model *m, const stz_json *o, stylize_error *err)
{
    int range = 1;
    TRY(stz_json_int(o, "range", 1, 255, &range, err));
    if (range != 1 && range != 255)
        return stz_json_fail(o, "range", err, "must be 1 or 255");
    m->range = (float)range;
    for (int c = 0; c < 3; c++)
        m->std[c] = 1;
    TRY(stz_json_floats(o, "mean", -10, 10, 3, m->mean, err));
    return stz_json_floats(o, "std", 1e-3f, 10, 3, m->std, err);
}

static stylize_status read_members(stz_model *m, const stz_json *o, stylize_error *err)
{
    TRY(read_name(m, o, err));
    TRY(read_method(m, o, err));
    TRY(read_files(m, o, err));
    TRY(read_geometry(m, o, err));
    TRY(read_encoder(m, o, err));
    TRY(read_loss(m, o, err));
    return read_range(m, o, err);
}

/* "brush/model.json": short enough to leave room for what is wrong. */
static void short_name(const char *dir, char *name, size_t size)
{
    size_t end = strlen(dir);
    while (end > 1 && dir[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && dir[start - 1] != '/')
        start--;
    snprintf(name, size, "%.*s/model.json", stz_min((int)(end - start), STZ_ID_MAX), dir + start);
}

stylize_status stz_model_parse(const char *dir, const char *text, size_t size, const stz_log *log,
                               stz_model **out, stylize_error *err)
{
    *out = NULL;
    char name[STZ_ID_MAX + 32];
    short_name(dir, name, sizeof name);
    stz_json o;
    stylize_status status = stz_json_begin(&o, name, text, size, 1, err);
    if (status)
        return status;
    stz_model *m = calloc(1, sizeof *m);
    if (!m || !(m->dir = strdup(dir))) {
        status = stz_nomem(err, sizeof *m);
        goto end;
    }
    status = read_members(m, &o, err);
    if (status)
        goto end;
    stz_json_unknown(&o, known, STZ_LEN(known), log);
    *out = m;
    m = NULL;
end:
    stz_model_free(m);
    stz_json_end(&o);
    return status;
}

stylize_status stz_model_read(const char *dir, stz_model **out, stylize_error *err)
{
    *out = NULL;
    return stz_model_load(NULL, dir, NULL, out, err);
}

stylize_status stz_model_load(const stz_bundle *bundle, const char *dir, const stz_log *log, stz_model **out,
                              stylize_error *err)
{
    char name[STZ_ID_MAX + 32];
    short_name(dir, name, sizeof name);
    char *path = stz_path_join(dir, "model.json"), *text = NULL;
    size_t size = 0;
    stylize_status status = path ? STYLIZE_OK : stz_nomem(err, strlen(dir));
    if (!status)
        status = stz_file_read(bundle, path, name, STZ_MODEL_MAX, &text, &size, err);
    if (!status)
        status = stz_model_parse(dir, text, size, log, out, err);
    if (!status)
        (*out)->bundle = bundle;
    free(text);
    free(path);
    return status;
}

void stz_model_free(stz_model *model)
{
    if (!model)
        return;
    free(model->torch_encoder_file);
    free(model->torch_file);
    free(model->native_int8_file);
    free(model->native_file);
    free(model->dir);
    free(model);
}
