/*
 * Vectors of eight floats for the kernels of this room, in the compiler's own notation: two registers of SSE2 or NEON,
 * one of AVX2. Kernel files (k_*.c) are compiled once for each instruction set.
 */
#ifndef STZ_VIDEO_LANES_H
#define STZ_VIDEO_LANES_H

#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi" /* vectors are handed over differently with AVX: all is inlined */
#endif

#ifndef STZ_SUFFIX /* given by the build: the name of the instruction set */
#define STZ_SUFFIX portable
#endif
#define STZ_PASTE2(a, b) stz_##a##_##b
#define STZ_PASTE(a, b)  STZ_PASTE2(a, b)
#define K(name)          STZ_PASTE(name, STZ_SUFFIX) /* a kernel's name in this instruction set */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define INLINE static inline
#else
#define INLINE static inline __attribute__((always_inline))
#endif

typedef float v8 __attribute__((vector_size(32)));
typedef int32_t i8 __attribute__((vector_size(32)));
typedef int16_t s8 __attribute__((vector_size(16)));

INLINE v8 ld8(const float *p)
{
    v8 v;
    memcpy(&v, p, sizeof v);
    return v;
}
INLINE void st8(float *p, v8 v) { memcpy(p, &v, sizeof v); }
INLINE v8 bc8(float x) { return (v8){x, x, x, x, x, x, x, x}; }
INLINE v8 select8(i8 mask, v8 a, v8 b) { return (v8)((mask & (i8)a) | (~mask & (i8)b)); }
INLINE v8 max8(v8 a, v8 b) { return select8(a > b, a, b); }
INLINE v8 min8(v8 a, v8 b) { return select8(a < b, a, b); }
INLINE v8 abs8(v8 a) { return max8(a, -a); }
INLINE float sum8(v8 v) { return ((v[0] + v[4]) + (v[1] + v[5])) + ((v[2] + v[6]) + (v[3] + v[7])); }
INLINE v8 ld_s8(const int16_t *p) /* eight 16-bit integers */
{
    s8 v;
    memcpy(&v, p, sizeof v);
    return __builtin_convertvector(__builtin_convertvector(v, i8), v8);
}

#endif
