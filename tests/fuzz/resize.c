/* The first bytes choose sizes and a part, the rest are pixels. */
#include <stdlib.h>
#include <string.h>

#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEADER 16

static uint32_t get16(const uint8_t *p) { return p[0] | (uint32_t)p[1] << 8; }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEADER)
        return 0;
    static const stylize_format formats[] = {STYLIZE_FORMAT_RGB8, STYLIZE_FORMAT_RGBA8, STYLIZE_FORMAT_GRAY8};
    stylize_image in = {
        .width = get16(data) % 200,
        .height = get16(data + 2) % 200,
        .stride = data[15] & 1 ? (ptrdiff_t)get16(data + 13) : 0,
        .format = formats[data[12] % 3],
    };
    stz_rect part = {get16(data + 4) % 201, get16(data + 6) % 201, data[8] * 3u, data[9] * 3u};
    uint32_t width = data[10] * 2u, height = data[11] * 2u;
    if (data[15] & 2) {
        part = (stz_rect){0, 0, in.width, in.height};
        width = get16(data + 4) % 300;
        height = get16(data + 6) % 300;
    }
    size_t row = in.stride ? (size_t)in.stride : in.width * (size_t)stz_bytes_per_pixel(in.format);
    size_t need = row * in.height;
    uint8_t *pixels = malloc(need ? need : 1); /* exactly as many as there may be read */
    if (!pixels)
        return 0;
    for (size_t i = 0; i < need; i++)
        pixels[i] = size > HEADER ? data[HEADER + i % (size - HEADER)] : (uint8_t)i;
    in.pixels = pixels;
    in.size = need;
    stz_pool *pool = stz_pool_create(0);
    stylize_image out = {0};
    stylize_error err = {0};
    if (stz_resize(&in, part, width, height, pool, &out, &err) == STYLIZE_OK) {
        if (out.width != width || out.height != height || out.format != in.format)
            abort();
    } else if (!err.message[0]) {
        abort();
    }
    stylize_image_free(&out);
    stz_pool_end(pool);
    free(pixels);
    return 0;
}
