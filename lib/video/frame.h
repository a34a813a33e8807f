/* Frames of a caller, and the RGB pictures that are painted. */
#ifndef STZ_VIDEO_FRAME_H
#define STZ_VIDEO_FRAME_H

#include "image/image.h"
#include "stylize/sequence.h"

/* Checks a frame and fills in what may be 0 (strides, matrix). what: "frame" or "result". */
stylize_status stz_frame_check(const stylize_frame *in, const char *what, stylize_frame *out,
                               stylize_error *err);

/* A pooled picture of a checked frame: RGB8, or RGBA8 if the frame has alpha. */
stylize_status stz_frame_to_image(const stylize_frame *frame, stz_pool *pool, stylize_image *out,
                                  stylize_error *err);

/* Its brightness: the plane itself if it has one, else written to `scratch`, a byte a pixel. */
const uint8_t *stz_frame_luma(const stylize_frame *frame, uint8_t *scratch, ptrdiff_t *stride);

/* Writes a picture (RGB8 or RGBA8) to the memory of a checked frame of its size. */
void stz_frame_from_image(const stylize_image *image, const stylize_frame *frame);

#endif
