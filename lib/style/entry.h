/* One entry of library.json. */
#ifndef STZ_ENTRY_H
#define STZ_ENTRY_H

#include "style/json.h"
#include "style/styles.h"

/* Makes the style of one entry of library.json. */
stylize_status stz_style_read(const stz_style_lib *lib, const stz_json *entry, const stz_log *log,
                              stz_style **out, stylize_error *err);
#endif
