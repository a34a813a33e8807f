/*
 * Styles of one's own: below a folder, one for each, named as the style:
 *
 *   style.json     an entry as in library.json; paths are relative to the style's folder
 *   the files it names: code, artwork, preview
 *   model.json     if it has a network of its own, which paints it where the entry names none; with the network's file
 *
 * A folder whose name begins with a dot is none: it is being written or removed.
 */
#ifndef STZ_OWN_H
#define STZ_OWN_H

#include "style/styles.h"

#define STZ_OWN_ENTRY "style.json"
#define STZ_OWN_MODEL "model.json"

/* Adds all of them to the library. One that is broken is left out and reported; a folder that is not there has none. */
stylize_status stz_own_styles_open(stz_style_lib *lib, const char *dir, const stz_log *log,
                                   stylize_error *err);
/* Adds one. NOT_FOUND, MODEL, EXISTS, NOMEM. */
stylize_status stz_own_style_open(stz_style_lib *lib, const char *dir, const char *id, const stz_log *log,
                                  stylize_error *err);
#endif
