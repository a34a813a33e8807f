/* Here, since tilings are stamped with it. */
#include "stylize/stylize.h"

#define STR2(x) #x
#define STR(x)  STR2(x)

const char *stylize_version(void)
{
    return STR(STYLIZE_VERSION_MAJOR) "." STR(STYLIZE_VERSION_MINOR) "." STR(STYLIZE_VERSION_PATCH);
}
