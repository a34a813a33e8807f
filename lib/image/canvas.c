#include "image/canvas.h"

#include <string.h>

stz_view stz_view_of(const stylize_image *rgb)
{
    return (stz_view){rgb->pixels, rgb->stride, (int)rgb->width, (int)rgb->height, STZ_U8};
}

static void copy_pixel(uint8_t *to, const uint8_t *from, int bpp)
{
    if (bpp >= 6) { /* 16 bits a channel */
        uint16_t p[4] = {0, 0, 0, 65535};
        memcpy(p, from, (size_t)bpp);
        for (int c = 0; c < 3; c++)
            to[c] = p[3] ? (uint8_t)(((unsigned)p[c] * 255 + 32767) / 65535) : 255;
    } else if (bpp == 1)
        memset(to, from[0], 3);
    else if (bpp == 4 && from[3] == 0)
        memset(to, 255, 3);
    else
        memcpy(to, from, 3);
}

void stz_extract(const stylize_image *in, int x, int y, const stylize_image *out)
{
    const int bpp = stz_bytes_per_pixel(in->format), width = (int)in->width;
    const int inside = stz_clamp(width - x, 0, (int)out->width);
    for (int row = 0; row < (int)out->height; row++) {
        const uint8_t *from = in->pixels + stz_mirrored(y + row, (int)in->height) * in->stride;
        uint8_t *to = out->pixels + row * out->stride;
        if (bpp == 3)
            memcpy(to, from + x * 3, (size_t)inside * 3);
        else
            for (int i = 0; i < inside; i++)
                copy_pixel(to + i * 3, from + (x + i) * bpp, bpp);
        for (int i = inside; i < (int)out->width; i++)
            copy_pixel(to + i * 3, from + stz_mirrored(x + i, width) * bpp, bpp);
    }
}

stylize_status stz_to_rgb(stylize_image *image, stz_pool *pool, stylize_error *err)
{
    if (image->format == STYLIZE_FORMAT_RGB8)
        return STYLIZE_OK;
    stylize_image rgb;
    stylize_status status =
        stz_image_alloc(pool, image->width, image->height, STYLIZE_FORMAT_RGB8, &rgb, err);
    if (status != STYLIZE_OK)
        return status;
    stz_extract(image, 0, 0, &rgb);
    stylize_image_free(image);
    *image = rgb;
    return STYLIZE_OK;
}

void stz_copy_rgb(const stylize_image *from, int from_x, int from_y, const stylize_image *to, int to_x,
                  int to_y, int w, int h)
{
    for (int y = 0; y < h; y++)
        memcpy(to->pixels + (to_y + y) * to->stride + to_x * 3,
               from->pixels + (from_y + y) * from->stride + from_x * 3, (size_t)w * 3);
}

stylize_status stz_canvas_open(stz_canvas *canvas, const stylize_image *content, const stylize_image *painted,
                               int multiple, stz_pool *pool, stylize_error *err)
{
    const uint32_t w = (uint32_t)stz_round_up((int)content->width, multiple);
    const uint32_t h = (uint32_t)stz_round_up((int)content->height, multiple);
    const bool fits = w == content->width && h == content->height;
    *canvas = (stz_canvas){*content, *painted};
    canvas->in.owner = canvas->out.owner = NULL;
    stylize_status status = STYLIZE_OK;
    if (!fits || content->format != STYLIZE_FORMAT_RGB8) {
        status = stz_image_alloc(pool, w, h, STYLIZE_FORMAT_RGB8, &canvas->in, err);
        if (status != STYLIZE_OK)
            return status;
        stz_extract(content, 0, 0, &canvas->in);
    }
    if (!fits) {
        status = stz_image_alloc(pool, w, h, STYLIZE_FORMAT_RGB8, &canvas->out, err);
        if (status != STYLIZE_OK)
            stylize_image_free(&canvas->in);
    }
    return status;
}

void stz_canvas_close(stz_canvas *canvas, const stylize_image *painted)
{
    if (canvas->out.owner)
        stz_copy_rgb(&canvas->out, 0, 0, painted, 0, 0, (int)painted->width, (int)painted->height);
    stylize_image_free(&canvas->in);
    stylize_image_free(&canvas->out);
}
