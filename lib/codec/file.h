/* Files of pictures, whole or not at all. */
#ifndef STZ_FILE_H
#define STZ_FILE_H

#include "base/mem.h"
#include "codec/limits.h"

/* A whole file into a pooled buffer, after a look at its size and first bytes. */
stylize_status stz_file_load(const char *path, const stz_limits *limits, stz_pool *pool, stylize_image *out,
                             stylize_error *err);
/* Under a temporary name in the same folder, then renamed; never leaves a partial file. */
stylize_status stz_file_save(const char *path, const void *data, size_t size, stylize_error *err);

#endif
