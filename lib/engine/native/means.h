/* Means of pixels that layers read, and the gradients of what they are means of. */
#ifndef STZ_MEANS_H
#define STZ_MEANS_H

#include "engine/native/kernel.h"

/* The means over shrink x shrink pixels. to: floats, so much smaller. */
void stz_means(const stz_view *from, int shrink, const stz_view *to, stz_team *team);

/* The gradient of what a layer reads: of the picture's means (shrink), or of its pixels side by side (unshuffle). */
typedef struct stz_picture_gradient {
    stz_layout layout;
    const float *from;
    int unshuffle, shrink;
    float mul;
    bool add;  /* to what is there */
    float *to; /* interleaved, without gaps */
} stz_picture_gradient;

/* Of stz_team_run: an item is a row of the layout. */
void stz_picture_gradient_row(void *gradient, int row, void *scratch);

/* The gradient of a map from that of its means over 2x2 pixels. */
typedef struct stz_spread {
    stz_layout from, to;
    const float *means;
    float *map;
} stz_spread;

/* Of stz_team_run: an item is a row of `to`. */
void stz_spread_row(void *spread, int row, void *scratch);

#endif
