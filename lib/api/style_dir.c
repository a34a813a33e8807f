#include "api/style_dir.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IN_HOME "stylize/styles"

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

stylize_status stz_style_dir_find(const char *asked, char **out, stylize_error *err)
{
    char path[PATH_MAX], folder[PATH_MAX];
    const char *data = variable("XDG_DATA_HOME"), *home = variable("HOME");
    int n = 0;
    *out = NULL;
    if (!asked)
        asked = getenv("STYLIZE_STYLES");
    if (asked && !*asked)
        return STYLIZE_OK;
    if (asked && *asked == '/')
        n = snprintf(path, sizeof path, "%s", asked);
    else if (asked && getcwd(folder, sizeof folder)) /* the program may change its folder */
        n = snprintf(path, sizeof path, "%s/%s", folder, asked);
    else if (asked)
        return stz_fail(err, STYLIZE_ERR_IO, "style folder \"%.160s\": the current folder has no name",
                        asked);
    else if (data && *data == '/') /* a relative one is to be ignored, by the XDG specification */
        n = snprintf(path, sizeof path, "%s/" IN_HOME, data);
    else if (home && *home == '/')
        n = snprintf(path, sizeof path, "%s/.local/share/" IN_HOME, home);
    else
        return STYLIZE_OK;
    if (n < 0 || (size_t)n >= sizeof path)
        return stz_fail(err, STYLIZE_ERR_INVALID, "the name of the style folder is too long");
    *out = strdup(path);
    return *out ? STYLIZE_OK : stz_nomem(err, sizeof path);
}
