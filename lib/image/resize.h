/*
 * The parts of stz_resize: filter tables and the kernels of the two passes.
 *
 * Down first, across second: the vertical pass reads each row of bytes as it lies in memory, and
 * only what is left of it is filtered across. RGB, grey and opaque RGBA are done in integers, the
 * same result bit for bit on every machine; RGBA with transparency in floating point.
 */
#ifndef STZ_RESIZE_H
#define STZ_RESIZE_H

#include "image/image.h"

#define STZ_COEF_BITS 14 /* a filter's integer coefficients sum to exactly 1 << 14 */
#define STZ_TEMP_BITS 6  /* fraction of the 16-bit rows between the passes */
#define STZ_TAPS_STEP 4  /* rows of coefficients are padded to this with zeros */
#define STZ_TEMP_PAD  16 /* 16-bit values that may be read past a row between the passes */

/* For each output position the first input position and the taps from there on. */
typedef struct stz_taps {
    uint32_t *first;
    uint32_t *count;
    int16_t *coef; /* `step` for each output position */
    float *weight; /* instead of coef, for pictures with transparency */
    uint32_t outputs, step;
} stz_taps;

/* Bytes that stz_taps_make needs for `out` outputs of `in` inputs. */
bool stz_taps_size(uint32_t in, uint32_t out, size_t *size);
/* Lanczos 3 widened by the scale downwards, Catmull-Rom upwards. memory: aligned to 64 bytes. */
void stz_taps_make(stz_taps *taps, uint32_t in, uint32_t out, bool weights, void *memory);

typedef struct stz_resize_kernels {
    /* temp[i] = sum over k of coef[k] * src[k * stride + i], for i < n; coef is padded */
    void (*down)(const uint8_t *src, size_t stride, const int16_t *coef, uint32_t count, int16_t *temp,
                 size_t n);
    /* One row of `taps->outputs` pixels of bpp (1, 3 or 4) bytes. */
    void (*across)(const int16_t *temp, const stz_taps *taps, int bpp, uint8_t *out);
} stz_resize_kernels;

extern const stz_resize_kernels stz_resize_portable;
/* The fastest for this CPU. */
const stz_resize_kernels *stz_resize_best(void);

/* RGB16 and RGBA16, the latter alpha weighted; temp has width * channels floats. */
void stz_resize_deep(const uint8_t *src, size_t stride, uint32_t width, const stz_taps *down,
                     const stz_taps *across, float *temp, stylize_image *out);

/* RGBA, alpha weighted. src points at the first pixel of the part; temp has width * 4 floats. */
void stz_resize_alpha(const uint8_t *src, size_t stride, uint32_t width, const stz_taps *down,
                      const stz_taps *across, float *temp, stylize_image *out);

#endif
