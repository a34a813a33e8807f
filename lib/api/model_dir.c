#include "api/model_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"

#ifndef STZ_MODEL_DIR
#define STZ_MODEL_DIR "/usr/local/share/stylize/models"
#endif

static bool is_folder(const char *path)
{
    stz_os_kind kind;
    return !stz_os_look(path, &kind) && kind == STZ_OS_FOLDER;
}

/* <folder of this library>/../share/stylize/models: right in a build tree and wherever it is installed. */
static bool models_beside_library(char *path, size_t size)
{
    char file[STZ_OS_PATH];
    if (!stz_os_library_of((const void *)(uintptr_t)&stz_model_dir_find, file, sizeof file))
        return false;
    const char *slash = strrchr(file, '/');
    int folder = slash ? (int)(slash - file) : 1;
    const char *start = slash ? file : ".";
    static const char *const up[] = {"/../share/stylize/models", "/../../share/stylize/models"};
    for (size_t i = 0; i < STZ_LEN(up); i++)
        if ((size_t)snprintf(path, size, "%.*s%s", folder, start, up[i]) < size && is_folder(path))
            return true;
    return false;
}

stylize_status stz_model_dir_find(const char *asked, char **out, stylize_error *err)
{
    char path[STZ_OS_PATH], room[STZ_OS_PATH];
    if (!asked)
        asked = stz_os_variable("STYLIZE_MODELS", room);
    if (!asked || !*asked) {
        if (models_beside_library(path, sizeof path))
            asked = path;
        else
            asked = STZ_MODEL_DIR;
    }
    if (!is_folder(asked))
        return stz_fail(err, STYLIZE_ERR_NOT_FOUND,
                        "model folder \"%s\" does not exist; set the option model_dir or STYLIZE_MODELS",
                        asked);
    *out = strdup(asked);
    return *out ? STYLIZE_OK : stz_nomem(err, strlen(asked) + 1);
}
