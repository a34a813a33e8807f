/* A checked build: the matrix products, which are compiled without the address sanitizer, tell it what they touch. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    LANES = 4,
    VECTORS = 2,
    ROWS = 5,
    DEPTH = 7,
    SEGMENTS = 3
}; /* of the portable kernels, which are always there */

void stz_gemm_portable(int vectors, int rows, int depth, const float *a, ptrdiff_t lda, const float *b,
                       float *c, bool stream);
void stz_gemm3_portable(int vectors, int rows, int depth, const float *const a[3], ptrdiff_t lda,
                        const float *b, float *c);

/* Whether a product survives whose arrays lack so many numbers at the end. */
static bool survives(bool three, size_t a_lacks, size_t b_lacks, size_t c_lacks)
{
    const pid_t child = fork();
    if (!child) {
        const int segments = three ? SEGMENTS : 1;
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        float *a = calloc(ROWS * DEPTH - a_lacks, sizeof *a), *all[SEGMENTS];
        float *b = calloc((size_t)segments * DEPTH * VECTORS * LANES - b_lacks, sizeof *b);
        float *c = calloc(ROWS * VECTORS * LANES - c_lacks, sizeof *c);
        for (int s = 0; s < SEGMENTS; s++)
            all[s] = s + 1 < SEGMENTS ? calloc(ROWS * DEPTH, sizeof *a) : a;
        if (three)
            stz_gemm3_portable(VECTORS, ROWS, DEPTH, (const float *const *)all, DEPTH, b, c);
        else
            stz_gemm_portable(VECTORS, ROWS, DEPTH, a, DEPTH, b, c, false);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status == 0;
}

static void an_array_that_ends_too_early_is_found(void **state)
{
    for (int three = 0; three < 2; three++) {
        assert_true(survives(three, 0, 0, 0));
        assert_false(survives(three, 1, 0, 0));
        assert_false(survives(three, 0, 1, 0));
        assert_false(survives(three, 0, 0, 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_array_that_ends_too_early_is_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
