/* The instruction set a kernel file is compiled for, as stz_isa. */
#ifndef STZ_K_TABLE_H
#define STZ_K_TABLE_H

#if STZ_LANES == 16
#define STZ_ISA_ID STZ_ISA_AVX512
#elif STZ_LANES == 8
#define STZ_ISA_ID STZ_ISA_AVX2
#elif defined(__aarch64__) && !defined(STZ_PORTABLE)
#define STZ_ISA_ID STZ_ISA_NEON
#else
#define STZ_ISA_ID STZ_ISA_PORTABLE
#endif

void K(first9)(void *arg, int item, void *scratch);
void K(last9)(void *arg, int item, void *scratch);
void K(weights)(const stz_weight_job *job);

#endif
