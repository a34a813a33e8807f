/* Numbers, sizes and times as people write them. */
#ifndef APPS_VALUES_H
#define APPS_VALUES_H

#include <stdint.h>

#include "common/slice.h"

/* Each reads the whole text and is false if it is not of that form or out of range. */
bool parse_uint(slice text, uint64_t min, uint64_t max, uint64_t *out);
bool parse_number(slice text, double min, double max, double *out);
bool parse_bool(slice text, bool *out);             /* 1 0 true false yes no on off */
bool parse_bytes(slice text, uint64_t *out);        /* "64M", "2G", "100000" */
bool parse_milliseconds(slice text, uint64_t *out); /* "250ms", "20s", "5m", "2h", "20" */

#define SIDE_MIN 16 /* pixels */

typedef struct picture_size {
    uint32_t side; /* longer side; 0 if width and height are set, or nothing */
    uint32_t width, height;
} picture_size;

bool parse_size(slice text, uint32_t max, picture_size *out); /* "512" or "640x480" */

/* Of a style in a blend: 0 takes no part. */
bool parse_weight(slice text, double *out);
/* "starry_night:0.7", or a weight of 1 without one. The name may be anything, also nothing. */
bool parse_weighted(slice text, slice *name, double *weight);
bool parse_strength(slice text, float *out); /* 0 to 1, "auto" */

#endif
