#include "api/style_dir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"

#define IN_HOME "stylize/styles"

stylize_status stz_style_dir_find(const char *asked, char **out, stylize_error *err)
{
    char path[STZ_OS_PATH], folder[STZ_OS_PATH], room[STZ_OS_PATH];
    int n = 0;
    *out = NULL;
    if (!asked)
        asked = stz_os_variable("STYLIZE_STYLES", room);
    if (asked && !*asked)
        return STYLIZE_OK;
    if (asked && stz_os_absolute(asked))
        n = snprintf(path, sizeof path, "%s", asked);
    else if (asked && stz_os_current_folder(folder, sizeof folder)) /* the program may change its folder */
        n = snprintf(path, sizeof path, "%s/%s", folder, asked);
    else if (asked)
        return stz_fail(err, STYLIZE_ERR_IO, "style folder \"%.160s\": the current folder has no name",
                        asked);
    else {
        const int code = stz_os_user_data(folder, sizeof folder);
        if (code == ENOENT)
            return STYLIZE_OK;
        n = code ? -1 : snprintf(path, sizeof path, "%s/" IN_HOME, folder);
    }
    if (n < 0 || (size_t)n >= sizeof path)
        return stz_fail(err, STYLIZE_ERR_INVALID, "the name of the style folder is too long");
    *out = strdup(path);
    return *out ? STYLIZE_OK : stz_nomem(err, sizeof path);
}
