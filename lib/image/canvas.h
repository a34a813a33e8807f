/* The parts of a picture that an engine gets to see, as RGB of the sizes that its network needs. */
#ifndef STZ_CANVAS_H
#define STZ_CANVAS_H

#include "image/image.h"
#include "image/view.h"

/* Copies the part at (x, y) of `in` (RGB8, RGBA8 or GRAY8) into `out` (RGB8), whose size says how much.
 * What lies right of or below the picture is its mirror image, the edge pixel not repeated. Pixels
 * of alpha 0 have no colour of their own and become white. */
void stz_extract(const stylize_image *in, int x, int y, const stylize_image *out);

/* Makes RGB8 of a picture, if it is not: its memory is released and replaced. Unchanged on failure. */
stylize_status stz_to_rgb(stylize_image *image, stz_pool *pool, stylize_error *err);

/* Copies w x h pixels of RGB8 between pictures. */
void stz_copy_rgb(const stylize_image *from, int from_x, int from_y, const stylize_image *to, int to_x,
                  int to_y, int w, int h);

stz_view stz_view_of(const stylize_image *rgb); /* of a whole RGB8 picture */

/* A whole picture for an engine: the content itself and the painting itself where their size is
 * right, padded copies where it is not. */
typedef struct stz_canvas {
    stylize_image in, out; /* owner NULL where they are not copies */
} stz_canvas;

/* painted: allocated by the caller, RGB8 of the content's size. */
stylize_status stz_canvas_open(stz_canvas *canvas, const stylize_image *content, const stylize_image *painted,
                               int multiple, stz_pool *pool, stylize_error *err);
/* Crops the painting out of the padded copy if there is one; releases the copies. */
void stz_canvas_close(stz_canvas *canvas, const stylize_image *painted);

#endif
