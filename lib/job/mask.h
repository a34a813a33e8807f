/* Where the layers of a painting lie: masks, and pictures joined by them. */
#ifndef STZ_MASK_H
#define STZ_MASK_H

#include "sched/ctx.h"

/* Puts the job's styles in the order of their layers; sum: of all weights. Checks the masks. */
stylize_status stz_layers_take(stylize_ctx *ctx, stz_job *job, double sum, stylize_error *err);

/* A layer's mask as GRAY8 of the content's size, a pooled picture. */
stylize_status stz_mask_load(stylize_ctx *ctx, const stz_job *job, const stz_layer *layer, stylize_image *out,
                             stylize_error *err);
bool stz_mask_empty(const stylize_image *mask);

/* Paintings that become one. In each pixel it holds their mean by share times mask. */
typedef struct stz_stack {
    stylize_image picture;  /* RGB8; without pixels as long as there is no painting */
    stylize_image coverage; /* GRAY8: the masks' sum; without pixels where it is 255 */
    stz_buf *weight; /* uint32_t for each pixel: what the mean was divided by; NULL: one painting only */
} stz_stack;

/* Adds a painting, which becomes the stack's, as the mask. mask NULL: 255 everywhere. */
stylize_status stz_stack_add(stylize_ctx *ctx, stz_stack *stack, stylize_image *painting, stylize_image *mask,
                             float share, bool only, stylize_error *err);
/* Lets the content through where there is no coverage, and hands the picture out. */
void stz_stack_finish(stz_stack *stack, const stylize_image *content, stylize_image *out);
void stz_stack_free(stz_stack *stack);

#endif
