/* Matrix products: micro-kernels that keep rows x vectors of sums in registers. */
#include "engine/native/k_internal.h"

#if STZ_REGS == 32
#define ROWS2 12
#define ROWS3 9
#else
#define ROWS2 6
#define ROWS3 4
#endif
const int K(rows_max)[4] = {0, 12, ROWS2, ROWS3};

/* prefetch: a line is asked for at each step of the depth. */
INLINE void micro(const int rows, const int vectors, const int segments, const float *const *a, int depth,
                  ptrdiff_t lda, const float *b, float *c, const float *prefetch)
{
    vf sum[27];
    UNROLL(27)
    for (int i = 0; i < rows * vectors; i++)
        sum[i] = zero();
    for (int s = 0; s < segments; s++) {
        /* Four row pointers and small multiples of lda, which x86 addressing can scale. */
        const float *a0 = a[s], *a3 = a0 + 3 * lda, *a6 = a0 + 6 * lda, *a9 = a0 + 9 * lda;
        for (int k = 0; k < depth; k++) {
            vf w[3];
            UNROLL(3)
            for (int n = 0; n < vectors; n++)
                w[n] = ld(b + n * STZ_LANES);
            b += vectors * STZ_LANES;
            __builtin_prefetch(prefetch, 0, 3);
            prefetch += 16;
            UNROLL(12)
            for (int m = 0; m < rows; m++) {
                const float *p = m < 3 ? a0 : m < 6 ? a3 : m < 9 ? a6 : a9;
                vf x = bc(p[m % 3 * lda + k]);
                UNROLL(3)
                for (int n = 0; n < vectors; n++)
                    sum[m * vectors + n] = fma_(x, w[n], sum[m * vectors + n]);
            }
        }
    }
    UNROLL(27)
    for (int i = 0; i < rows * vectors; i++)
        st(c + i * STZ_LANES, sum[i]);
}

typedef void (*micro_fn)(const float *const *a, int depth, ptrdiff_t lda, const float *b, float *c,
                         const float *prefetch);
#define MICRO(r, v)                                                                                          \
    static void micro_##r##_##v(const float *const *a, int depth, ptrdiff_t lda, const float *b, float *c,   \
                                const float *prefetch)                                                       \
    {                                                                                                        \
        micro(r, v, 1, a, depth, lda, b, c, prefetch);                                                       \
    }                                                                                                        \
    static void micro3_##r##_##v(const float *const *a, int depth, ptrdiff_t lda, const float *b, float *c,  \
                                 const float *prefetch)                                                      \
    {                                                                                                        \
        micro(r, v, 3, a, depth, lda, b, c, prefetch);                                                       \
    }
#define UP_TO_4(X, v)  X(1, v) X(2, v) X(3, v) X(4, v)
#define UP_TO_6(X, v)  UP_TO_4(X, v) X(5, v) X(6, v)
#define UP_TO_9(X, v)  UP_TO_6(X, v) X(7, v) X(8, v) X(9, v)
#define UP_TO_12(X, v) UP_TO_9(X, v) X(10, v) X(11, v) X(12, v)
#define NAME(r, v)     micro_##r##_##v,
#define NAME3(r, v)    micro3_##r##_##v,

#if STZ_REGS == 32
#define KERNELS2(X) UP_TO_12(X, 2)
#define KERNELS3(X) UP_TO_9(X, 3)
#else
#define KERNELS2(X) UP_TO_6(X, 2)
#define KERNELS3(X) UP_TO_4(X, 3)
#endif
UP_TO_12(MICRO, 1)
KERNELS2(MICRO)
KERNELS3(MICRO)
static const micro_fn micros[4][13] = {{0}, {0, UP_TO_12(NAME, 1)}, {0, KERNELS2(NAME)}, {0, KERNELS3(NAME)}};
static const micro_fn micros3[4][13] = {
    {0}, {0, UP_TO_12(NAME3, 1)}, {0, KERNELS2(NAME3)}, {0, KERNELS3(NAME3)}};

/* The sanitizers would spend most of their time in the loop of micro, so a checked build compiles this file without those
 * that look at memory, and tells them here what a product reads and writes. */
#if defined STZ_CHECKED_ADDRESS
void __asan_loadN(void *at, ptrdiff_t size);
void __asan_storeN(void *at, ptrdiff_t size);
#define READS(at, count)  __asan_loadN((void *)(at), (ptrdiff_t)(count) * (ptrdiff_t)sizeof(float))
#define WRITES(at, count) __asan_storeN(at, (ptrdiff_t)(count) * (ptrdiff_t)sizeof(float))
#elif defined STZ_CHECKED_THREAD
void __tsan_read_range(void *at, ptrdiff_t size);
void __tsan_write_range(void *at, ptrdiff_t size);
#define READS(at, count)  __tsan_read_range((void *)(at), (ptrdiff_t)(count) * (ptrdiff_t)sizeof(float))
#define WRITES(at, count) __tsan_write_range(at, (ptrdiff_t)(count) * (ptrdiff_t)sizeof(float))
#else
#define READS(at, count)  ((void)0)
#define WRITES(at, count) ((void)0)
#endif

INLINE void tell(int vectors, int rows, int depth, int segments, const float *const *a, ptrdiff_t lda,
                 const float *b, float *c)
{
    for (int s = 0; s < segments; s++)
        for (int m = 0; m < rows; m++)
            READS(a[s] + m * lda, depth);
    READS(b, segments * depth * vectors * STZ_LANES);
    WRITES(c, rows * vectors * STZ_LANES);
}

void K(gemm)(int vectors, int rows, int depth, const float *a, ptrdiff_t lda, const float *b, float *c,
             bool stream)
{
    const int max = K(rows_max)[vectors], blocks = (rows + max - 1) / max, columns = vectors * STZ_LANES;
    const ptrdiff_t panel = (ptrdiff_t)depth * columns;
    tell(vectors, rows, depth, 1, &a, lda, b, c);
    for (int i = 0, t = 0; i < blocks; i++) { /* even parts: no tiny block at the end */
        int n = (rows - t + blocks - i - 1) / (blocks - i);
        const float *at = a + t * lda;
        /* Each block asks for a part of the weights to come: two panels ahead when they come from
         * memory, then the next panel. */
        int lines = stz_max(columns / 16, 1), j = stream ? i - lines : i;
        const float *prefetch =
            j < 0 ? b + 2 * panel + (ptrdiff_t)i * depth * 16 : b + panel + (ptrdiff_t)j * depth * 16;
        micros[vectors][n](&at, depth, lda, b, c + (ptrdiff_t)t * columns, prefetch);
        t += n;
    }
}

void K(gemm3)(int vectors, int rows, int depth, const float *const a[3], ptrdiff_t lda, const float *b,
              float *c)
{
    const int max = K(rows_max)[vectors], blocks = (rows + max - 1) / max;
    tell(vectors, rows, depth, 3, a, lda, b, c);
    for (int i = 0, t = 0; i < blocks; i++) {
        int n = (rows - t + blocks - i - 1) / (blocks - i);
        const float *at[3] = {a[0] + t * lda, a[1] + t * lda, a[2] + t * lda};
        micros3[vectors][n](at, depth, lda, b, c + (ptrdiff_t)t * vectors * STZ_LANES,
                            b + (ptrdiff_t)3 * depth * vectors * STZ_LANES);
        t += n;
    }
}
