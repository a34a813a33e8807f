#include "image/resize.h"

#include <string.h>

#define BLOCK 256u /* pixels */

/* One pixel: R, G, B times alpha, and alpha. Four lanes are what every CPU has. */
typedef float pixel __attribute__((vector_size(16), aligned(4)));

static inline pixel load_weighted(const uint8_t *p)
{
    float a = p[3];
    return (pixel){p[0] * a, p[1] * a, p[2] * a, a};
}

static inline uint8_t to_byte(float v) { return v <= 0.0f ? 0 : v >= 255.0f ? 255 : (uint8_t)(v + 0.5f); }

/* A block of sums stays near the processor while the rows pass by. */
static void down_row(const uint8_t *src, size_t stride, uint32_t width, const float *weight, uint32_t count,
                     pixel *temp)
{
    for (uint32_t at = 0; at < width; at += BLOCK) {
        uint32_t length = width - at < BLOCK ? width - at : BLOCK;
        memset(temp + at, 0, length * sizeof *temp);
        for (uint32_t k = 0; k < count; k++) {
            const uint8_t *row = src + k * stride + (size_t)at * 4;
            for (uint32_t x = 0; x < length; x++)
                temp[at + x] += weight[k] * load_weighted(row + (size_t)x * 4);
        }
    }
}

static void across_row(const pixel *temp, const stz_taps *taps, uint8_t *out)
{
    for (uint32_t x = 0; x < taps->outputs; x++, out += 4) {
        const float *weight = taps->weight + (size_t)x * taps->step;
        const pixel *from = temp + taps->first[x];
        pixel sum = {0};
        for (uint32_t k = 0; k < taps->count[x]; k++)
            sum += weight[k] * from[k];
        out[3] = to_byte(sum[3]);
        for (int c = 0; c < 3; c++) /* colours of what is fully transparent do not exist */
            out[c] = out[3] ? to_byte(sum[c] / sum[3]) : 0;
    }
}

void stz_resize_alpha(const uint8_t *src, size_t stride, uint32_t width, const stz_taps *down,
                      const stz_taps *across, float *temp, stylize_image *out)
{
    for (uint32_t y = 0; y < down->outputs; y++) {
        down_row(src + down->first[y] * stride, stride, width, down->weight + (size_t)y * down->step,
                 down->count[y], (pixel *)temp);
        across_row((pixel *)temp, across, out->pixels + (size_t)y * (size_t)out->stride);
    }
}
