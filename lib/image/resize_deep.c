/* Scaling of 16 bits a channel, in floating point: what is asked for seldom, and never in a hurry. */
#include <string.h>

#include "image/deep.h"
#include "image/resize.h"

/* One row of the part, its samples times weight added to `sum`; colours count by their alpha. */
static void add_row(const uint8_t *row, uint32_t width, int channels, float weight, float *sum)
{
    for (uint32_t x = 0; x < width; x++, row += channels * 2, sum += channels) {
        uint16_t p[4];
        memcpy(p, row, (size_t)channels * 2);
        const float alpha = channels == 4 ? weight * (float)p[3] * (1 / 65535.0f) : weight;
        for (int c = 0; c < 3; c++)
            sum[c] += alpha * (float)p[c];
        if (channels == 4)
            sum[3] += weight * (float)p[3];
    }
}

static uint16_t to_16(float v) { return v <= 0 ? 0 : v >= 65535 ? 65535 : (uint16_t)(v + 0.5f); }

static void across(const float *temp, const stz_taps *taps, int channels, uint16_t *out)
{
    for (uint32_t x = 0; x < taps->outputs; x++, out += channels) {
        const float *weight = taps->weight + (size_t)x * taps->step;
        const float *from = temp + (size_t)taps->first[x] * (size_t)channels;
        float sum[4] = {0};
        for (uint32_t k = 0; k < taps->count[x]; k++, from += channels)
            for (int c = 0; c < channels; c++)
                sum[c] += weight[k] * from[c];
        if (channels == 4)
            out[3] = to_16(sum[3]);
        for (int c = 0; c < 3; c++)
            out[c] = channels == 3 ? to_16(sum[c]) : out[3] ? to_16(sum[c] * 65535 / sum[3]) : 0;
    }
}

void stz_resize_deep(const uint8_t *src, size_t stride, uint32_t width, const stz_taps *down,
                     const stz_taps *taps, float *temp, stylize_image *out)
{
    const int channels = out->format == STYLIZE_FORMAT_RGBA16 ? 4 : 3;
    for (uint32_t y = 0; y < down->outputs; y++) {
        memset(temp, 0, (size_t)width * (size_t)channels * sizeof *temp);
        for (uint32_t k = 0; k < down->count[y]; k++)
            add_row(src + (down->first[y] + k) * stride, width, channels,
                    down->weight[(size_t)y * down->step + k], temp);
        across(temp, taps, channels, (uint16_t *)(void *)(out->pixels + (size_t)y * (size_t)out->stride));
    }
}
