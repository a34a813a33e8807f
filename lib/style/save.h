/* The folder of a style of one's own: written under another name and renamed, so that it is there whole or not at all. */
#ifndef STZ_SAVE_H
#define STZ_SAVE_H

#include "base/common.h"

typedef struct stz_style_folder {
    char *dir, *path, *name; /* where it will lie, where it is written, the style's id */
} stz_style_folder;

/* Makes `dir` where it is not there. EXISTS if it has such a style already; IO, NOMEM. */
stylize_status stz_style_folder_begin(stz_style_folder *f, const char *dir, const char *id,
                                      stylize_error *err);
stylize_status stz_style_folder_write(const stz_style_folder *f, const char *name, const void *data,
                                      size_t size, stylize_error *err);
/* Ends it well, or as if it had not begun. */
stylize_status stz_style_folder_commit(stz_style_folder *f, stylize_error *err);
void stz_style_folder_abandon(stz_style_folder *f);

/* Takes the style's folder away, with what lies in it. NOT_FOUND, IO, NOMEM. */
stylize_status stz_style_folder_remove(const char *dir, const char *id, stylize_error *err);

#endif
