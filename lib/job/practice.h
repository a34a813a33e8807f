/*
 * The pictures that a network practises on while it learns a style: pieces of files, each cut, turned round and lit by
 * chance, so that a few make many. The memory is the same for any number of files; one that cannot be read is reported
 * and left out.
 */
#ifndef STZ_PRACTICE_H
#define STZ_PRACTICE_H

#include "job/env.h"

#define STZ_PRACTICE_KEPT 24 /* decoded pictures */

typedef struct stz_practice {
    const stz_env *env;
    char **paths;
    uint32_t count, room;
    uint64_t seed;
    stylize_image kept[STZ_PRACTICE_KEPT];
    uint32_t index[STZ_PRACTICE_KEPT]; /* of the file */
    int kept_count;
} stz_practice;

/* names: files, and folders with all that is in them. None: what the library has, its artworks and the folder
 * `practice` beside them. NOT_FOUND: no picture among them. */
stylize_status stz_practice_open(stz_practice *p, const stz_env *env, const char *const *names, size_t count,
                                 uint64_t seed, stylize_error *err);
/* side x side x 3 samples, 0 to 1; the same for the same calls before. whole: nearly all of the picture, as it is. */
stylize_status stz_practice_get(stz_practice *p, uint32_t number, bool whole, int side, float *out,
                                stylize_error *err);
void stz_practice_close(stz_practice *p);

#endif
