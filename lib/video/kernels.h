/* Between the steps of a sequence and their kernels, which are compiled once for each instruction set. */
#ifndef STZ_VIDEO_KERNELS_H
#define STZ_VIDEO_KERNELS_H

#include "base/cpu.h"
#include "video/plane.h"

#define STZ_PATCH      8 /* pixels of a side */
#define STZ_PATCH_STEP 4 /* pixels from patch to patch: each pixel lies in four */

/* Patches of a plane of this many pixels; the first begins STZ_PATCH_STEP in front of it. */
static inline int stz_patches(int pixels) { return (pixels + STZ_PATCH_STEP - 1) / STZ_PATCH_STEP + 1; }

/* The search on one level of a pyramid, from the plane `at` to the plane `to`: where each patch went. */
typedef struct stz_search {
    stz_plane at, to;
    int columns, rows; /* patches */
    float *u, *v;      /* of each patch: where to begin, then what was found */
    int steps;         /* at most */
    float *dense_u, *dense_v,
        *weight; /* of each pixel; rows of `dense_row` floats, with room for a patch around */
    ptrdiff_t dense_row;
} stz_search;

/* A row of a painting: eight 16-bit numbers for two pixels: R, G, B, and how much it is sharpened. */
#define STZ_PAINT_ONE 64   /* of a level */
#define STZ_SHARE_ONE 4096 /* of the sharpening */

/* Cubic weights of the places between pixels, ready for vectors: across for two pixels each, down for all eight. */
#define STZ_WARP_TAPS   4
#define STZ_WARP_BITS   6
#define STZ_WARP_PHASES (1 << STZ_WARP_BITS)
typedef struct stz_warp_taps {
    float across[STZ_WARP_PHASES][4 * STZ_WARP_TAPS];
    float down[STZ_WARP_PHASES][8 * STZ_WARP_TAPS];
} stz_warp_taps;

typedef struct stz_warp {
    const stz_warp_taps *taps;
    const int16_t *before; /* the painting of the frame before */
    int width, height;
    const uint8_t *now; /* row of the new painting */
    int bytes;          /* a pixel */
    int16_t *out;       /* row of the mixed painting */
    const float *u, *v; /* motion of the row's pixels, in pixels */
    const float *share; /* of the painting before, 0 to 1 */
    int y;
} stz_warp;

/* A row of three planes of the flow's grid, brought to the pixels of a painting. */
typedef struct stz_spread {
    const float *upper[3], *lower[3]; /* rows of the grid; `part` is how far down it lies between them */
    float part, factor[3];
    int grid, width;       /* pixels of a row of the grid, and of the painting */
    float *between;        /* a row of the grid, and eight more */
    const int *low, *high; /* of each pixel of the painting: its neighbours on the grid */
    const float *across;   /* and how far it lies between them */
    float *out;            /* three rows of `width` */
} stz_spread;

/* A row of a mixed painting as bytes. The mean of paintings that differ is softer than each: it is sharpened by how much
 * they do, for the eye only, as in the painting itself it would add up. */
typedef struct stz_show {
    const int16_t *painting;
    int width, height;
    uint8_t *out; /* the row */
    int bytes;
    int y;
} stz_show;

typedef struct stz_video_kernels {
    void (*search)(const stz_search *s);
    void (*dense)(const stz_search *s); /* the flow of each pixel from those of the patches that it lies in */
    double (*spread)(const stz_spread *s); /* returns the sum of the last of the three rows */
    void (*warp)(const stz_warp *w);       /* a row */
    void (*show)(const stz_show *s);       /* a row */
} stz_video_kernels;

#define STZ_VIDEO_KERNELS(isa)                                                                               \
    void stz_video_search_##isa(const stz_search *s);                                                        \
    void stz_video_dense_##isa(const stz_search *s);                                                         \
    double stz_video_spread_##isa(const stz_spread *s);                                                      \
    void stz_video_warp_##isa(const stz_warp *w);                                                            \
    void stz_video_show_##isa(const stz_show *s);
STZ_VIDEO_KERNELS(portable)
STZ_VIDEO_KERNELS(avx2)

/* The best of this CPU. */
const stz_video_kernels *stz_video_kernels_get(void);
/* Those of one instruction set; NULL if this build or CPU does not have them. For tests. */
const stz_video_kernels *stz_video_kernels_of(stz_isa isa);

#endif
