/*
 * The arithmetic of one pixel, compiled by the C compiler, by g++ and by nvcc: what the kernels of
 * shim/cuda compute is what the tests compare, on a CPU and to the bit, with the library's own code for
 * the CPU. Nothing here may be contracted to fused multiply-adds: -ffp-contract=off, --fmad=false.
 */
#ifndef STZ_PIXEL_H
#define STZ_PIXEL_H

#include "ops.h"

#ifdef __CUDACC__
#include <cuda_fp16.h>
#define STZ_HD static __host__ __device__ __forceinline__
#else
#include <string.h>
#define STZ_HD static inline
#endif

/* ------------------------------------------------------------------ half precision */

STZ_HD uint16_t stz_half_of(float v)
{
#ifdef __CUDA_ARCH__
    return __half_as_ushort(__float2half_rn(v));
#else
    uint32_t f;
    memcpy(&f, &v, sizeof f);
    const uint32_t sign = f >> 16 & 0x8000, a = f & 0x7fffffff;
    if (a > 0x7f800000)
        return (uint16_t)(sign | 0x7fff); /* not a number, as the GPU writes it */
    if (a >= 0x477ff000)
        return (uint16_t)(sign | 0x7c00);
    if (a < 0x33000000 || a == 0x33000000) /* half of the smallest, a tie, goes to zero */
        return (uint16_t)sign;
    const int exponent = (int)(a >> 23) - 127;
    const uint32_t mantissa = (a & 0x7fffff) | 0x800000;
    const int drop = exponent < -14 ? -exponent - 1 : 13; /* bits that do not fit */
    uint32_t kept = mantissa >> drop;
    const uint32_t rest = mantissa & ((1u << drop) - 1), tie = 1u << (drop - 1);
    kept += rest > tie || (rest == tie && (kept & 1));
    return (uint16_t)(sign | (exponent < -14 ? kept : kept + ((uint32_t)(exponent + 14) << 10)));
#endif
}

STZ_HD float stz_float_of(uint16_t h)
{
#ifdef __CUDA_ARCH__
    return __half2float(__ushort_as_half(h));
#else
    const uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, mantissa = h & 0x3ff;
    uint32_t f = sign | (exponent + 112) << 23 | mantissa << 13;
    if (exponent == 31)
        f = sign | 0x7f800000 | mantissa << 13;
    float v;
    if (exponent == 0) {
        v = (float)mantissa * (1.0f / 16777216.0f);
        return sign ? -v : v;
    }
    memcpy(&v, &f, sizeof v);
    return v;
#endif
}

STZ_HD void stz_put(const stz_planes *p, int n, int c, int y, int x, float v)
{
    const int64_t at = n * p->n + c * p->c + y * p->y + x * p->x;
    if (p->is_half)
        ((uint16_t *)p->data)[at] = stz_half_of(v);
    else
        ((float *)p->data)[at] = v;
}

STZ_HD float stz_get(const stz_planes *p, int n, int c, int y, int x)
{
    const int64_t at = n * p->n + c * p->c + y * p->y + x * p->x;
    return p->is_half ? stz_float_of(((const uint16_t *)p->data)[at]) : ((const float *)p->data)[at];
}

/* ------------------------------------------------------------------ bytes in, bytes out */

STZ_HD int stz_mirror(int i, int n)
{
    if (n == 1)
        return 0;
    i %= 2 * (n - 1);
    return i < n ? i : 2 * (n - 1) - i;
}

/* The colour of a pixel of 1, 3 or 4 channels as it is: what is transparent too. */
STZ_HD void stz_colour(const uint8_t *pixel, int channels, int rgb[3])
{
    rgb[0] = pixel[0];
    rgb[1] = pixel[channels == 1 ? 0 : 1];
    rgb[2] = pixel[channels == 1 ? 0 : 2];
}

STZ_HD void stz_input_pixel(const stz_op_input *a, int i, int x, int y)
{
    const int channels = a->channels[i];
    const uint8_t *p = a->in[i] + stz_mirror(y, a->height) * a->pitch[i] + stz_mirror(x, a->width) * channels;
    int rgb[3];
    stz_colour(p, channels, rgb);
    const int blank = channels == 4 && p[3] == 0;
    for (int c = 0; c < 3; c++) {
        const float sample = (float)(blank ? 255 : rgb[c]);
        const float scaled = sample * a->scale[c];
        stz_put(&a->out, i, c, y, x, scaled - a->shift[c]);
    }
}

STZ_HD int stz_finite(float v) { return v - v == 0.0f; }

/* Rounded to 0 .. 255; what is not a number becomes 0. */
STZ_HD int stz_byte_of(float v) { return v >= 255.0f ? 255 : v > 0.0f ? (int)v : 0; }

STZ_HD float stz_luminance(const float v[3]) { return 0.299f * v[0] + 0.587f * v[1] + 0.114f * v[2]; }

/* The painting's luminance on the content's chroma, drawn towards grey where the range ends, mixed by
 * `share` with the painting as it was. */
STZ_HD void stz_recolour(const int content[3], int painted[3], float share)
{
    float c[3], p[3], d[3];
    for (int k = 0; k < 3; k++) {
        c[k] = (float)content[k];
        p[k] = (float)painted[k];
    }
    const float y = stz_luminance(p), old = stz_luminance(c);
    for (int k = 0; k < 3; k++)
        d[k] = c[k] - old;
    float high = d[0] > d[1] ? d[0] : d[1], low = d[0] < d[1] ? d[0] : d[1];
    high = high > d[2] ? high : d[2];
    low = low < d[2] ? low : d[2];
    const float up = (255.0f - y) / (high > 1e-3f ? high : 1e-3f);
    const float down = y / (low < -1e-3f ? -low : 1e-3f);
    float keep = up < down ? up : down;
    keep = keep < 1.0f ? keep : 1.0f;
    for (int k = 0; k < 3; k++) {
        const float shift = keep * d[k], tone = y + shift;
        const float plain = (1.0f - share) * p[k], kept = share * tone;
        painted[k] = stz_byte_of(plain + kept + 0.5f);
    }
}

/* The painting of a pixel as bytes; marks a picture that has left the range of numbers. */
STZ_HD void stz_paint_pixel(const stz_op_output *a, int i, int x, int y, int rgb[3])
{
    for (int c = 0; c < 3; c++) {
        const float v = stz_get(&a->y, i, c, y, x);
        if (!stz_finite(v))
            a->bad[i] = 1;
        const float scaled = v * a->scale;
        rgb[c] = stz_byte_of(scaled + 0.5f);
    }
}

STZ_HD void stz_output_pixel(const stz_op_output *a, int i, int x, int y)
{
    const int channels = a->content_channels[i], strength = a->y.data ? a->strength[i] : 0;
    const uint8_t *content = a->content[i] + y * a->content_pitch[i] + x * channels;
    uint8_t *out = a->out[i] + y * a->out_pitch[i] + x * a->out_channels[i];
    int own[3], rgb[3] = {0, 0, 0};
    stz_colour(content, channels, own);
    if (a->y.data)
        stz_paint_pixel(a, i, x, y, rgb);
    if (a->preserve[i] > 0 && strength > 0)
        stz_recolour(own, rgb, a->preserve[i]);
    if (a->out_channels[i] == 4)
        out[3] = channels == 4 ? content[3] : 255;
    for (int c = 0; c < 3; c++)
        out[c] = (uint8_t)((own[c] * (STZ_MIX_ONE - strength) + rgb[c] * strength + STZ_MIX_ONE / 2) >> 14);
}

/* ------------------------------------------------------------------ resizing */

STZ_HD void stz_translucent_pixel(const stz_op_translucent *a, int x, int y)
{
    if (a->in[y * a->pitch + (int64_t)x * 4 + 3] != 255)
        *a->flag = 1;
}

/* A filter's integer coefficients sum to 1 << 14; six bits of fraction lie between the passes. */
STZ_HD int stz_clamped(int v, int low, int high) { return v < low ? low : v > high ? high : v; }

STZ_HD void stz_down_opaque(const stz_op_down *a, int at, int y)
{
    const stz_op_taps *t = &a->taps;
    const uint8_t *p = a->in + t->first[y] * a->pitch + at;
    const int16_t *coef = t->coef + (size_t)y * t->step;
    int sum = 0;
    for (uint32_t k = 0; k < t->count[y]; k++, p += a->pitch)
        sum += coef[k] * *p;
    ((int16_t *)a->temp)[(size_t)y * (size_t)(a->width * a->channels) + (size_t)at] =
        (int16_t)stz_clamped((sum + 128) >> 8, -32768, 32767);
}

STZ_HD void stz_down_weighted(const stz_op_down *a, int at, int y)
{
    const stz_op_taps *t = &a->taps;
    const uint8_t *p = a->in + t->weight_first[y] * a->pitch + at / 4 * 4;
    const float *weight = t->weight + (size_t)y * t->step;
    const int c = at % 4;
    float sum = 0;
    for (uint32_t k = 0; k < t->weight_count[y]; k++, p += a->pitch) {
        const float alpha = (float)p[3], v = c == 3 ? alpha : (float)p[c] * alpha;
        const float part = weight[k] * v;
        sum = sum + part;
    }
    ((float *)a->temp)[(size_t)y * (size_t)(a->width * 4) + (size_t)at] = sum;
}

/* One sample of the first pass; at: column * channels + channel. */
STZ_HD void stz_down_sample(const stz_op_down *a, int at, int y)
{
    if (a->channels == 4 && *a->translucent)
        stz_down_weighted(a, at, y);
    else
        stz_down_opaque(a, at, y);
}

STZ_HD void stz_across_opaque(const stz_op_across *a, int x, int y, uint8_t *out)
{
    const stz_op_taps *t = &a->taps;
    const int16_t *row = (const int16_t *)a->temp + (size_t)y * (size_t)(a->width * a->channels);
    const int16_t *coef = t->coef + (size_t)x * t->step;
    for (int c = 0; c < a->channels; c++) {
        const int16_t *p = row + (size_t)t->first[x] * (size_t)a->channels + c;
        int sum = 0;
        for (uint32_t k = 0; k < t->count[x]; k++, p += a->channels)
            sum += coef[k] * *p;
        out[c] = (uint8_t)stz_clamped((sum + (1 << 19)) >> 20, 0, 255);
    }
}

STZ_HD void stz_across_weighted(const stz_op_across *a, int x, int y, uint8_t *out)
{
    const stz_op_taps *t = &a->taps;
    const float *p = (const float *)a->temp + ((size_t)y * (size_t)a->width + t->weight_first[x]) * 4;
    const float *weight = t->weight + (size_t)x * t->step;
    float sum[4] = {0, 0, 0, 0};
    for (uint32_t k = 0; k < t->weight_count[x]; k++, p += 4)
        for (int c = 0; c < 4; c++) {
            const float part = weight[k] * p[c];
            sum[c] = sum[c] + part;
        }
    out[3] = (uint8_t)stz_byte_of(sum[3] + 0.5f);
    for (int c = 0; c < 3; c++) /* colours of what is fully transparent do not exist */
        out[c] = out[3] ? (uint8_t)stz_byte_of(sum[c] / sum[3] + 0.5f) : 0;
}

STZ_HD void stz_across_pixel(const stz_op_across *a, int x, int y)
{
    uint8_t *out = a->out + y * a->pitch + (int64_t)x * a->channels;
    if (a->channels == 4 && *a->translucent)
        stz_across_weighted(a, x, y, out);
    else
        stz_across_opaque(a, x, y, out);
}

#endif
