/* The strength "auto". */
#ifndef STZ_STRENGTH_H
#define STZ_STRENGTH_H

#include "image/image.h"

/* The largest strength that leaves enough of the content's structure. content: RGB8 or RGBA8, painted: RGB8
 * of its size. */
stylize_status stz_strength_choose(const stylize_image *content, const stylize_image *painted, stz_pool *pool,
                                   float *strength, stylize_error *err);

#endif
