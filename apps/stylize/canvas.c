#include "canvas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool canvas_create(canvas *c, size_t width, size_t height, color background)
{
    *c = (canvas){0};
    size_t pixels, bytes;
    if (width > 1u << 20 || height > 1u << 20 || __builtin_mul_overflow(width, height, &pixels) ||
        __builtin_mul_overflow(pixels, (size_t)3, &bytes))
        return false;
    c->pixels = malloc(bytes);
    if (!c->pixels)
        return false;
    c->width = (int)width;
    c->height = (int)height;
    canvas_fill(c, 0, 0, c->width, c->height, background);
    return true;
}

void canvas_free(canvas *c)
{
    free(c->pixels);
    *c = (canvas){0};
}

static uint8_t *pixel_at(const canvas *c, int x, int y)
{
    return c->pixels + 3 * ((size_t)y * (size_t)c->width + (size_t)x);
}

static bool is_inside(const canvas *c, int x, int y)
{
    return x >= 0 && y >= 0 && x < c->width && y < c->height;
}

void canvas_fill(canvas *c, int x, int y, int width, int height, color fill)
{
    for (int j = y; j < y + height; j++)
        for (int i = x; i < x + width; i++)
            if (is_inside(c, i, j))
                memcpy(pixel_at(c, i, j), &fill, 3);
}

static void blend(uint8_t *p, color ink, double alpha)
{
    p[0] = (uint8_t)lround(p[0] + alpha * (ink.r - p[0]));
    p[1] = (uint8_t)lround(p[1] + alpha * (ink.g - p[1]));
    p[2] = (uint8_t)lround(p[2] + alpha * (ink.b - p[2]));
}

void canvas_paste(canvas *c, const stylize_image *image, int x, int y)
{
    const size_t bytes = image->format == STYLIZE_FORMAT_RGBA8 ? 4 : 3;
    for (int j = 0; j < (int)image->height; j++) {
        const uint8_t *row = image->pixels + (ptrdiff_t)j * image->stride;
        for (int i = 0; i < (int)image->width; i++, row += bytes)
            if (is_inside(c, x + i, y + j))
                blend(pixel_at(c, x + i, y + j), (color){row[0], row[1], row[2]},
                      bytes == 4 ? row[3] / 255.0 : 1.0);
    }
}

typedef struct writing {
    canvas *on;
    color ink;
} writing;

static void put_ink(void *user, int x, int y, uint8_t cover)
{
    const writing *w = user;
    if (is_inside(w->on, x, y))
        blend(pixel_at(w->on, x, y), w->ink, cover / 255.0);
}

int canvas_text(canvas *c, lettering *l, const char *text, double x, double y, double height,
                double max_width, color ink)
{
    writing w = {c, ink};
    return lettering_draw(l, text, x, y, height, max_width, put_ink, &w);
}
