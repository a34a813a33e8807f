/* A picture in memory to paste pictures and draw text on. */
#ifndef CLI_CANVAS_H
#define CLI_CANVAS_H

#include <stdbool.h>

#include <stylize/stylize.h>

#include "lettering.h"

typedef struct canvas {
    uint8_t *pixels; /* RGB8 */
    int width, height;
} canvas;

typedef struct color {
    uint8_t r, g, b;
} color;

bool canvas_create(canvas *c, size_t width, size_t height, color background);
void canvas_free(canvas *c);
void canvas_paste(canvas *c, const stylize_image *image, int x, int y);
void canvas_fill(canvas *c, int x, int y, int width, int height, color fill);
/* As lettering_draw. */
int canvas_text(canvas *c, lettering *l, const char *text, double x, double y, double height,
                double max_width, color ink);

#endif
