/* Where styles of one's own lie. */
#ifndef STZ_STYLE_DIR_H
#define STZ_STYLE_DIR_H

#include "base/common.h"

/* asked: as stylize_options.style_dir. *out: absolute, to be released with free; NULL: there is none. */
stylize_status stz_style_dir_find(const char *asked, char **out, stylize_error *err);

#endif
