/* One entry of library.json, or the style.json of a style of one's own. */
#ifndef STZ_ENTRY_H
#define STZ_ENTRY_H

#include "style/json.h"
#include "style/styles.h"

/* Makes the style of one entry. Paths in it are relative to `folder`. own: the network that lies beside the entry, which
 * paints it unless it names another; or NULL. */
stylize_status stz_style_read(const stz_style_lib *lib, const char *folder, const stz_model *own,
                              const stz_json *entry, const stz_log *log, stz_style **out, stylize_error *err);
#endif
