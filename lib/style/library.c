/* Models first, then the styles that use them. */
#include "style/library.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "style/entry.h"

#define PROBLEMS_LOGGED 100
#define LIBRARY_NAME    "styles/library.json"

/* ------------------------------------------------------------------ models */

/* Folders that may hold a model. */
static bool maybe_model(const char *name) { return name[0] != '.' && strcmp(name, "styles") != 0; }

static stylize_status open_model(stz_style_lib *lib, const char *folder, const stz_log *log,
                                 stylize_error *err)
{
    char *dir = stz_path_join(lib->dir, folder);
    if (!dir)
        return stz_nomem(err, strlen(lib->dir));
    stz_model *model;
    stylize_error why;
    stylize_status status = stz_model_load(lib->bundle, dir, log, &model, &why);
    free(dir);
    if (status == STYLIZE_ERR_NOMEM)
        return stz_fail(err, status, "%s", why.message);
    if (status == STYLIZE_ERR_NOT_FOUND) /* not a model at all */
        return STYLIZE_OK;
    if (!status && !stz_style_lib_add_model(lib, model)) {
        status = stz_fail(&why, STYLIZE_ERR_MODEL,
                          "%.64s/model.json: name \"%s\" is taken, or there are more "
                          "than %d models",
                          folder, model->name, STZ_MODELS_MAX);
        stz_model_free(model);
    }
    if (status)
        stz_log_line(log, STYLIZE_LOG_ERROR, "%s; the model is left out", why.message);
    return STYLIZE_OK;
}

/* The folders in a bundle are the first parts of its names, which come in order. */
static stylize_status open_bundled(stz_style_lib *lib, const stz_log *log, stylize_error *err)
{
    char folder[256];
    stylize_status status = STYLIZE_OK;
    for (size_t i = 0; i < lib->bundle->count && !status; i++) {
        const char *name = lib->bundle->files[i].name;
        const size_t n = strcspn(name, "/");
        if (strcmp(name + n, "/model.json") || n >= sizeof folder)
            continue;
        memcpy(folder, name, n);
        folder[n] = 0;
        if (maybe_model(folder))
            status = open_model(lib, folder, log, err);
    }
    return status;
}

static stylize_status open_models(stz_style_lib *lib, const stz_log *log, stylize_error *err)
{
    char **folders;
    size_t n;
    const int code = stz_os_list(lib->dir, maybe_model, &folders, &n);
    if (code)
        return stz_fail(err, code == ENOMEM ? STYLIZE_ERR_NOMEM : STYLIZE_ERR_NOT_FOUND,
                        "model folder \"%.160s\" cannot be read: %s", lib->dir, stz_why(code));
    stylize_status status = STYLIZE_OK;
    for (size_t i = 0; i < n && !status; i++)
        status = open_model(lib, folders[i], log, err);
    stz_os_list_free(folders, n);
    return status;
}

/* ------------------------------------------------------------------ library.json */

static stylize_status open_entry(stz_style_lib *lib, const stz_json_element *element, const stz_log *log,
                                 stylize_error *err)
{
    stz_json entry;
    stylize_status status =
        stz_json_begin(&entry, LIBRARY_NAME, element->text, element->size, element->line, err);
    if (status)
        return status;
    stz_style *style;
    char *folder = stz_path_join(lib->dir, "styles");
    status = folder ? stz_style_read(lib, folder, NULL, &entry, log, &style, err)
                    : stz_nomem(err, strlen(lib->dir));
    free(folder);
    if (!status) {
        stylize_error why;
        status = stz_style_lib_insert(lib, style, &why);
        if (status == STYLIZE_ERR_EXISTS)
            stz_json_fail(&entry, "style_id", err, "is used twice: %s", stz_style_id(style));
        else if (status)
            stz_fail(err, status, "%s", why.message);
        if (status)
            stz_style_unref(style);
    }
    stz_json_end(&entry);
    return status;
}

stylize_status stz_style_lib_parse(stz_style_lib *lib, const char *text, size_t size, const stz_log *log,
                                   stylize_error *err)
{
    stz_json_scan scan;
    if (!stz_json_scan_begin(&scan, text, size))
        return stz_fail(err, STYLIZE_ERR_MODEL, LIBRARY_NAME ":%d: a list [...] of styles is needed",
                        scan.line);
    stz_json_element element;
    stz_json_step step;
    int problems = 0, entries = 0;
    while ((step = stz_json_scan_next(&scan, &element)) != STZ_JSON_END) {
        stylize_error why;
        stylize_status status;
        bool entry = step == STZ_JSON_ELEMENT;
        if (entry && ++entries > STZ_ENTRIES_MAX) {
            stz_log_line(log, STYLIZE_LOG_ERROR,
                         LIBRARY_NAME ":%d: more than %d styles; the rest is left out", element.line,
                         STZ_ENTRIES_MAX);
            break;
        }
        if (entry)
            status = open_entry(lib, &element, log, &why);
        else
            status = stz_fail(&why, STYLIZE_ERR_MODEL, LIBRARY_NAME ":%d: %s", element.line, element.text);
        if (status == STYLIZE_ERR_NOMEM)
            return stz_fail(err, status, "%s", why.message);
        if (status && ++problems <= PROBLEMS_LOGGED)
            stz_log_line(log, STYLIZE_LOG_ERROR, "%s%s", why.message, entry ? "; the style is left out" : "");
    }
    if (problems > PROBLEMS_LOGGED)
        stz_log_line(log, STYLIZE_LOG_ERROR, LIBRARY_NAME ": %d more problems", problems - PROBLEMS_LOGGED);
    return STYLIZE_OK;
}

static stylize_status open_styles(stz_style_lib *lib, const stz_log *log, stylize_error *err)
{
    char *path = stz_path_join(lib->dir, LIBRARY_NAME), *text = NULL;
    if (!path)
        return stz_nomem(err, strlen(lib->dir));
    size_t size;
    stylize_status status =
        stz_file_read(lib->bundle, path, LIBRARY_NAME, STZ_LIBRARY_MAX, &text, &size, err);
    if (!status)
        status = stz_style_lib_parse(lib, text, size, log, err);
    else if (status == STYLIZE_ERR_NOT_FOUND)
        stz_fail(err, status, "\"%.160s\" is no model folder: it has no " LIBRARY_NAME, lib->dir);
    free(text);
    free(path);
    return status;
}

static stylize_status open_lib(const char *dir, const stz_bundle *bundle, const stz_log *log,
                               stz_style_lib **out, stylize_error *err)
{
    stz_style_lib *lib = stz_style_lib_create(dir);
    if (!lib)
        return stz_nomem(err, sizeof *lib);
    lib->bundle = bundle;
    stylize_status status = bundle ? open_bundled(lib, log, err) : open_models(lib, log, err);
    if (!status)
        status = open_styles(lib, log, err);
    if (status)
        stz_style_lib_close(lib);
    else
        *out = lib;
    return status;
}

stylize_status stz_style_lib_open(const char *model_dir, const stz_log *log, stz_style_lib **out,
                                  stylize_error *err)
{
    *out = NULL;
    /* Absolute, for networks are loaded later and the program may change its folder. */
    char *dir = NULL;
    const int code = model_dir ? stz_os_full_path(model_dir, &dir) : 0;
    if (code == ENOMEM)
        return stz_nomem(err, strlen(model_dir));
    if (!dir)
        return stz_fail(err, STYLIZE_ERR_NOT_FOUND, "model folder \"%.160s\" cannot be opened: %s",
                        model_dir ? model_dir : "", model_dir ? stz_why(code) : "no name given");
    const stylize_status status = open_lib(dir, NULL, log, out, err);
    free(dir);
    return status;
}

stylize_status stz_style_lib_open_bundle(const stz_bundle *bundle, const stz_log *log, stz_style_lib **out,
                                         stylize_error *err)
{
    *out = NULL;
    return open_lib(STZ_BUNDLE_DIR, bundle, log, out, err);
}
