/* Paintings mixed with the one before: what makes them stand still. */
#ifndef STZ_VIDEO_MIX_H
#define STZ_VIDEO_MIX_H

#include "image/image.h"
#include "video/flow.h"

/* The painting so far, finer than bytes: rounding would add up. */
typedef struct stz_mix {
    const stz_video_kernels *kernels;
    int16_t *before, *next; /* STZ_PAINT_ONE a level; four numbers a pixel */
    float *row;             /* of u, v and share */
    float *between, *part;  /* see stz_spread */
    int *low, *high;
    stz_warp_taps taps;
    int width, height; /* 0: nothing yet */
    bool begun;        /* `before` holds a painting */
} stz_mix;

void stz_mix_free(stz_mix *m); /* of zero bytes: nothing to do */

/* Begins anew with this painting (RGB8 or RGBA8), which stays as it is. */
stylize_status stz_mix_begin(stz_mix *m, const stylize_image *painting, stylize_error *err);

/* Mixes the painting, in place, with the one before. stability: 0 to 1. Returns how much of it is the one before. */
float stz_mix_next(stz_mix *m, const stylize_image *painting, const stz_field *field, float stability);

#endif
