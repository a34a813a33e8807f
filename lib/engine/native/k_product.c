/* Matrix products that add to what is there, with any steps between the elements of the left factor. */
#include "engine/native/k_internal.h"

/* near: rows of the left factor are neighbours, otherwise its columns are. */
INLINE void micro(const int rows, const int vectors, const bool near, const stz_product *p, int m, int n)
{
    vf sum[24];
    const ptrdiff_t am = near ? 1 : p->am, ak = near ? p->ak : 1;
    const float *a = p->a + m * am, *b = p->b + n;
    UNROLL(24)
    for (int i = 0; i < rows * vectors; i++)
        sum[i] = zero();
    for (int k = 0; k < p->depth; k++, a += ak, b += p->ldb) {
        vf w[3];
        UNROLL(3)
        for (int v = 0; v < vectors; v++)
            w[v] = ld(b + v * STZ_LANES);
        UNROLL(12)
        for (int i = 0; i < rows; i++) {
            const vf x = bc(a[i * am]);
            UNROLL(3)
            for (int v = 0; v < vectors; v++)
                sum[i * vectors + v] = fma_(x, w[v], sum[i * vectors + v]);
        }
    }
    for (int i = 0; i < rows; i++) {
        float *c = p->c + (m + i) * p->ldc + n;
        UNROLL(3)
        for (int v = 0; v < vectors; v++)
            st(c + v * STZ_LANES, ld(c + v * STZ_LANES) + sum[i * vectors + v]);
    }
}

typedef void (*micro_fn)(const stz_product *p, int m, int n);
#define MICRO(r, v)                                                                                          \
    static void near_##r##_##v(const stz_product *p, int m, int n) { micro(r, v, true, p, m, n); }           \
    static void far_##r##_##v(const stz_product *p, int m, int n) { micro(r, v, false, p, m, n); }
#define NAMES(r)                                                                                             \
    {                                                                                                        \
        {near_##r##_1, far_##r##_1}, {near_##r##_2, far_##r##_2}, { near_##r##_3, far_##r##_3 }              \
    }

#if STZ_REGS == 32 /* as many sums as stay in registers */
#define MOST  8
#define TWICE 12 /* rows of two vectors or one */
MICRO(8, 1)
MICRO(8, 2)
MICRO(8, 3)
MICRO(12, 1)
MICRO(12, 2)
#define far_12_3  far_8_3
#define near_12_3 near_8_3
#else
#define MOST  4
#define TWICE 4
#endif
MICRO(1, 1)
MICRO(1, 2)
MICRO(1, 3)
MICRO(4, 1)
MICRO(4, 2)
#if STZ_REGS == 32
MICRO(4, 3)
#else
#define far_4_3  far_4_2 /* not used */
#define near_4_3 near_4_2
#endif

static int most_rows(int left, int vectors)
{
    if (vectors < 3 && left >= TWICE && left != 16)
        return TWICE;
    return left >= MOST ? MOST : left >= 4 ? 4 : 1;
}

static micro_fn choose(int rows, int vectors, bool near)
{
    static const micro_fn fns[][3][2] = {
        NAMES(1),
        NAMES(4),
#if STZ_REGS == 32
        NAMES(8),
        NAMES(12)
#endif
    };
    const int index = rows == 1 ? 0 : rows == 4 ? 1 : rows == 8 ? 2 : 3;
    return fns[index][vectors - 1][near ? 0 : 1];
}

void K(product)(const stz_product *p)
{
    const bool many_registers = STZ_REGS == 32;
    for (int n = 0; n < p->columns;) {
        const int left = (p->columns - n) / STZ_LANES;
        const int vectors = many_registers && left % 2 && left >= 3 ? 3 : left >= 2 ? 2 : 1;
        for (int m = 0; m < p->rows;) {
            const int rows = most_rows(p->rows - m, vectors);
            choose(rows, vectors, p->am == 1)(p, m, n);
            m += rows;
        }
        n += vectors * STZ_LANES;
    }
}
