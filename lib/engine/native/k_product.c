/* Matrix products that add to what is there, with any steps between the elements of the left factor. */
#include "engine/native/k_internal.h"

INLINE void micro(const int rows, const int vectors, const stz_product *p, int m, int n)
{
    vf sum[24];
    const float *a = p->a + m * p->am, *b = p->b + n;
    UNROLL(24)
    for (int i = 0; i < rows * vectors; i++)
        sum[i] = zero();
    for (int k = 0; k < p->depth; k++, a += p->ak, b += p->ldb) {
        vf w[2];
        UNROLL(2)
        for (int v = 0; v < vectors; v++)
            w[v] = ld(b + v * STZ_LANES);
        UNROLL(12)
        for (int i = 0; i < rows; i++) {
            const vf x = bc(a[i * p->am]);
            UNROLL(2)
            for (int v = 0; v < vectors; v++)
                sum[i * vectors + v] = fma_(x, w[v], sum[i * vectors + v]);
        }
    }
    for (int i = 0; i < rows; i++) {
        float *c = p->c + (m + i) * p->ldc + n;
        UNROLL(2)
        for (int v = 0; v < vectors; v++)
            st(c + v * STZ_LANES, ld(c + v * STZ_LANES) + sum[i * vectors + v]);
    }
}

typedef void (*micro_fn)(const stz_product *p, int m, int n);
#define MICRO(r, v)                                                                                          \
    static void micro_##r##_##v(const stz_product *p, int m, int n) { micro(r, v, p, m, n); }
MICRO(1, 1)
MICRO(1, 2)
MICRO(4, 1)
MICRO(4, 2)
#if STZ_REGS == 32
MICRO(8, 1)
MICRO(8, 2)
MICRO(12, 1)
MICRO(12, 2)
#endif

/* The largest number of rows that there is code for. */
static int most_rows(int left)
{
#if STZ_REGS == 32
    if (left >= 12 && left != 16)
        return 12;
    if (left >= 8)
        return 8;
#endif
    return left >= 4 ? 4 : 1;
}

static micro_fn choose(int rows, int vectors)
{
#if STZ_REGS == 32
    if (rows == 12)
        return vectors == 2 ? micro_12_2 : micro_12_1;
    if (rows == 8)
        return vectors == 2 ? micro_8_2 : micro_8_1;
#endif
    if (rows == 4)
        return vectors == 2 ? micro_4_2 : micro_4_1;
    return vectors == 2 ? micro_1_2 : micro_1_1;
}

void K(product)(const stz_product *p)
{
    for (int n = 0; n < p->columns;) {
        const int vectors = p->columns - n >= 2 * STZ_LANES ? 2 : 1;
        for (int m = 0; m < p->rows;) {
            const int rows = most_rows(p->rows - m);
            choose(rows, vectors)(p, m, n);
            m += rows;
        }
        n += vectors * STZ_LANES;
    }
}
