#include "base/cpu.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static char root[] = "/tmp/stylize-cpu-XXXXXX";

/* Writes text to a file below the false root, with all its folders. */
static void put(const char *path, const char *text)
{
    char full[512];
    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = 0;
        mkdir(full, 0700);
    }
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int make_root(void **state)
{
    strcpy(root + strlen(root) - 6, "XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
    char command[600];
    snprintf(command, sizeof command, "rm -r '%s'", root);
    return system(command);
}

static void test_quota_none(void **state)
{
    assert_int_equal(stz_cpu_quota_under("/nonexistent"), 0);
    put("/proc/self/cgroup", "0::/\n");
    assert_int_equal(stz_cpu_quota_under(root), 0);
    put("/sys/fs/cgroup/cpu.max", "max 100000\n");
    assert_int_equal(stz_cpu_quota_under(root), 0);
    put("/proc/self/cgroup", "rubbish\n\n:\n1:\n");
    assert_int_equal(stz_cpu_quota_under(root), 0);
}

static void test_quota_v2(void **state)
{
    put("/proc/self/cgroup", "0::/a/b\n");
    put("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    put("/sys/fs/cgroup/a/cpu.max", "250000 100000\n");
    assert_int_equal(stz_cpu_quota_under(root), 3); /* two and a half, rounded up */
    put("/sys/fs/cgroup/a/b/cpu.max", "100000 100000\n");
    assert_int_equal(stz_cpu_quota_under(root), 1);
    put("/sys/fs/cgroup/a/b/cpu.max", "400000 100000\n");
    assert_int_equal(stz_cpu_quota_under(root), 3); /* the tighter one holds */
    put("/sys/fs/cgroup/a/cpu.max", "0 100000\n");
    assert_int_equal(stz_cpu_quota_under(root), 4);
    put("/sys/fs/cgroup/a/b/cpu.max", "9223372036854775807 1\n");
    assert_in_range(stz_cpu_quota_under(root), 1, 1 << 20);
}

/* In a container the group may lie outside of what is mounted. */
static void test_quota_v2_outside(void **state)
{
    put("/proc/self/cgroup", "0::/../../x\n");
    put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
    assert_int_equal(stz_cpu_quota_under(root), 2);
    put("/proc/self/cgroup", "0::/docker/0123\n");
    assert_int_equal(stz_cpu_quota_under(root), 2);
}

static void test_quota_v1(void **state)
{
    put("/proc/self/cgroup", "9:cpuset:/x\n4:cpuacct,cpu:/docker/77\n1:name=systemd:/\n");
    put("/sys/fs/cgroup/cpu,cpuacct/docker/77/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu,cpuacct/docker/77/cpu.cfs_period_us", "100000\n");
    assert_int_equal(stz_cpu_quota_under(root), 0);
    put("/sys/fs/cgroup/cpu,cpuacct/docker/77/cpu.cfs_quota_us", "150000\n");
    assert_int_equal(stz_cpu_quota_under(root), 2);
    put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n");
    put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    assert_int_equal(stz_cpu_quota_under(root), 1);
    put("/proc/self/cgroup", "9:cpuset,cpuacct:/docker/77\n");
    assert_int_equal(stz_cpu_quota_under(root), 0);
}

static void test_count(void **state)
{
    cpu_set_t old, one;
    const int quota = stz_cpu_quota_under("");
    assert_int_equal(sched_getaffinity(0, sizeof old, &old), 0);
    const int all = CPU_COUNT(&old);
    assert_int_equal(stz_cpu_count(), quota > 0 && quota < all ? quota : all);
    int first = 0;
    while (!CPU_ISSET(first, &old))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(stz_cpu_count(), 1);
    sched_setaffinity(0, sizeof old, &old);
}

#define CACHE "/sys/devices/system/cpu/cpu0/cache/"

static void test_l2(void **state)
{
    assert_int_equal(stz_cpu_l2_under("/nonexistent"), 0);
    put(CACHE "index0/level", "1\n");
    put(CACHE "index0/size", "48K\n");
    assert_int_equal(stz_cpu_l2_under(root), 0);
    put(CACHE "index1/level", "2\n");
    assert_int_equal(stz_cpu_l2_under(root), 0);
    put(CACHE "index1/size", "rubbish\n");
    assert_int_equal(stz_cpu_l2_under(root), 0);
    put(CACHE "index1/size", "2048K\n");
    assert_int_equal(stz_cpu_l2_under(root), 2 << 20);
    assert_true(stz_cpu_l2() >= 64 << 10);
}

static void test_isa(void **state)
{
    unsetenv("STYLIZE_CPU");
    const stz_isa best = stz_cpu_isa();
    setenv("STYLIZE_CPU", "portable", 1);
    assert_int_equal(stz_cpu_isa(), STZ_ISA_PORTABLE);
    setenv("STYLIZE_CPU", "mmx", 1);
    assert_int_equal(stz_cpu_isa(), best);
    setenv("STYLIZE_CPU", "", 1);
    assert_int_equal(stz_cpu_isa(), best);
    setenv("STYLIZE_CPU", "avx2", 1);
    assert_int_equal(stz_cpu_isa(), best == STZ_ISA_AVX512 ? STZ_ISA_AVX2 : best);
    setenv("STYLIZE_CPU", "neon", 1);
    assert_int_equal(stz_cpu_isa(), best);
    unsetenv("STYLIZE_CPU");
    assert_string_equal(stz_isa_name(STZ_ISA_AVX512), "avx512");
    assert_string_equal(stz_isa_name(STZ_ISA_PORTABLE), "portable");
    assert_string_equal(stz_isa_name((stz_isa)-1), "unknown");
#if defined(__x86_64__)
    /* The compiler's own detection, where the two ask the same. */
    assert_int_equal(best >= STZ_ISA_AVX2, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
    if (best == STZ_ISA_AVX512)
        assert_true(__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl"));
#elif defined(__aarch64__)
    assert_int_equal(best, STZ_ISA_NEON);
#endif
}

static void test_texts(void **state)
{
    char full[512], small[9], name[128];
    stz_cpu_features(full, sizeof full);
    memset(small, 'x', sizeof small);
    stz_cpu_features(small, 8);
    assert_true(strlen(small) < 8);
    assert_int_equal(strncmp(full, small, strlen(small)), 0);
    assert_int_equal(small[8], 'x');
    stz_cpu_features(small, 0);
    stz_cpu_name(small, 0);
    stz_cpu_name(name, sizeof name);
    assert_true(strlen(name) > 0 && name[0] != ' ' && name[strlen(name) - 1] != ' ');
    stz_cpu_name(small, 4);
    assert_true(strlen(small) < 4);
    print_message("%s: %s, %d processors, second-level cache %zu KiB, %s\n", name, full, stz_cpu_count(),
                  stz_cpu_l2() >> 10, stz_isa_name(stz_cpu_isa()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_quota_none, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_quota_v2, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_quota_v2_outside, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_quota_v1, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_l2, make_root, remove_root),
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_isa),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
