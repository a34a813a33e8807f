/* Brightness as floats, and its pyramids: what motion is looked for in. */
#ifndef STZ_VIDEO_PLANE_H
#define STZ_VIDEO_PLANE_H

#include "base/common.h"

#define STZ_PLANE_PAD      16 /* pixels around a plane that repeat its edge */
#define STZ_PYRAMID_LEVELS 6

typedef struct stz_plane {
    float *at; /* pixel (0, 0) */
    int width, height;
    ptrdiff_t row; /* floats */
} stz_plane;

/* Level 0 is the frame at 1 / scale of its size; each next one is half of the one before. */
typedef struct stz_pyramid {
    void *memory; /* of all levels */
    stz_plane level[STZ_PYRAMID_LEVELS];
    int count, scale;
    int width, height; /* of the frame */
} stz_pyramid;

stylize_status stz_pyramid_create(stz_pyramid *p, int width, int height, stylize_error *err);
void stz_pyramid_free(stz_pyramid *p); /* of zero bytes: nothing to do */
/* Fills it from the brightness of a frame, a byte a pixel. */
void stz_pyramid_fill(stz_pyramid *p, const uint8_t *luma, ptrdiff_t stride);

#endif
