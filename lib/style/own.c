#include "style/own.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "style/entry.h"

#define ENTRY_MAX (64u << 10) /* bytes of style.json */

/* The network in the style's folder; *out is NULL if there is none. */
static stylize_status open_network(stz_style_lib *lib, const char *folder, const stz_log *log,
                                   const stz_model **out, stylize_error *err)
{
    stz_model *model;
    *out = NULL;
    stylize_status status = stz_model_load(NULL, folder, log, &model, err);
    if (status == STYLIZE_ERR_NOT_FOUND)
        return STYLIZE_OK;
    if (status)
        return status;
    if (!stz_style_lib_add_model(lib, model)) {
        status = stz_fail(err, STYLIZE_ERR_MODEL,
                          STZ_OWN_MODEL ": name \"%s\" is taken, or there are more than %d models",
                          model->name, STZ_MODELS_MAX);
        stz_model_free(model);
        return status;
    }
    *out = model;
    return STYLIZE_OK;
}

/* Takes over `folder`. */
static stylize_status insert(stz_style_lib *lib, stz_style *style, const stz_json *entry, const char *id,
                             char *folder, stylize_error *err)
{
    stylize_status status = STYLIZE_OK;
    style->folder = folder;
    style->added = true;
    if (strcmp(stz_style_id(style), id))
        status = stz_json_fail(entry, "style_id", err, "is not the name of its folder, %s", id);
    if (!status)
        status = stz_style_lib_insert(lib, style, err);
    if (status)
        stz_style_unref(style);
    return status;
}

stylize_status stz_own_style_open(stz_style_lib *lib, const char *dir, const char *id, const stz_log *log,
                                  stylize_error *err)
{
    char *folder = stz_path_join(dir, id), *path = folder ? stz_path_join(folder, STZ_OWN_ENTRY) : NULL,
         *text = NULL;
    const stz_model *own = NULL;
    size_t size;
    stylize_status status = path ? STYLIZE_OK : stz_nomem(err, strlen(dir));
    if (!status)
        status = stz_file_read(NULL, path, STZ_OWN_ENTRY, ENTRY_MAX, &text, &size, err);
    if (!status)
        status = open_network(lib, folder, log, &own, err);
    stz_json entry;
    if (!status)
        status = stz_json_begin(&entry, STZ_OWN_ENTRY, text, size, 1, err);
    if (!status) {
        stz_style *style;
        status = stz_style_read(lib, folder, own, &entry, log, &style, err);
        if (!status) {
            status = insert(lib, style, &entry, id, folder, err);
            folder = NULL;
        }
        stz_json_end(&entry);
    }
    free(text);
    free(path);
    free(folder);
    return status;
}

static bool maybe_style(const char *name) { return stz_id_valid(name); }

stylize_status stz_own_styles_open(stz_style_lib *lib, const char *dir, const stz_log *log,
                                   stylize_error *err)
{
    char **found;
    size_t n;
    const int code = stz_os_list(dir, maybe_style, &found, &n);
    if (code == ENOMEM)
        return stz_nomem(err, sizeof *found);
    if (code && code != ENOENT)
        stz_log_line(log, STYLIZE_LOG_WARNING, "style folder \"%.160s\" cannot be read: %s", dir,
                     stz_why(code));
    if (code)
        return STYLIZE_OK;
    stylize_status status = STYLIZE_OK;
    for (size_t i = 0; i < n; i++) {
        stylize_error why;
        if (!status)
            status = stz_own_style_open(lib, dir, found[i], log, &why);
        if (status == STYLIZE_ERR_NOMEM) {
            stz_fail(err, status, "%s", why.message);
        } else if (status) {
            if (status != STYLIZE_ERR_NOT_FOUND)
                stz_log_line(log, STYLIZE_LOG_ERROR, "%.64s: %s; the style is left out", found[i],
                             why.message);
            status = STYLIZE_OK;
        }
    }
    stz_os_list_free(found, n);
    return status;
}
