/* What this machine offers: instruction sets, caches, processors that the process may use. */
#ifndef STZ_CPU_H
#define STZ_CPU_H

#include <stddef.h>

typedef enum stz_isa { STZ_ISA_PORTABLE, STZ_ISA_NEON, STZ_ISA_AVX2, STZ_ISA_AVX512 } stz_isa;

/* The best instruction set of this CPU that this build has; STYLIZE_CPU (portable, neon, avx2,
 * avx512) chooses a lower one. A name that is unknown or not to be had is ignored. */
stz_isa stz_cpu_isa(void);
const char *stz_isa_name(stz_isa isa);
/* "avx512f avx512bw ... avx2 fma": what the CPU has, for people. */
void stz_cpu_features(char *text, size_t size);
/* "AMD EPYC ...", as the system names it. */
void stz_cpu_name(char *text, size_t size);
/* Processors that this process may use: affinity mask and cgroup CPU quota counted; 1 or more. */
int stz_cpu_count(void);
/* Bytes of the second-level cache of a core, a usual value if not known. */
size_t stz_cpu_l2(void);

/* The parts of the above that read /proc and /sys, with another root folder for tests ("" is the
 * real one). Quota: processors that the cgroups allow, rounded up; 0: no limit. L2: 0: not known. */
int stz_cpu_quota_under(const char *root);
size_t stz_cpu_l2_under(const char *root);

#endif
