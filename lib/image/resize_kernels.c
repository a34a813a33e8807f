#include "base/cpu.h"
#include "image/resize.h"

#define DOWN_ROUND   (1 << (STZ_COEF_BITS - STZ_TEMP_BITS - 1))
#define DOWN_SHIFT   (STZ_COEF_BITS - STZ_TEMP_BITS)
#define ACROSS_ROUND (1 << (STZ_COEF_BITS + STZ_TEMP_BITS - 1))
#define ACROSS_SHIFT (STZ_COEF_BITS + STZ_TEMP_BITS)
#define BLOCK        64u

static inline uint8_t to_byte(int32_t sum)
{
    return (uint8_t)stz_clamp((sum + ACROSS_ROUND) >> ACROSS_SHIFT, 0, 255);
}

/* Sums of a block stay in registers or the nearest cache while the rows pass by. */
static void down_portable(const uint8_t *src, size_t stride, const int16_t *coef, uint32_t count,
                          int16_t *temp, size_t n)
{
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t length = n - at < BLOCK ? n - at : BLOCK;
        int32_t sum[BLOCK] = {0};
        for (uint32_t k = 0; k < count; k++) {
            const uint8_t *row = src + k * stride + at;
            for (size_t i = 0; i < length; i++)
                sum[i] += coef[k] * row[i];
        }
        for (size_t i = 0; i < length; i++)
            temp[at + i] = (int16_t)stz_clamp((sum[i] + DOWN_ROUND) >> DOWN_SHIFT, INT16_MIN, INT16_MAX);
    }
}

static inline void across_any(const int16_t *temp, const stz_taps *taps, int bpp, uint8_t *out)
{
    for (uint32_t x = 0; x < taps->outputs; x++, out += bpp) {
        const int16_t *from = temp + (size_t)taps->first[x] * (size_t)bpp;
        const int16_t *coef = taps->coef + (size_t)x * taps->step;
        int32_t sum[4] = {0};
        for (uint32_t k = 0; k < taps->count[x]; k++, from += bpp)
            for (int c = 0; c < bpp; c++)
                sum[c] += coef[k] * from[c];
        for (int c = 0; c < bpp; c++)
            out[c] = to_byte(sum[c]);
    }
}

static void across_portable(const int16_t *temp, const stz_taps *taps, int bpp, uint8_t *out)
{
    switch (bpp) { /* constants, for the compiler */
    case 1:
        across_any(temp, taps, 1, out);
        break;
    case 3:
        across_any(temp, taps, 3, out);
        break;
    default:
        across_any(temp, taps, 4, out);
        break;
    }
}

const stz_resize_kernels stz_resize_portable = {down_portable, across_portable};

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2")))

/* Adds 32 bytes of two rows, as pairs, times their two coefficients. The sums are in the order
 * that the unpacking leaves; pack_32 puts them right. */
AVX2 static inline void add_pair(__m256i sum[4], const uint8_t *a, const uint8_t *b, __m256i coef)
{
    const __m256i zero = _mm256_setzero_si256();
    __m256i ra = _mm256_loadu_si256((const __m256i *)a), rb = _mm256_loadu_si256((const __m256i *)b);
    __m256i low = _mm256_unpacklo_epi8(ra, rb), high = _mm256_unpackhi_epi8(ra, rb);
    sum[0] = _mm256_add_epi32(sum[0], _mm256_madd_epi16(_mm256_unpacklo_epi8(low, zero), coef));
    sum[1] = _mm256_add_epi32(sum[1], _mm256_madd_epi16(_mm256_unpackhi_epi8(low, zero), coef));
    sum[2] = _mm256_add_epi32(sum[2], _mm256_madd_epi16(_mm256_unpacklo_epi8(high, zero), coef));
    sum[3] = _mm256_add_epi32(sum[3], _mm256_madd_epi16(_mm256_unpackhi_epi8(high, zero), coef));
}

AVX2 static inline void pack_32(const __m256i sum[4], int16_t *temp)
{
    __m256i a =
        _mm256_packs_epi32(_mm256_srai_epi32(sum[0], DOWN_SHIFT), _mm256_srai_epi32(sum[1], DOWN_SHIFT));
    __m256i b =
        _mm256_packs_epi32(_mm256_srai_epi32(sum[2], DOWN_SHIFT), _mm256_srai_epi32(sum[3], DOWN_SHIFT));
    _mm256_storeu_si256((__m256i *)temp, _mm256_permute2x128_si256(a, b, 0x20));
    _mm256_storeu_si256((__m256i *)(temp + 16), _mm256_permute2x128_si256(a, b, 0x31));
}

AVX2 static inline __m256i coef_pair(const int16_t *coef)
{
    int32_t pair;
    memcpy(&pair, coef, sizeof pair);
    return _mm256_set1_epi32(pair);
}

AVX2 static void down_avx2(const uint8_t *src, size_t stride, const int16_t *coef, uint32_t count,
                           int16_t *temp, size_t n)
{
    size_t at = 0;
    const __m256i round = _mm256_set1_epi32(DOWN_ROUND);
    for (; at + BLOCK <= n; at += BLOCK) {
        __m256i left[4] = {round, round, round, round}, right[4] = {round, round, round, round};
        const uint8_t *a = src + at;
        for (uint32_t k = 0; k < count; k += 2, a += 2 * stride) {
            const uint8_t *b = k + 1 < count ? a + stride : a; /* an odd last row: its pair counts 0 */
            __m256i c = coef_pair(coef + k);
            add_pair(left, a, b, c);
            add_pair(right, a + 32, b + 32, c);
        }
        pack_32(left, temp + at);
        pack_32(right, temp + at + 32);
    }
    if (at < n)
        down_portable(src + at, stride, coef, count, temp + at, n - at);
}

/* Three or four channels: each half of a register takes two pixels, brings the channels together
 * and multiplies with two coefficients, so four taps a step. */
AVX2 static inline void across_pixels(const int16_t *temp, const stz_taps *taps, int bpp, uint8_t *out)
{
    const __m256i pixels3 =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, -1, -1, -1, -1));
    const __m256i pixels4 =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15));
    const __m256i pixels = bpp == 3 ? pixels3 : pixels4;
    const __m256i pairs = _mm256_setr_epi8(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5,
                                           6, 7, 4, 5, 6, 7, 4, 5, 6, 7);
    for (uint32_t x = 0; x < taps->outputs; x++, out += bpp) {
        const int16_t *from = temp + (size_t)taps->first[x] * (size_t)bpp;
        const int16_t *coef = taps->coef + (size_t)x * taps->step;
        __m256i sum = _mm256_setzero_si256();
        for (uint32_t k = 0; k < taps->count[x]; k += STZ_TAPS_STEP, from += STZ_TAPS_STEP * bpp) {
            __m256i v =
                _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)from)),
                                        _mm_loadu_si128((const __m128i *)(from + 2 * bpp)), 1);
            long long four;
            memcpy(&four, coef + k, sizeof four);
            __m256i c = _mm256_shuffle_epi8(_mm256_set1_epi64x(four), pairs);
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_shuffle_epi8(v, pixels), c));
        }
        __m128i total = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
        total = _mm_srai_epi32(_mm_add_epi32(total, _mm_set1_epi32(ACROSS_ROUND)), ACROSS_SHIFT);
        total = _mm_packus_epi16(_mm_packs_epi32(total, total), total);
        uint32_t bytes = (uint32_t)_mm_cvtsi128_si32(total);
        memcpy(out, &bytes, (size_t)bpp);
    }
}

AVX2 static void across_avx2(const int16_t *temp, const stz_taps *taps, int bpp, uint8_t *out)
{
    switch (bpp) {
    case 1:
        across_any(temp, taps, 1, out);
        break;
    case 3:
        across_pixels(temp, taps, 3, out);
        break;
    default:
        across_pixels(temp, taps, 4, out);
        break;
    }
}

const stz_resize_kernels *stz_resize_best(void)
{
    static const stz_resize_kernels avx2 = {down_avx2, across_avx2};
    return stz_cpu_isa() >= STZ_ISA_AVX2 ? &avx2 : &stz_resize_portable;
}

#else

const stz_resize_kernels *stz_resize_best(void) { return &stz_resize_portable; }

#endif
