/* Which kernels this build has, and the choice among them. */
#include "engine/native/kernel.h"

static const stz_kernels *built(stz_isa isa, bool half)
{
    switch (isa) {
    case STZ_ISA_PORTABLE:
        return &stz_kernels_portable;
#if defined(__x86_64__)
    case STZ_ISA_AVX512:
        return half ? &stz_kernels_avx512_half : &stz_kernels_avx512;
    case STZ_ISA_AVX2:
        return half ? &stz_kernels_avx2_half : &stz_kernels_avx2;
#elif defined(__aarch64__)
    case STZ_ISA_NEON:
        return half ? &stz_kernels_neon_half : &stz_kernels_neon;
#endif
    default:
        return NULL;
    }
}

const stz_kernels *stz_kernels_of(stz_isa isa, bool half)
{
    return isa <= stz_cpu_isa() ? built(isa, half) : NULL;
}

const stz_kernels *stz_kernels_get(bool half)
{
    const stz_kernels *k = built(stz_cpu_isa(), half);
    return k ? k : &stz_kernels_portable;
}
