/* Between the kernel files of one instruction set. */
#ifndef STZ_K_INTERNAL_H
#define STZ_K_INTERNAL_H

#include "engine/native/kernel.h"
#include "engine/native/vec.h"

/* The instruction set this file is compiled for. */
#if STZ_LANES == 16
#define STZ_ISA_ID STZ_ISA_AVX512
#elif STZ_LANES == 8
#define STZ_ISA_ID STZ_ISA_AVX2
#elif defined(__aarch64__) && !defined(STZ_PORTABLE)
#define STZ_ISA_ID STZ_ISA_NEON
#else
#define STZ_ISA_ID STZ_ISA_PORTABLE
#endif

/* ------------------------------------------------ entries of the table of kernels */

void K(first9)(void *arg, int item, void *scratch);
void K(last9)(void *arg, int item, void *scratch);
void K(settle)(void *arg, int item, void *scratch);
void K(expand)(void *arg, int item, void *scratch);
void K(weight_gradient)(void *arg, int item, void *scratch);
void K(tile_gradients)(void *arg, int item, void *scratch);
void K(tile_products)(void *arg, int item, void *scratch);
void K(tile_weights)(void *arg, int item, void *scratch);
void K(inner_products)(void *arg, int item, void *scratch);
void K(sum)(void *arg, int item, void *scratch);
void K(adam)(void *arg, int item, void *scratch);
void K(feature_sums)(void *arg, int item, void *scratch);
void K(feature_gradient)(void *arg, int item, void *scratch);
void K(pool)(void *arg, int item, void *scratch);
void K(weights)(const stz_weight_job *job);

/* ------------------------------------------------------------- k_weights.c */

/* G[point][tap] of a transform of length n with r taps. */
void K(weight_matrix)(int n, int r, double g[8][3]);

/* ---------------------------------------------------------------- k_gemm.c */

extern const int K(rows_max)[4];

/* C[t][n] = sum over k of A[t * lda + k] * B[k][n] for t < rows, n < vectors * lanes. B: a panel of
 * weights, depth x columns; C likewise dense. */
void K(gemm)(int vectors, int rows, int depth, const float *a, ptrdiff_t lda, const float *b, float *c,
             bool stream);
/* The same with the depth in three segments at a[0..2]. */
void K(gemm3)(int vectors, int rows, int depth, const float *const a[3], ptrdiff_t lda, const float *b,
              float *c);

/* --------------------------------------------------------------- k_product.c */

/* C[m * ldc + n] += sum over k of A[m * am + k * ak] * B[k * ldb + n], for m < rows and n < columns, a multiple of the
 * lanes. am or ak is 1. */
typedef struct stz_product {
    int rows, columns, depth;
    const float *a, *b;
    ptrdiff_t am, ak, ldb, ldc;
    float *c;
} stz_product;
void K(product)(const stz_product *p);

/* --------------------------------------------------------------- k_input.c */

/* Transforms the input of tiles t0 .. t0 + count - 1 into v. scratch: that of the convolution, for windows. */
void K(input_tiles)(const stz_conv_run *r, int t0, int count, float *v, float *scratch);

/* The same of the gradients that an adjoint convolution reads (k_adjoint.c). */
void K(adjoint_tiles)(const stz_conv_run *r, int t0, int count, float *scratch);

/* rows x cols pixels of those gradients from (y0, x0) on, [pixel][columns]. */
void K(gradient_window)(const stz_conv_run *r, int y0, int x0, int rows, int cols, int columns, float *out);
/* Pixels x0 .. x0 + count - 1 of row y of them. */
void K(gradient_row)(const stz_conv_run *r, int y, int x0, int count, int columns, float *out);

/* Reflection of an index without repeating the edge; what is still outside goes to the edge. */
INLINE int reflect(int i, int n)
{
    i = i < 0 ? -i : i >= n ? 2 * n - 2 - i : i;
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* ------------------------------------------------------------- k_picture.c */

/* Rows y0 .. and columns x0 .. of the picture (or of the unshuffled one), rows x cols pixels of
 * STZ_PICTURE_PIX floats. */
void K(fetch_window)(const stz_conv_run *r, int y0, int x0, int rows, int cols, float *window);
/* Picture row y, samples x0 .. x0 + count - 1 pixels by reflection, as floats; dst holds 3 * count + 16. */
void K(fetch_row)(const stz_conv_run *r, int y, int x0, int count, float *dst);
/* Transforms tiles back and writes pixels of the picture. */
void K(output_picture)(const stz_conv_run *r, int t0, int count, const float *m, int block);
/* Writes count samples of picture row y from pixel x on. values: room for a vector past the end. */
void K(store_row)(const stz_conv_run *r, int y, int x, const float *values, int count);

/* -------------------------------------------------------------- k_output.c */

/* Transforms tiles back, writes one column block of activations, and the record for its columns. */
void K(output_tiles)(const stz_conv_run *r, int t0, int count, const float *m, int block, float *records);

#endif
