/*
 * For tuning, not a test: how fast this CPU multiplies 8-bit integers in registers, beside fp32. A direct
 * 3x3 takes 9 products an output where F(6,3) in fp32 takes 1.78, so integers pay from 5.06 times the rate.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#if defined(__x86_64__)
#include <immintrin.h>

#define CHAINS 10 /* enough to hide the latency of every instruction below */
#define ROUNDS 200000000

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#define EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) /* CHAINS of them */

/* 1e9 operations a second of `step` on accumulators in registers; a multiply-add counts as two. The empty asm
 * makes each factor new to the compiler, so that no product is reused. */
#define MEASURE(name, isa, type, zero, init, step, lanes)                                                    \
    __attribute__((target(isa), noinline)) static double name(void)                                          \
    {                                                                                                        \
        const type b = init;                                                                                 \
        type a = init, c0 = zero, c1 = zero, c2 = zero, c3 = zero, c4 = zero, c5 = zero, c6 = zero,          \
             c7 = zero, c8 = zero, c9 = zero;                                                                \
        const double start = now();                                                                          \
        for (long r = 0; r < ROUNDS / CHAINS; r++) {                                                         \
            EACH(STEP_##step)                                                                                \
        }                                                                                                    \
        __asm__ volatile("" ::"x"(c0), "x"(c1), "x"(c2), "x"(c3), "x"(c4), "x"(c5), "x"(c6), "x"(c7),        \
                         "x"(c8), "x"(c9));                                                                  \
        return 2.0 * (lanes)*ROUNDS / (now() - start) * 1e-9;                                                \
    }

#define STEP(i, function)                                                                                    \
    __asm__ volatile("" : "+x"(a));                                                                          \
    c##i = function(c##i, a, b);
#define STEP_FMA8(i)   STEP(i, FMA8)
#define STEP_MADD8(i)  STEP(i, MADD8)
#define STEP_MADD16(i) STEP(i, MADD16)
#define STEP_VNNI8(i)  STEP(i, _mm256_dpbusd_epi32)
#define STEP_FMA16(i)  STEP(i, FMA16)
#define STEP_VNNI16(i) STEP(i, _mm512_dpbusd_epi32)

#define FMA8(c, a, b)   _mm256_fmadd_ps(a, b, c)
#define MADD8(c, a, b)  _mm256_add_epi32(c, _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), b))
#define MADD16(c, a, b) _mm256_add_epi32(c, _mm256_madd_epi16(a, b))
MEASURE(fp32_avx2, "avx2,fma", __m256, _mm256_setzero_ps(), _mm256_set1_ps(0.5f), FMA8, 8)
MEASURE(int8_avx2, "avx2", __m256i, _mm256_setzero_si256(), _mm256_set1_epi8(1), MADD8, 32)
MEASURE(int16_avx2, "avx2", __m256i, _mm256_setzero_si256(), _mm256_set1_epi8(1), MADD16, 16)
MEASURE(vnni_256, "avx512vl,avx512vnni", __m256i, _mm256_setzero_si256(), _mm256_set1_epi8(1), VNNI8, 32)

#define FMA16(c, a, b) _mm512_fmadd_ps(a, b, c)
MEASURE(fp32_avx512, "avx512f", __m512, _mm512_setzero_ps(), _mm512_set1_ps(0.5f), FMA16, 16)
MEASURE(vnni_512, "avx512f,avx512vnni", __m512i, _mm512_setzero_si512(), _mm512_set1_epi8(1), VNNI16, 64)

static void row(const char *name, double rate, double fp32)
{
    printf("%-34s %7.0f %6.2f x fp32\n", name, rate, rate / fp32);
}

int main(void)
{
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return printf("this CPU has no AVX2\n"), 0;
    const double narrow = fp32_avx2();
    row("AVX2 fp32", narrow, narrow);
    row("AVX2 int16 (madd, add)", int16_avx2(), narrow);
    row("AVX2 int8 (maddubs, madd, add)", int8_avx2(), narrow);
    if (!__builtin_cpu_supports("avx512vnni") || !__builtin_cpu_supports("avx512vl"))
        return 0;
    row("256-bit VNNI int8", vnni_256(), narrow);
    const double wide = fp32_avx512();
    row("AVX-512 fp32", wide, wide);
    row("512-bit VNNI int8", vnni_512(), wide);
    return 0;
}
#else
int main(void) { return printf("x86-64 only\n"), 0; }
#endif
