/* What a BMP says before its pixels; shared by the two files that read it. */
#ifndef STZ_BMP_H
#define STZ_BMP_H

#include "image/image.h"

/* Where a channel lies in a pixel; mask 0: there is none. */
typedef struct stz_bmp_channel {
    uint32_t mask, top; /* top: its largest value */
    int shift;
} stz_bmp_channel;

typedef struct stz_bmp {
    const uint8_t *data;
    size_t size, pixels; /* where they begin */
    uint32_t width, height, bits;
    bool top_down, runs, alpha;
    stz_bmp_channel channel[4]; /* R, G, B, A of 16 and 32 bits */
    uint8_t palette[256][3];
    const uint8_t *profile;
    size_t profile_size;
} stz_bmp;

stylize_status stz_bmp_open(const uint8_t *data, size_t size, stz_bmp *b, stylize_error *err);
/* Fills the picture. Cut short: an error, or, if tolerant and a row is there, *whole is false. */
stylize_status stz_bmp_rows(const stz_bmp *b, const stylize_image *out, bool tolerant, bool *whole,
                            stylize_error *err);

#endif
