/* How large a picture from outside may be, and how small a version of it will do. */
#ifndef STZ_LIMITS_H
#define STZ_LIMITS_H

#include "base/common.h"

typedef struct stz_limits {
    uint64_t max_bytes;
    uint64_t max_pixels;
    uint32_t max_side;
    uint32_t max_scans;
    uint32_t formats; /* stz_format_bit of those that are read; 0: all */
    bool tolerant;    /* damaged pictures are decoded as far as they go */
} stz_limits;

/* LIMIT if a picture of this size has too many pixels or too long a side; `what` names it ("content"). */
stylize_status stz_limits_pixels(const stz_limits *limits, const char *what, uint64_t width, uint64_t height,
                                 stylize_error *err);

/* FORMAT or LIMIT: "picture is WxH; at most ..." */
stylize_status stz_limits_check(const stz_limits *limits, uint64_t width, uint64_t height,
                                stylize_error *err);

/* Which smaller versions of the picture will do: a decoder that can scale cheaply (JPEG's DCT) may
 * return one whose sides are both at least these, upright. 0, 0: the full size. */
typedef struct stz_decode_hint {
    uint32_t min_width, min_height;
    bool deep;     /* more than 8 bits a channel are wanted where the file has them: RGB16 or RGBA16 */
    bool *damaged; /* set, if not NULL, where a tolerant decoder did not get all of the picture */
} stz_decode_hint;

#endif
