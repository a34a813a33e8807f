/* The arguments of the operations on pixels: passed by value to a kernel, so at most 4 KiB each. */
#ifndef STZ_OPS_H
#define STZ_OPS_H

#include <stddef.h>
#include <stdint.h>

enum { STZ_OP_INPUT, STZ_OP_OUTPUT, STZ_OP_TRANSLUCENT, STZ_OP_DOWN, STZ_OP_ACROSS };

#define STZ_OP_PICTURES 64 /* in one launch */
#define STZ_MIX_ONE     (1 << 14)

/* Samples of a network: n x 3 x height x width, in any order that strides can say, in samples. */
typedef struct stz_planes {
    void *data;
    int64_t n, c, y, x;
    int is_half;
} stz_planes;

/* Bytes to the network's input: alpha 0 becomes white, what lies right of and below the picture is its
 * mirror image, the value is sample * scale - shift. */
typedef struct stz_op_input {
    const uint8_t *in[STZ_OP_PICTURES];
    int64_t pitch[STZ_OP_PICTURES];
    uint8_t channels[STZ_OP_PICTURES]; /* 1, 3 or 4 */
    int n, width, height;
    int padded_width, padded_height; /* of out */
    stz_planes out;
    float scale[3], shift[3];
} stz_op_input;

/* The network's output to bytes, then colour and strength against the content, and the content's alpha;
 * what was padded is left out. */
typedef struct stz_op_output {
    stz_planes y; /* data NULL: the result is the content */
    const uint8_t *content[STZ_OP_PICTURES];
    uint8_t *out[STZ_OP_PICTURES];
    int64_t content_pitch[STZ_OP_PICTURES], out_pitch[STZ_OP_PICTURES];
    uint16_t strength[STZ_OP_PICTURES];        /* of STZ_MIX_ONE */
    float preserve[STZ_OP_PICTURES];           /* share of the content's colour */
    uint8_t content_channels[STZ_OP_PICTURES]; /* 1, 3 or 4 */
    uint8_t out_channels[STZ_OP_PICTURES];     /* 3, or 4 where the content has 4 */
    int n, width, height;
    float scale; /* 255 / range */
    int *bad;    /* n; set to 1 where a sample is not finite, otherwise left alone */
} stz_op_output;

/* Sets *flag to 1 if a pixel of an RGBA picture is not opaque. */
typedef struct stz_op_translucent {
    const uint8_t *in;
    int64_t pitch;
    int width, height;
    int *flag;
} stz_op_translucent;

/* The filter of one axis, made by the core: for each output the first input and how many. Both sets of
 * taps are given; integers are for opaque pictures. */
typedef struct stz_op_taps {
    const uint32_t *first, *count;
    const int16_t *coef;
    const uint32_t *weight_first, *weight_count;
    const float *weight;
    uint32_t step, outputs;
} stz_op_taps;

/* First pass of resizing, down the columns: to rows of int16, or of float where *translucent is set. */
typedef struct stz_op_down {
    const uint8_t *in;
    int64_t pitch;
    int channels, width; /* width: columns of in */
    const int *translucent;
    stz_op_taps taps;
    void *temp; /* taps.outputs x width x channels, room for floats if channels is 4 */
} stz_op_down;

/* Second pass, along the rows. */
typedef struct stz_op_across {
    const void *temp;
    int channels, width, height; /* width: columns of temp; height: rows of both */
    const int *translucent;
    stz_op_taps taps;
    uint8_t *out;
    int64_t pitch;
} stz_op_across;

#endif
