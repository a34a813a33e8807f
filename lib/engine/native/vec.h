/*
 * Vectors of STZ_LANES floats. Kernel files are compiled once per instruction set; the compiler's flags
 * choose the section below: AVX-512 (16 lanes), AVX2 with FMA (8), NEON (4), and plain C with the
 * compiler's vector types (4), which are WebAssembly's SIMD128 too: the same results to the last bit. Arithmetic (+ - *) is written with operators everywhere.
 */
#ifndef STZ_VEC_H
#define STZ_VEC_H

#include <stdint.h>
#include <string.h>

#ifndef STZ_SUFFIX /* given by the build: the name of the instruction set */
#define STZ_SUFFIX portable
#endif
#define STZ_PASTE2(a, b) stz_##a##_##b
#define STZ_PASTE(a, b)  STZ_PASTE2(a, b)
#define K(name)          STZ_PASTE(name, STZ_SUFFIX) /* a kernel's name in this instruction set */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define INLINE static inline /* checked code is slow anyway, and would take minutes to compile */
#else
#define INLINE static inline __attribute__((always_inline))
#endif

/* Arrays of vectors stay in registers only if the loops over them are fully unrolled, and gcc and
 * clang each ignore the other's spelling. */
#define STZ_PRAGMA(x) _Pragma(#x)
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNROLL(n)
#elif defined(__clang__)
#define UNROLL(n) STZ_PRAGMA(clang loop unroll(full))
#else
#define UNROLL(n) STZ_PRAGMA(GCC unroll n)
#endif

#if defined(__AVX512F__) && !defined(STZ_PORTABLE)
#include <immintrin.h>
#define STZ_LANES 16
#define STZ_REGS  32
typedef __m512 vf;
typedef int32_t vi __attribute__((vector_size(64)));
INLINE vf ld(const float *p) { return _mm512_loadu_ps(p); }
INLINE void st(float *p, vf v) { _mm512_storeu_ps(p, v); }
INLINE vf bc(float x) { return _mm512_set1_ps(x); }
INLINE vf fma_(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
INLINE vf vmax(vf a, vf b) { return _mm512_max_ps(a, b); }
INLINE vf vmin(vf a, vf b) { return _mm512_min_ps(a, b); }
INLINE vf where_above(vf a, vf b, vf x) { return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, b, 30), x); }
INLINE vf ld_u8(const uint8_t *p)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)));
}
/* v holds values from 0 to 255: rounded to the nearest integer. */
INLINE void st_u8(uint8_t *p, vf v)
{
    _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v)));
}
INLINE vf ld_half(const uint16_t *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)); }
INLINE void st_half(uint16_t *p, vf v) { _mm256_storeu_si256((__m256i *)p, _mm512_cvtps_ph(v, 0)); }
INLINE void transpose(vf r[16]) /* lane j of r[i] and lane i of r[j] change places */
{
    vf t[16];
    UNROLL(8)
    for (int i = 0; i < 8; i++) {
        t[2 * i] = _mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]);
    }
    UNROLL(4)
    for (int i = 0; i < 4; i++) {
        __m512d a0 = _mm512_castps_pd(t[4 * i]), a1 = _mm512_castps_pd(t[4 * i + 1]);
        __m512d b0 = _mm512_castps_pd(t[4 * i + 2]), b1 = _mm512_castps_pd(t[4 * i + 3]);
        r[4 * i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a0, b0));
        r[4 * i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a0, b0));
        r[4 * i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(a1, b1));
        r[4 * i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(a1, b1));
    }
    UNROLL(4)
    for (int i = 0; i < 4; i++) {
        t[i] = _mm512_shuffle_f32x4(r[i], r[4 + i], 0x88);
        t[4 + i] = _mm512_shuffle_f32x4(r[i], r[4 + i], 0xdd);
        t[8 + i] = _mm512_shuffle_f32x4(r[8 + i], r[12 + i], 0x88);
        t[12 + i] = _mm512_shuffle_f32x4(r[8 + i], r[12 + i], 0xdd);
    }
    UNROLL(4)
    for (int i = 0; i < 4; i++) {
        r[i] = _mm512_shuffle_f32x4(t[i], t[8 + i], 0x88);
        r[8 + i] = _mm512_shuffle_f32x4(t[i], t[8 + i], 0xdd);
        r[4 + i] = _mm512_shuffle_f32x4(t[4 + i], t[12 + i], 0x88);
        r[12 + i] = _mm512_shuffle_f32x4(t[4 + i], t[12 + i], 0xdd);
    }
}

#elif defined(__AVX2__) && defined(__FMA__) && !defined(STZ_PORTABLE)
#include <immintrin.h>
#define STZ_LANES 8
#define STZ_REGS  16
typedef __m256 vf;
typedef int32_t vi __attribute__((vector_size(32)));
INLINE vf ld(const float *p) { return _mm256_loadu_ps(p); }
INLINE void st(float *p, vf v) { _mm256_storeu_ps(p, v); }
INLINE vf bc(float x) { return _mm256_set1_ps(x); }
INLINE vf fma_(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
INLINE vf vmax(vf a, vf b) { return _mm256_max_ps(a, b); }
INLINE vf vmin(vf a, vf b) { return _mm256_min_ps(a, b); }
INLINE vf where_above(vf a, vf b, vf x) { return _mm256_and_ps(_mm256_cmp_ps(a, b, 30), x); }
INLINE vf ld_u8(const uint8_t *p)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}
INLINE void st_u8(uint8_t *p, vf v)
{
    __m256i i = _mm256_cvtps_epi32(v);
    __m128i w = _mm_packs_epi32(_mm256_castsi256_si128(i), _mm256_extracti128_si256(i, 1));
    _mm_storel_epi64((__m128i *)p, _mm_packus_epi16(w, w));
}
INLINE vf ld_half(const uint16_t *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }
INLINE void st_half(uint16_t *p, vf v) { _mm_storeu_si128((__m128i *)p, _mm256_cvtps_ph(v, 0)); }
INLINE void transpose(vf r[8])
{
    vf t[8], s[8];
    UNROLL(4)
    for (int i = 0; i < 4; i++) {
        t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
    }
    UNROLL(2)
    for (int i = 0; i < 2; i++) {
        s[4 * i] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0x44);
        s[4 * i + 1] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0xee);
        s[4 * i + 2] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0x44);
        s[4 * i + 3] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0xee);
    }
    UNROLL(4)
    for (int i = 0; i < 4; i++) {
        r[i] = _mm256_permute2f128_ps(s[i], s[4 + i], 0x20);
        r[4 + i] = _mm256_permute2f128_ps(s[i], s[4 + i], 0x31);
    }
}

#elif defined(__aarch64__) && !defined(STZ_PORTABLE)
#include <arm_neon.h>
#define STZ_LANES 4
#define STZ_REGS  32
typedef float32x4_t vf;
typedef int32_t vi __attribute__((vector_size(16)));
INLINE vf ld(const float *p) { return vld1q_f32(p); }
INLINE void st(float *p, vf v) { vst1q_f32(p, v); }
INLINE vf bc(float x) { return vdupq_n_f32(x); }
INLINE vf fma_(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
INLINE vf vmax(vf a, vf b) { return vmaxq_f32(a, b); }
INLINE vf vmin(vf a, vf b) { return vminq_f32(a, b); }
INLINE vf where_above(vf a, vf b, vf x) { return (vf)((vi)vcgtq_f32(a, b) & (vi)x); }
INLINE vf ld_u8(const uint8_t *p)
{
    uint32_t w;
    memcpy(&w, p, 4);
    return vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(vcreate_u8(w)))));
}
INLINE void st_u8(uint8_t *p, vf v)
{
    uint16x4_t h = vmovn_u32(vcvtnq_u32_f32(v));
    uint8x8_t b = vmovn_u16(vcombine_u16(h, h));
    uint32_t w = vget_lane_u32(vreinterpret_u32_u8(b), 0);
    memcpy(p, &w, 4);
}
INLINE vf ld_half(const uint16_t *p)
{
    float16x4_t h;
    memcpy(&h, p, 8);
    return vcvt_f32_f16(h);
}
INLINE void st_half(uint16_t *p, vf v)
{
    float16x4_t h = vcvt_f16_f32(v);
    memcpy(p, &h, 8);
}
INLINE void transpose(vf r[4])
{
    float32x4x2_t a = vtrnq_f32(r[0], r[1]), b = vtrnq_f32(r[2], r[3]);
    r[0] = vcombine_f32(vget_low_f32(a.val[0]), vget_low_f32(b.val[0]));
    r[1] = vcombine_f32(vget_low_f32(a.val[1]), vget_low_f32(b.val[1]));
    r[2] = vcombine_f32(vget_high_f32(a.val[0]), vget_high_f32(b.val[0]));
    r[3] = vcombine_f32(vget_high_f32(a.val[1]), vget_high_f32(b.val[1]));
}

#else
#define STZ_LANES   4
#define STZ_REGS    16
#define STZ_NO_HALF 1   /* no conversion worth having: precision fp16 is run as fp32 */
typedef float vf __attribute__((vector_size(16)));
typedef int32_t vi __attribute__((vector_size(16)));
INLINE vf ld(const float *p)
{
    vf v;
    memcpy(&v, p, sizeof v);
    return v;
}
INLINE void st(float *p, vf v) { memcpy(p, &v, sizeof v); }
INLINE vf bc(float x) { return (vf){x, x, x, x}; }
INLINE vf fma_(vf a, vf b, vf c) { return a * b + c; }
INLINE vf vselect(vi mask, vf a, vf b) { return (vf)((mask & (vi)a) | (~mask & (vi)b)); }
INLINE vf where_above(vf a, vf b, vf x) { return (vf)((vi)(a > b) & (vi)x); }
#ifdef __wasm_simd128__ /* what the compiler does not find by itself */
#include <wasm_simd128.h>
INLINE vf vmax(vf a, vf b) { return (vf)wasm_f32x4_pmax((v128_t)b, (v128_t)a); }
INLINE vf vmin(vf a, vf b) { return (vf)wasm_f32x4_pmin((v128_t)b, (v128_t)a); }
INLINE vf ld_u8(const uint8_t *p)
{
    const v128_t bytes = wasm_v128_load32_zero(p);
    return (vf)wasm_f32x4_convert_u32x4(wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(bytes)));
}
INLINE void st_u8(uint8_t *p, vf v)
{
    const v128_t words = wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest((v128_t)v));
    const v128_t halves = wasm_i16x8_narrow_i32x4(words, words);
    wasm_v128_store32_lane(p, wasm_u8x16_narrow_i16x8(halves, halves), 0);
}
INLINE void transpose(vf r[4])
{
    const v128_t a = (v128_t)r[0], b = (v128_t)r[1], c = (v128_t)r[2], d = (v128_t)r[3];
    const v128_t ab_low = wasm_i32x4_shuffle(a, b, 0, 4, 1, 5),
                 ab_high = wasm_i32x4_shuffle(a, b, 2, 6, 3, 7);
    const v128_t cd_low = wasm_i32x4_shuffle(c, d, 0, 4, 1, 5),
                 cd_high = wasm_i32x4_shuffle(c, d, 2, 6, 3, 7);
    r[0] = (vf)wasm_i64x2_shuffle(ab_low, cd_low, 0, 2);
    r[1] = (vf)wasm_i64x2_shuffle(ab_low, cd_low, 1, 3);
    r[2] = (vf)wasm_i64x2_shuffle(ab_high, cd_high, 0, 2);
    r[3] = (vf)wasm_i64x2_shuffle(ab_high, cd_high, 1, 3);
}
#else
INLINE vf vmax(vf a, vf b) { return vselect(a > b, a, b); }
INLINE vf vmin(vf a, vf b) { return vselect(a < b, a, b); }
INLINE vf ld_u8(const uint8_t *p) { return (vf){p[0], p[1], p[2], p[3]}; }
INLINE void st_u8(uint8_t *p, vf v)
{
    vi i = (vi)(v + bc(8388608.f)); /* adding 2^23 leaves the rounded integer in the low bits */
    for (int l = 0; l < 4; l++)
        p[l] = (uint8_t)i[l];
}
INLINE void transpose(vf r[4])
{
    float t[4][4];
    for (int i = 0; i < 4; i++)
        st(t[i], r[i]);
    for (int i = 0; i < 4; i++)
        r[i] = (vf){t[0][i], t[1][i], t[2][i], t[3][i]};
}
#endif
#endif

INLINE vf zero(void) { return bc(0.f); }
/* where_above(a, b, x): x in the lanes where a > b, else 0 */

/* Activations are stored as elem_t: float, or half precision in the kernels of precision fp16. */
#ifdef STZ_HALF
typedef uint16_t elem_t;
INLINE vf ld_elem(const elem_t *p) { return ld_half(p); }
INLINE void st_elem(elem_t *p, vf v) { st_half(p, v); }
#else
typedef float elem_t;
INLINE vf ld_elem(const elem_t *p) { return ld(p); }
INLINE void st_elem(elem_t *p, vf v) { st(p, v); }
#endif

/* 1 / (1 + exp(-x)), relative error below 3e-7. */
INLINE vf sigmoid(vf x)
{
    const vf magic = bc(12582912.f); /* 1.5 * 2^23: rounds to an integer that stands in the low bits */
    vf t = vmax(vmin(x * bc(-1.44269504f), bc(126.f)), bc(-126.f));
    vf r = t + magic;
    vf f = (t - (r - magic)) * bc(0.693147181f);
    vf p = fma_(f, bc(1.f / 5040), bc(1.f / 720));
    p = fma_(p, f, bc(1.f / 120));
    p = fma_(p, f, bc(1.f / 24));
    p = fma_(p, f, bc(1.f / 6));
    p = fma_(p, f, bc(.5f));
    p = fma_(p, f, bc(1.f));
    p = fma_(p, f, bc(1.f));
    vf e = (vf)((vi)p + ((vi)r << 23));
    return bc(1.f) / (bc(1.f) + e);
}

#endif
