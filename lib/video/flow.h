/* Motion between two frames: dense optical flow, and where it can be relied on. */
#ifndef STZ_VIDEO_FLOW_H
#define STZ_VIDEO_FLOW_H

#include "video/kernels.h"
#include "video/plane.h"

/* Where each pixel of a frame was in the frame before, on the grid of the pyramid's level 0. */
typedef struct stz_field {
    float *u, *v; /* in pixels of the grid */
    float *sure;  /* 0 to 1 */
    int width, height, scale;
    uint32_t frame_width, frame_height;
    ptrdiff_t row; /* floats; as many again around as a plane has */
    float mean;    /* of `sure` */
    void *memory;  /* of the three */
} stz_field;

stylize_status stz_field_create(stz_field *f, const stz_pyramid *like, stylize_error *err);
void stz_field_free(stz_field *f); /* of zero bytes: nothing to do */

/* What the search works in. */
typedef struct stz_flow {
    const stz_video_kernels *kernels;
    float *u, *v;             /* of patches */
    stz_field back, forth;    /* of one level; `sure` serves as weights */
    float *lower_u, *lower_v; /* the level before */
    void *memory;
} stz_flow;

stylize_status stz_flow_create(stz_flow *f, const stz_pyramid *like, stylize_error *err);
void stz_flow_free(stz_flow *f);

#define STZ_SCENE_SURE                                                                                       \
    0.3f /* less sure than this on the whole: a new scene, or motion that nothing can follow */

/* Fills `field` for the frame `now` after the frame `before`. */
void stz_flow_run(stz_flow *f, const stz_pyramid *now, const stz_pyramid *before, stz_field *field);

/* Where flow is sure: forth and back agree, no edge of motion is near, brightness agrees, and it came from inside. */
void stz_sure(stz_field *back, const stz_field *forth, const stz_plane *now, const stz_plane *before,
              float *scratch);

#endif
