#include "base/cpu.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/common.h"
#include "base/os.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

/* ------------------------------------------------------------------ instruction sets */

#if defined(__x86_64__)

/* One cpuid bit. word: which of the registers below. */
typedef struct feature {
    const char *name;
    uint8_t word, bit;
    uint8_t state; /* XCR0 bits the system must save: 0 none, 6 ymm, 0xe6 zmm as well */
    uint8_t level; /* part of the level STZ_ISA_AVX2 or STZ_ISA_AVX512, or 0 */
} feature;

enum { LEAF1_ECX, LEAF7_EBX, LEAF7_ECX, LEAF7_EDX, EXT1_ECX, WORDS };
#define YMM 0x06
#define ZMM 0xe6

/* The levels are those of the x86-64 psABI (v3 and v4), so that kernels may be compiled for them. */
static const feature features[] = {
    {"avx512f", LEAF7_EBX, 16, ZMM, STZ_ISA_AVX512},
    {"avx512bw", LEAF7_EBX, 30, ZMM, STZ_ISA_AVX512},
    {"avx512cd", LEAF7_EBX, 28, ZMM, STZ_ISA_AVX512},
    {"avx512dq", LEAF7_EBX, 17, ZMM, STZ_ISA_AVX512},
    {"avx512vl", LEAF7_EBX, 31, ZMM, STZ_ISA_AVX512},
    {"avx512vnni", LEAF7_ECX, 11, ZMM, 0},
    {"avx512fp16", LEAF7_EDX, 23, ZMM, 0},
    {"avx2", LEAF7_EBX, 5, YMM, STZ_ISA_AVX2},
    {"fma", LEAF1_ECX, 12, YMM, STZ_ISA_AVX2},
    {"f16c", LEAF1_ECX, 29, YMM, STZ_ISA_AVX2},
    {"avx", LEAF1_ECX, 28, YMM, STZ_ISA_AVX2},
    {"bmi1", LEAF7_EBX, 3, 0, STZ_ISA_AVX2},
    {"bmi2", LEAF7_EBX, 8, 0, STZ_ISA_AVX2},
    {"movbe", LEAF1_ECX, 22, 0, STZ_ISA_AVX2},
    {"lzcnt", EXT1_ECX, 5, 0, STZ_ISA_AVX2},
    {"sse4.2", LEAF1_ECX, 20, 0, 0},
};

typedef struct cpu_words {
    uint32_t word[WORDS];
    uint32_t xcr0; /* register states that the system saves */
} cpu_words;

/* Written by hand: the compiler's intrinsic wants -mxsave for the whole file. */
static uint32_t read_xcr0(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static cpu_words read_words(void)
{
    cpu_words w = {{0}, 0};
    unsigned a, b, c, d;
    if (__get_cpuid(1, &a, &b, &c, &d)) {
        w.word[LEAF1_ECX] = c;
        if (c & (1u << 27)) /* OSXSAVE */
            w.xcr0 = read_xcr0();
    }
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
        w.word[LEAF7_EBX] = b;
        w.word[LEAF7_ECX] = c;
        w.word[LEAF7_EDX] = d;
    }
    if (__get_cpuid(0x80000001u, &a, &b, &c, &d))
        w.word[EXT1_ECX] = c;
    return w;
}

static bool has_feature(const cpu_words *w, const feature *f)
{
    return w->word[f->word] >> f->bit & 1 && (w->xcr0 & f->state) == f->state;
}

static stz_isa best_isa(void)
{
    const cpu_words w = read_words();
    bool avx2 = true, avx512 = true;
    for (size_t i = 0; i < STZ_LEN(features); i++) {
        if (has_feature(&w, &features[i]))
            continue;
        avx2 = avx2 && features[i].level != STZ_ISA_AVX2;
        avx512 = avx512 && features[i].level != STZ_ISA_AVX512;
    }
    return !avx2 ? STZ_ISA_PORTABLE : avx512 ? STZ_ISA_AVX512 : STZ_ISA_AVX2;
}

void stz_cpu_features(char *text, size_t size)
{
    const cpu_words w = read_words();
    size_t used = 0;
    if (size == 0)
        return;
    text[0] = 0;
    for (size_t i = 0; i < STZ_LEN(features); i++) {
        const size_t length = strlen(features[i].name);
        if (!has_feature(&w, &features[i]))
            continue;
        if (used + length + 2 > size)
            break;
        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? " " : "", features[i].name);
    }
}

/* The brand string in cpuid leaves 0x80000002 to 4. */
static bool brand(char name[49])
{
    uint32_t r[12];
    for (unsigned i = 0; i < 3; i++)
        if (!__get_cpuid(0x80000002u + i, &r[4 * i], &r[4 * i + 1], &r[4 * i + 2], &r[4 * i + 3]))
            return false;
    memcpy(name, r, 48);
    name[48] = 0;
    return true;
}

#else

static stz_isa best_isa(void)
{
#if defined(__aarch64__)
    return STZ_ISA_NEON; /* part of the architecture */
#else
    return STZ_ISA_PORTABLE;
#endif
}

void stz_cpu_features(char *text, size_t size) { snprintf(text, size, "%s", stz_isa_name(best_isa())); }

static bool brand(char name[49]) { return false; }

#endif

static const char *const isa_names[] = {"portable", "neon", "avx2", "avx512"};

const char *stz_isa_name(stz_isa isa)
{
    return (unsigned)isa < STZ_LEN(isa_names) ? isa_names[isa] : "unknown";
}

/* NEON and AVX exclude each other: the other family's are not lower ones. */
static bool isa_below(stz_isa wanted, stz_isa best)
{
    return wanted == STZ_ISA_PORTABLE || wanted == best || (wanted == STZ_ISA_AVX2 && best == STZ_ISA_AVX512);
}

stz_isa stz_cpu_isa(void)
{
    const stz_isa best = best_isa();
    const char *wish = getenv("STYLIZE_CPU");
    for (size_t i = 0; wish && i < STZ_LEN(isa_names); i++)
        if (!strcmp(wish, isa_names[i]) && isa_below((stz_isa)i, best))
            return (stz_isa)i;
    return best;
}

/* Copies with runs of blanks made one and none at the ends. */
static void copy_trimmed(char *to, size_t size, const char *from)
{
    size_t n = 0;
    for (; *from && n + 1 < size; from++) {
        const bool blank = *from == ' ' || *from == '\t' || *from == '\n';
        if (!blank)
            to[n++] = *from;
        else if (n && to[n - 1] != ' ')
            to[n++] = ' ';
    }
    while (n && to[n - 1] == ' ')
        n--;
    to[n] = 0;
}

void stz_cpu_name(char *text, size_t size)
{
    char name[49];
    if (size == 0)
        return;
    text[0] = 0;
    if (brand(name))
        copy_trimmed(text, size, name);
    if (!text[0])
        stz_os_machine(text, size);
}

/* ------------------------------------------------------------------ processors and caches */

/* The first line of a small file, without its end; false if there is none. */
static bool read_line(const char *path, char *line, size_t size)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    const bool ok = fgets(line, (int)size, f) != NULL;
    fclose(f);
    if (ok)
        line[strcspn(line, "\n")] = 0;
    return ok;
}

static int round_quota(long long quota, long long period)
{
    if (quota <= 0 || period <= 0)
        return 0;
    const long long n = quota / period + (quota % period != 0);
    return n > 65536 ? 65536 : (int)n;
}

/* One folder of a cgroup hierarchy: version 2 has cpu.max, version 1 two files. 0: no limit. */
static int folder_quota(const char *folder)
{
    char path[1024], line[64];
    long long quota, period;
    snprintf(path, sizeof path, "%s/cpu.max", folder);
    if (read_line(path, line, sizeof line)) /* "max 100000" has no number in front */
        return sscanf(line, "%lld %lld", &quota, &period) == 2 ? round_quota(quota, period) : 0;
    snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
    if (!read_line(path, line, sizeof line) || sscanf(line, "%lld", &quota) != 1)
        return 0;
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
    if (!read_line(path, line, sizeof line) || sscanf(line, "%lld", &period) != 1)
        return 0;
    return round_quota(quota, period);
}

static int lower_limit(int a, int b) { return a == 0 ? b : b == 0 ? a : stz_min(a, b); }

/* The tightest limit from a group's folder up to the mount: each level counts. Inside a container
 * the path may name folders that are not visible here; those are passed over. */
static int walk_quota(const char *mount, const char *group)
{
    char folder[1024];
    int limit = 0;
    const int n = snprintf(folder, sizeof folder, "%s%s", mount, group);
    if (n < 0 || (size_t)n >= sizeof folder || strstr(group, "/.."))
        return folder_quota(mount);
    for (char *end = folder + n; end; end = strrchr(folder, '/')) {
        *end = 0;
        if (strlen(folder) < strlen(mount))
            break;
        limit = lower_limit(limit, folder_quota(folder));
    }
    return limit;
}

/* controllers: the middle part of a line of /proc/self/cgroup, "cpu,cpuacct" or "" for version 2. */
static bool has_cpu(const char *controllers)
{
    for (const char *c = controllers; *c; c += strcspn(c, ","), c += *c == ',')
        if (strcspn(c, ",") == 3 && !strncmp(c, "cpu", 3))
            return true;
    return false;
}

int stz_cpu_quota_under(const char *root)
{
    static const char *const mounts[] = {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct",
                                         "/sys/fs/cgroup/cpuacct,cpu"};
    char path[512], line[1024], mount[512];
    int limit = 0;
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f)) { /* "4:cpu,cpuacct:/group" */
        line[strcspn(line, "\n")] = 0;
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group)
            continue;
        *controllers++ = 0;
        *group++ = 0;
        if (!*controllers) {
            snprintf(mount, sizeof mount, "%s/sys/fs/cgroup", root);
            limit = lower_limit(limit, walk_quota(mount, group));
        }
        for (size_t i = 0; has_cpu(controllers) && i < STZ_LEN(mounts); i++) {
            snprintf(mount, sizeof mount, "%s%s", root, mounts[i]);
            limit = lower_limit(limit, walk_quota(mount, group));
        }
    }
    if (f)
        fclose(f);
    return limit;
}

int stz_cpu_count(void) { return stz_max(1, lower_limit(stz_os_processors(), stz_cpu_quota_under(""))); }

size_t stz_cpu_l2_under(const char *root)
{
    for (int index = 0; index < 16; index++) {
        char path[512], line[64];
        unsigned long kib;
        snprintf(path, sizeof path, "%s/sys/devices/system/cpu/cpu0/cache/index%d/level", root, index);
        if (!read_line(path, line, sizeof line))
            break;
        if (strcmp(line, "2") != 0)
            continue;
        snprintf(path, sizeof path, "%s/sys/devices/system/cpu/cpu0/cache/index%d/size", root, index);
        if (read_line(path, line, sizeof line) && sscanf(line, "%luK", &kib) == 1 && kib <= 1ul << 20)
            return (size_t)kib << 10;
    }
    return 0;
}

size_t stz_cpu_l2(void)
{
    size_t found = stz_cpu_l2_under("");
    if (found == 0)
        found = stz_os_l2();
    return found >= 64u << 10 ? found : 1u << 20;
}
