/* The part of a style picture that is read. */
#ifndef STZ_PART_H
#define STZ_PART_H

#include "job/env.h"

/* A picture of the same size that consists of its masked part alone, as RGB8 in memory of the pool: all else is filled
 * by mirror images of that part, so that whatever is measured over the whole picture is measured of it, in the size
 * in which it stands there. picture: pixels; mask: as given, number: which, from 1. INVALID: nothing of it is white. */
stylize_status stz_part_take(const stz_env *env, const stylize_image *picture, const stylize_image *mask,
                             size_t number, stylize_image *out, stylize_error *err);

#endif
