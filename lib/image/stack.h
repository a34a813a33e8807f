/* Paintings joined by masks. */
#ifndef STZ_STACK_H
#define STZ_STACK_H

#include "image/image.h"

/* Paintings that become one. In each pixel it holds their mean by share times mask. */
typedef struct stz_stack {
    stylize_image picture;  /* RGB8 or RGB16; without pixels as long as there is no painting */
    stylize_image coverage; /* GRAY8: the masks' sum; without pixels where it is 255 */
    stz_buf *weight; /* uint32_t for each pixel: what the mean was divided by; NULL: one painting only */
} stz_stack;

/* Adds a painting, which becomes the stack's, as the mask. mask NULL: 255 everywhere. */
stylize_status stz_stack_add(stz_pool *pool, stz_stack *stack, stylize_image *painting, stylize_image *mask,
                             float share, bool only, stylize_error *err);
/* Lets the content through where there is no coverage, and hands the picture out. */
void stz_stack_finish(stz_stack *stack, const stylize_image *content, stylize_image *out);
void stz_stack_free(stz_stack *stack);

#endif
