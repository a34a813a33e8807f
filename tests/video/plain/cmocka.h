/* As much of cmocka as test_flow.c and test_warp.c need, for machines that have libc only: the first thing that is wrong ends it. */
#ifndef PLAIN_CMOCKA_H
#define PLAIN_CMOCKA_H

#include <stdio.h>
#include <stdlib.h>

static void plain_check(int right, const char *text, int line)
{
    if (right)
        return;
    printf("line %d: %s\n", line, text);
    exit(1);
}

#define assert_true(x)         plain_check(!!(x), #x, __LINE__)
#define assert_non_null(x)     plain_check((x) != NULL, #x, __LINE__)
#define assert_int_equal(a, b) plain_check((long long)(a) == (long long)(b), #a " is " #b, __LINE__)

#define fail_msg(...) (printf(__VA_ARGS__), plain_check(0, "failed", __LINE__))
/* Left out, as the test that asks for it says. */
#define skip()                                                                                               \
    do {                                                                                                     \
        printf("left out: ");                                                                                \
        return;                                                                                              \
    } while (0)

struct CMUnitTest {
    const char *name;
    void (*run)(void **state);
};
#define cmocka_unit_test(f)                                                                                  \
    {                                                                                                        \
#f, f                                                                                                \
    }
#define cmocka_run_group_tests(tests, a, b) plain_run(tests, sizeof(tests) / sizeof *(tests))

static int plain_run(const struct CMUnitTest *tests, size_t count)
{
    void *state = NULL;
    for (size_t i = 0; i < count; i++) {
        tests[i].run(&state);
        printf("%s\n", tests[i].name);
    }
    return 0;
}

#endif
