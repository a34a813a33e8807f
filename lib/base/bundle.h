/* Files of a model folder that lie in memory: what stands in the place of the folder for embedded contexts. */
#ifndef STZ_BUNDLE_H
#define STZ_BUNDLE_H

#include "base/common.h"
#include "stylize/embed.h"

/* The folder that they are in, as paths and errors call it. */
#define STZ_BUNDLE_DIR "memory:"
#define STZ_BUNDLE_MAX 4096

typedef struct stz_bundle {
    stylize_file *files; /* in the order of the bytes of their names; the data are the program's */
    size_t count;
} stz_bundle;

/* Copies names, not data. INVALID: see stylize/embed.h. */
stylize_status stz_bundle_create(const stylize_file *files, size_t count, stz_bundle **out,
                                 stylize_error *err);
void stz_bundle_destroy(stz_bundle *bundle);

/* The file of a path below STZ_BUNDLE_DIR; NULL if there is none, or no bundle. */
const stylize_file *stz_bundle_find(const stz_bundle *bundle, const char *path);

/* True for a relative path that cannot lead out of its folder. */
bool stz_path_inside(const char *path);

#endif
