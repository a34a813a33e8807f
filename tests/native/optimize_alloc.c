/* The method optimize and gradients when allocations fail, and without any once all is there. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc/failing.h"
#include "engine/native/optimize.h"
#include "net_util.h"

#define WIDTH  48
#define HEIGHT 16 /* no smaller one is cut into tiles */
#define COUNT  (WIDTH * HEIGHT * 3)

static net_builder net;
static float *content;
static uint8_t out[COUNT];
static double pixel_bytes; /* asked for once, as when a network is loaded */

static int set_up(void **state)
{
    net_loss(&net, 3, 5, 9, 17);
    net_filters(&net, 2, 5, 3, 1);
    content = picture_random(WIDTH, HEIGHT, 1);
    runner r;
    runner_open(&r, &net.graph, stz_kernels_get(false), 1);
    pixel_bytes = stz_objective_pixel(&r.part, 4);
    runner_close(&r);
    return 0;
}

static int tear_down(void **state)
{
    net_free(&net);
    free(content);
    return 0;
}

static stz_loss_spec spec_of(void)
{
    return (stz_loss_spec){.layers = 4,
                           .multiple = 4,
                           .radius = stz_graph_radius(&net.graph),
                           .style_weights = {1, 1, 1, 1},
                           .content_weights = {0, 1, 0, 0},
                           .smoothness = STZ_SMOOTHNESS,
                           .pixel_bytes = pixel_bytes};
}

static uint64_t least_memory(bool adam)
{
    const stz_loss_spec spec = spec_of();
    return (uint64_t)ceil(stz_optimize_least(&spec, WIDTH, HEIGHT, adam));
}

static stylize_status optimise(runner *r, uint64_t memory, bool adam, uint32_t steps, stylize_error *err)
{
    const stz_loss_spec spec = spec_of();
    const float share = 1;
    const stz_view view = {content, WIDTH * 12, WIDTH, HEIGHT, STZ_F32};
    const stz_optimize job = {.content = view,
                              .out = {out, WIDTH * 3, WIDTH, HEIGHT, STZ_U8},
                              .styles = &view,
                              .weights = &share,
                              .style_count = 1,
                              .adam = adam,
                              .iterations = steps,
                              .memory = memory};
    return stz_optimize_run(&r->part, &spec, &job, r->pool, &r->exec, err);
}

/* Each allocation of the first run fails; the next run then works. Two steps: further ones ask for nothing. */
static void walk(uint64_t memory, failing_mode mode)
{
    for (long n = 1;; n++) {
        runner r;
        stylize_error err = {0};
        runner_open(&r, &net.graph, stz_kernels_get(false), 1);
        failing_arm(n, mode);
        const stylize_status status = optimise(&r, memory, false, 2, &err);
        const bool failed = failing_disarm();
        assert_true(status == STYLIZE_OK || (failed && status == STYLIZE_ERR_NOMEM));
        assert_int_equal(optimise(&r, memory, false, 2, &err), STYLIZE_OK);
        runner_close(&r);
        if (!failed) {
            assert_true(n > 10);
            return;
        }
        assert_true(n < 5000);
    }
}

static void allocations_fail(void **state)
{
    walk(1u << 28, FAILING_ONCE);
    walk(1u << 28, FAILING_ALWAYS);
}

static void allocations_of_tiles_fail(void **state)
{
    walk(least_memory(false), FAILING_ONCE);
    walk(least_memory(false), FAILING_ALWAYS);
}

/* What the search keeps is within the budget too, besides the picture and the best of it. */
static void the_budget_holds(void **state)
{
    for (int adam = 0; adam < 2; adam++) {
        const uint64_t least = least_memory(adam), budgets[] = {least, least * 5 / 4, 2 * least, 8 * least};
        const uint64_t allowance = 512 * 1024; /* for two pictures, and for statistics, which do not grow */
        uint64_t peak = 0;
        stylize_error err = {0};
        runner r;
        for (size_t i = 0; i < STZ_LEN(budgets); i++) {
            runner_open(&r, &net.graph, stz_kernels_get(false), 1);
            assert_int_equal(optimise(&r, budgets[i], adam, 3, &err), STYLIZE_OK);
            stz_pool_stats stats;
            stz_pool_get_stats(r.pool, STZ_MEM_PURPOSES, &stats);
            assert_true(stats.peak <= budgets[i] + allowance);
            assert_true(stats.peak >= peak); /* more is used where there is more */
            peak = stats.peak;
            runner_close(&r);
        }
    }
}

static void the_steady_state_allocates_nothing(void **state)
{
    for (int adam = 0; adam < 2; adam++) {
        runner r;
        stylize_error err;
        runner_open(&r, &net.graph, stz_kernels_get(false), 1);
        for (int i = 0; i < 2; i++)
            assert_int_equal(optimise(&r, 1u << 28, adam, 6, &err), STYLIZE_OK);
        failing_arm(0, FAILING_ONCE);
        for (int i = 0; i < 3; i++)
            assert_int_equal(optimise(&r, 1u << 28, adam, 6, &err), STYLIZE_OK);
        const long allocations = failing_allocations();
        failing_disarm();
        assert_int_equal(allocations, 0);
        runner_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_fail),
        cmocka_unit_test(allocations_of_tiles_fail),
        cmocka_unit_test(the_budget_holds),
        cmocka_unit_test(the_steady_state_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
