/* Which kernels this build has, and the choice among them. */
#include "video/kernels.h"

#define TABLE(isa)                                                                                           \
    {                                                                                                        \
        stz_video_search_##isa, stz_video_dense_##isa, stz_video_spread_##isa, stz_video_warp_##isa,         \
            stz_video_show_##isa                                                                             \
    }

/* On ARM the portable ones are NEON: every such processor has it, and the compiler's vectors become it. */
static const stz_video_kernels portable = TABLE(portable);
#if defined(__x86_64__)
static const stz_video_kernels avx2 = TABLE(avx2);
#endif

const stz_video_kernels *stz_video_kernels_of(stz_isa isa)
{
    if (isa == STZ_ISA_PORTABLE)
        return &portable;
#if defined(__x86_64__)
    if (isa == STZ_ISA_AVX2 && stz_cpu_isa() >= STZ_ISA_AVX2)
        return &avx2;
#endif
    return NULL;
}

const stz_video_kernels *stz_video_kernels_get(void)
{
    const stz_video_kernels *best = stz_video_kernels_of(STZ_ISA_AVX2);
    return best ? best : &portable;
}
