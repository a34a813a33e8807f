/*
 * Between the planner and the kernels. The planner (plan.c) fills stz_conv once for a picture size, the
 * run (run.c) fills stz_conv_run for each run of a layer; kernels only read both. Kernel files are
 * compiled once per instruction set and reached through stz_kernels.
 *
 * Every convolution is done for groups of tiles: transform the input of each tile into V (one matrix of
 * tiles x channels for each transform point), multiply by the transformed weights into M (tiles x
 * output columns for each point), transform back. Groups are the items of stz_team_run.
 */
#ifndef STZ_KERNEL_H
#define STZ_KERNEL_H

#include "base/cpu.h"
#include "engine/engine.h"

/* Activations lie in blocks of channels: [channels / block][row][pixel][block]. The block is the column
 * block of the matrix product that writes them, so every output pass writes whole rows. */
typedef struct stz_layout {
    int height, width, channels;
    int block;            /* channels side by side in a pixel */
    ptrdiff_t row, plane; /* elements from row to row, from block to block */
    size_t count;         /* elements in all, with room for reading a vector past the end */
} stz_layout;

static inline ptrdiff_t stz_channel_offset(const stz_layout *l, int channel)
{
    return channel / l->block * l->plane + channel % l->block;
}

typedef enum stz_conv_kind {
    STZ_CONV_SAME,   /* 3x3, stride 1: F(4,3) or F(6,3) */
    STZ_CONV_DOWN,   /* 3x3, stride 2: F(4,2) on the even and odd rows and columns */
    STZ_CONV_UP,     /* nearest x2, then 3x3: F(4,2) on the small picture, four phases */
    STZ_CONV_FIRST9, /* 9x9 from the picture */
    STZ_CONV_LAST9,  /* 9x9 to the picture */
    STZ_CONV_SPREAD  /* the adjoint of DOWN: zeros between the pixels, then 3x3; F(4,2), four phases */
} stz_conv_kind;

/* What an adjoint convolution reads in place of an activation: from g, the gradient of a tensor, and t, the
 * tensor itself. Outside of the tensor it reads zeros. */
typedef enum stz_read {
    STZ_READ_PLAIN, /* g */
    STZ_READ_MASK,  /* g where t > 0: the tensor was written by a relu */
    STZ_READ_POOL,  /* the same, of a tensor whose 2x2 means were read: g is a quarter of its size */
    STZ_READ_NORM   /* gain * (g where t * scale + shift > low) + slope * t + offset: through a norm and relu;
                       0 where t is not above `floor`: the relu before the norm */
} stz_read;

#define STZ_POINTS          64  /* of the largest transform, 8x8 */
#define STZ_PICTURE_PIX     16  /* floats a pixel of a fetched picture window takes */
#define STZ_ADJOINT_VECTORS 512 /* of an adjoint convolution, at most */

typedef struct stz_conv {
    stz_conv_kind kind;
    int in_channels, columns; /* columns: output channels of the matrix product, padded */
    int n, m, step;           /* transform length, outputs of a tile, input pixels from tile to tile (1-D) */
    int points;
    int tiles_y, tiles_x, group, items;
    int out_height, out_width; /* in pixels of the convolution, before a pixel shuffle */

    /* Where the input comes from. */
    bool from_picture;
    int unshuffle;               /* 1, or 2: pixels of 2x2 picture pixels */
    bool add, store;             /* the input is base + affine(x); the input is also written to `stored` */
    stz_layout in, base, stored; /* of from_picture only height and width of `in` are set */

    /* V: for point p, row t at v_offset[p] + t * v_row[p], depth[p] floats used. */
    int depth[STZ_POINTS];
    ptrdiff_t v_row[STZ_POINTS], v_offset[STZ_POINTS];
    /* M: panels of `vectors` vectors, panel0[p] the first of point p; more than one when phases. */
    int panels[STZ_POINTS], panel0[STZ_POINTS];
    ptrdiff_t m_panel;
    int vectors, blocks; /* vectors of a column block, column blocks */
    size_t weight_count; /* floats of the transformed weights */
    bool stream;         /* weights do not stay in the second-level cache */

    /* Where the output goes. Vector v of conv pixel (y, x): y * out_row + x * out_pixel + vector_offset[v]. */
    bool to_picture, relu;
    ptrdiff_t out_row, out_pixel;
    const ptrdiff_t *vector_offset;
    int shuffle; /* to_picture: 1, or 2: pixels of 2x2 picture pixels */
    int phases; /* records an item writes: 1, the 4 phases of an upsampling, its tile rows of the first 9x9 */

    /* Adjoint: channels are the columns of the forward product. Vector v of pixel (y, x), of the gradient
     * and of the tensor: y * row + x * pixel + offset[v]. `in` has the height and width of this grid. */
    bool adjoint;
    stz_read read;
    ptrdiff_t g_row, g_pixel, t_row, t_pixel;
    const ptrdiff_t *g_offset, *t_offset;

    /* 9x9: an item is `band` rows of up to `group` tiles, `across` of them side by side. */
    int band, across;
    ptrdiff_t strip; /* floats of a row of positions */

    /* Scratch, in floats from its start. */
    size_t v_at, m_at, window_at, aux_at, scratch;
} stz_conv;

/* Sums that an item leaves for the statistics: count, then pivot, sum and sum of squares for each
 * column. Sums are of the differences from the pivot, one of the values, so nothing cancels. */
static inline size_t stz_record_size(int columns) { return (size_t)columns * 3 + 16; }

typedef struct stz_conv_run {
    const stz_conv *conv;
    const float *weights, *bias;
    const void *x, *base;
    void *stored, *out;
    const float *scale, *shift; /* input: max(x * scale + shift [+ base], low) */
    float low;
    stz_view picture_in;
    const stz_view *picture_out;
    float in_mul, in_add;    /* for samples from 0 to 1 */
    float out_low, out_high; /* picture: clamp */
    bool sigmoid;
    float *records; /* items x phases, or NULL */
    /* Adjoint: x is the gradient, base the tensor, and for each column (STZ_READ_NORM): */
    const float *gain, *slope, *offset;
    float floor;
} stz_conv_run;

/* The means over 2x2 pixels of a tensor. An item is a row of `to`. */
typedef struct stz_pool_run {
    stz_layout from, to;
    const void *x;
    void *out;
} stz_pool_run;

/* Gradients settle when the adjoint convolution has written them: pixels beyond the border are added to those
 * that they mirror, the gradient of a saved copy joins, upsampled pixels are summed, and the sums that the
 * gradient of a norm needs are taken. An item is `band` rows. */
typedef struct stz_settle {
    int height, width, planes; /* of the input of the layer */
    int band, items;
    int border; /* pixels around g */
    float *g;   /* the pixel (0, 0); rows and planes as in g_layout */
    stz_layout g_layout;
    int upsample;      /* 1, or 2: g is twice as large */
    float *out;        /* where the result goes if not back to g, or NULL */
    stz_layout layout; /* of out (or g), x, base */
    const float *add;  /* gradient of the copy that the layer stored, or NULL */
    ptrdiff_t add_row, add_plane;
    const float *x, *base; /* the input is max(x * scale + shift [+ base], low); NULL: none */
    stz_layout base_layout;
    const float *scale, *shift, *mean; /* for each of `unit` floats of a plane's row: one or two pixels */
    int unit;
    float low;
    bool mask;      /* zero where the input is not above low: written */
    float *records; /* items x 2 x planes x unit: sums of the masked gradient, and of it times (x - mean) */
} stz_settle;

/* Which taps of the original weights make a transformed weight; see k_weights.c. */
typedef struct stz_weight_job {
    const stz_conv *conv;
    const float *source; /* OIHW */
    int out_channels, in_channels, kernel;
    const int *column_of;  /* output channel of each column, -1: none */
    const int *channel_of; /* input channel of each depth index */
    float *out;
} stz_weight_job;

/* A part of a feature map f, and of the content's map g where it is looked at: f and g point to its first pixel. */
typedef struct stz_features {
    const float *f, *g; /* g: NULL where only the style counts */
    stz_layout layout, g_layout;
    int height, width, band, items; /* an item is `band` rows */
} stz_features;

/* Sums over the pixels of the part. Each item leaves stz_sums_size floats: the sums of f, those of f g, and of f f',
 * one row for each channel; only what is right of its column block or in it. */
typedef struct stz_feature_sums {
    stz_features part;
    float *records;
} stz_feature_sums;

/* Channels of a map with those that fill its last block. */
static inline int stz_padded_channels(const stz_layout *l) { return stz_round_up(l->channels, l->block); }
static inline size_t stz_sums_size(const stz_layout *l)
{
    const size_t n = (size_t)stz_padded_channels(l);
    return n * (n + 2);
}

/* Adds constant + matrix f [+ cross g] to a gradient of the part's shape and block. */
typedef struct stz_feature_gradient {
    stz_features part;
    float *to;
    ptrdiff_t row, plane;
    const float *constant, *cross, *matrix; /* of padded channels */
} stz_feature_gradient;

/* Gradient of the weights of one convolution. An item is `band` rows of what it wrote, and leaves a record: for each row
 * of the kernel a matrix [kernel column, input channel][column of the product], then the bias; for the last 9x9 [kernel
 * column from the right, colour][input channel]. */
#define STZ_WEIGHT_PIECE 64 /* pixels of a row that are worked on at once */
typedef struct stz_weight_gradient {
    const stz_conv_run *input;    /* the convolution as it ran */
    const stz_conv_run *gradient; /* its adjoint: how the gradient of what it wrote is read */
    int kernel, stride, upsample, columns;
    int step; /* floats of an input pixel: its channels, in the last 9x9 whole vectors */
    int band, items;
    ptrdiff_t result_row; /* last 9x9: floats from row to row of the gradient */
    size_t v_at;          /* in scratch, floats */
    size_t bias_at, record;
    float *records;
} stz_weight_gradient;

/* The same for a 3x3 convolution of stride 1, among the points of its transform: what the tiles read and the gradients
 * of what they wrote are transformed, and for each point a product over the tiles is taken, with a quarter of the
 * multiplications and less. Tiles are taken in chunks: first, tiles. */
typedef struct stz_tile_gradient {
    const stz_conv_run *input, *gradient; /* input: its convolution places V for a chunk */
    int columns, first, tiles, group;
    float *v, *d; /* d: for point p, tile t at d[p * d_point + t * columns] */
    ptrdiff_t d_point;
    float *products; /* [point][input channel][column], added to */
    float *bias;     /* [group of tiles][column], from the first tile of all on */
    const int *column_of;
    const int *channel_of; /* input channel of each depth index */
    int in;
    float *out; /* OIHW */
} stz_tile_gradient;

/* Work on long vectors, as a search needs it. An item is STZ_CHUNK floats; vectors have whole chunks, zero at the
 * end. */
#define STZ_CHUNK       8192
#define STZ_VECTORS_MAX 64
typedef struct stz_vectors {
    const float *const *v; /* `count` of them */
    int count;
    const float *const *with; /* inner products: `others` of them, 3 at most */
    int others;
    double *records;       /* inner products: items x others x count */
    const double *factors; /* sum: of each v */
    float *out;            /* sum */
} stz_vectors;

/* One step of Adam (Kingma and Ba 2015, arXiv 1412.6980) on vectors as above. */
typedef struct stz_adam {
    const float *gradient;
    float *x, *mean, *square;
    float rate, first, second; /* rate and decays; rate holds the correction of the mean */
    float correction;          /* of the square's root */
} stz_adam;

typedef struct stz_kernels {
    stz_isa isa;
    int lanes;
    int rows_max[4]; /* rows of the micro-kernel with 1, 2, 3 vectors */
    bool half;       /* activations are stored in half precision */
    size_t elem_size;
    /* Items of stz_team_run; arg is a stz_conv_run. */
    void (*conv)(void *arg, int item, void *scratch);
    void (*first9)(void *arg, int item, void *scratch);
    void (*last9)(void *arg, int item, void *scratch);
    /* Of gradients; NULL in kernels of half. arg: a stz_settle; a stz_conv_run of an adjoint convolution, whose
     * item is a row that is written to `out`, in the layout `in`, as the convolution would read it. */
    void (*settle)(void *arg, int item, void *scratch);
    void (*expand)(void *arg, int item, void *scratch);
    void (*weight_gradient)(void *arg, int item, void *scratch);
    void (*tile_gradients)(void *arg, int item, void *scratch); /* arg: a stz_tile_gradient; item: a group */
    void (*tile_products)(void *arg, int item, void *scratch);  /* item: a point */
    void (*tile_weights)(void *arg, int item, void *scratch);   /* item: a depth index */
    void (*inner_products)(void *arg, int item, void *scratch); /* arg: a stz_vectors */
    void (*sum)(void *arg, int item, void *scratch);
    void (*adam)(void *arg, int item, void *scratch);
    void (*feature_sums)(void *arg, int item, void *scratch);
    void (*feature_gradient)(void *arg, int item, void *scratch);
    void (*pool)(void *arg, int item, void *scratch); /* arg: a stz_pool_run */
    void (*weights)(const stz_weight_job *job);
    /* y = w x + b over rows [first, last) */
    void (*linear)(const float *w, const float *b, const float *x, float *y, int in, int first, int last);
    double (*peak)(int rounds); /* floating-point operations it did */
} stz_kernels;

/* The best kernels of this CPU that allow the wish; never NULL. */
const stz_kernels *stz_kernels_get(bool half);

/* Those of one instruction set; NULL if this build or CPU does not have them. For tests. */
const stz_kernels *stz_kernels_of(stz_isa isa, bool half);

extern const stz_kernels stz_kernels_portable;
extern const stz_kernels stz_kernels_neon, stz_kernels_neon_half;
extern const stz_kernels stz_kernels_avx2, stz_kernels_avx2_half;
extern const stz_kernels stz_kernels_avx512, stz_kernels_avx512_half;

#endif
