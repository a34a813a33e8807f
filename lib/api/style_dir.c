#include "api/style_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"

#define IN_HOME "stylize/styles"

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

stylize_status stz_style_dir_find(const char *asked, char **out, stylize_error *err)
{
    char path[STZ_OS_PATH], folder[STZ_OS_PATH];
    const char *data = variable("XDG_DATA_HOME"), *home = variable("HOME");
    int n = 0;
    *out = NULL;
    if (!asked)
        asked = getenv("STYLIZE_STYLES");
    if (asked && !*asked)
        return STYLIZE_OK;
    if (asked && stz_os_absolute(asked))
        n = snprintf(path, sizeof path, "%s", asked);
    else if (asked && stz_os_current_folder(folder, sizeof folder)) /* the program may change its folder */
        n = snprintf(path, sizeof path, "%s/%s", folder, asked);
    else if (asked)
        return stz_fail(err, STYLIZE_ERR_IO, "style folder \"%.160s\": the current folder has no name",
                        asked);
    else if (data && stz_os_absolute(data)) /* a relative one is to be ignored, by the XDG specification */
        n = snprintf(path, sizeof path, "%s/" IN_HOME, data);
    else if (home && stz_os_absolute(home))
        n = snprintf(path, sizeof path, "%s/.local/share/" IN_HOME, home);
    else
        return STYLIZE_OK;
    if (n < 0 || (size_t)n >= sizeof path)
        return stz_fail(err, STYLIZE_ERR_INVALID, "the name of the style folder is too long");
    *out = strdup(path);
    return *out ? STYLIZE_OK : stz_nomem(err, sizeof path);
}
