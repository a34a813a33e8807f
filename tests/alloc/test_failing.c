/* The machinery of failing.h by itself, and the pool and the team under it. The leak checker of the ASan
 * build sees whether a failed construction gave everything back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "alloc/failing.h"
#include "base/mem.h"
#include "base/team.h"

static void the_chosen_call_fails_and_no_other(void **state)
{
    for (int n = 1; n <= 4; n++) {
        failing_arm(n, FAILING_ONCE);
        for (int call = 1; call <= 3; call++) {
            errno = 0;
            void *volatile p = malloc(10);
            assert_int_equal(p == NULL, call == n);
            assert_int_equal(errno == ENOMEM, call == n);
            free(p);
        }
        assert_int_equal(failing_calls(), 3);
        assert_int_equal(failing_disarm(), n <= 3);
    }
}

static void all_that_follow_fail_if_asked_for(void **state)
{
    failing_arm(2, FAILING_ALWAYS);
    void *volatile first = malloc(10);
    void *volatile second = calloc(1, 10);
    void *third = NULL;
    int status = posix_memalign(&third, 64, 64);
    void *map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(failing_disarm());
    assert_non_null(first);
    assert_null(second);
    assert_int_equal(status, ENOMEM);
    assert_ptr_equal(map, MAP_FAILED);
    free(first);
    first = malloc(10); /* disarmed */
    assert_non_null(first);
    free(first);
}

static void nothing_fails_unless_asked_for(void **state)
{
    failing_arm(0, FAILING_ALWAYS);
    for (int i = 0; i < 5; i++) {
        char *volatile text = strdup("text");
        assert_non_null(text);
        free(text);
    }
    pthread_mutex_t lock;
    pthread_mutex_init(&lock, NULL);
    pthread_mutex_destroy(&lock);
    assert_int_equal(failing_calls(), 6);
    assert_int_equal(failing_allocations(), 5);
    assert_false(failing_disarm());
}

static void jansson_is_covered(void **state)
{
    int failures = 0;
    for (long n = 1;; n++) {
        failing_arm(n, FAILING_ONCE);
        json_t *json = json_loads("{\"a\": [1, \"text\"]}", 0, NULL);
        json_decref(json);
        if (!failing_disarm())
            break;
        failures++;
    }
    assert_true(failures > 3);
}

static void a_pool_survives_every_failure(void **state)
{
    for (failing_mode mode = FAILING_ONCE; mode <= FAILING_ALWAYS; mode++) {
        for (long n = 1;; n++) {
            failing_arm(n, mode);
            stz_pool *pool = stz_pool_create(1 << 20);
            stz_buf *bufs[3] = {NULL};
            for (int i = 0; pool && i < 3; i++)
                bufs[i] = stz_pool_get(pool, STZ_MEM_PICTURE, 10000 << i);
            bool failed = failing_disarm();
            if (pool) {
                stz_pool_stats s;
                stz_pool_get_stats(pool, STZ_MEM_PICTURE, &s);
                assert_int_equal(s.allocs, !!bufs[0] + !!bufs[1] + !!bufs[2]);
                if (mode == FAILING_ONCE) /* a second try without the idle buffers gets it */
                    assert_int_equal(s.allocs, 3);
            }
            for (int i = 0; i < 3; i++)
                stz_buf_unref(bufs[i]);
            stz_pool_end(pool);
            if (!failed)
                break;
            assert_true(n < 100);
        }
    }
}

static void a_full_pool_gives_up_its_idle_buffers(void **state)
{
    stz_pool *pool = stz_pool_create(64 << 20);
    stz_buf_unref(stz_pool_get(pool, STZ_MEM_ARENA, 1 << 20));
    failing_arm(1, FAILING_ONCE);
    stz_buf *buf = stz_pool_get(pool, STZ_MEM_PICTURE, 5000);
    assert_true(failing_disarm());
    assert_non_null(buf);
    stz_pool_stats s;
    stz_pool_get_stats(pool, STZ_MEM_ARENA, &s);
    assert_int_equal(s.bytes, 0);
    stz_buf_unref(buf);
    stz_pool_end(pool);
}

static void the_steady_state_of_a_pool_allocates_nothing(void **state)
{
    stz_pool *pool = stz_pool_create(64 << 20);
    stz_buf_unref(stz_pool_get(pool, STZ_MEM_PICTURE, 300000));
    failing_arm(0, FAILING_ONCE);
    for (int i = 0; i < 100; i++)
        stz_buf_unref(stz_pool_get(pool, STZ_MEM_PICTURE, 300000));
    assert_int_equal(failing_calls(), 0);
    failing_disarm();
    stz_pool_end(pool);
}

static void fill(void *arg, int item, void *scratch)
{
    memset(scratch, item, 500);
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void a_team_survives_every_failure(void **state)
{
    for (failing_mode mode = FAILING_ONCE; mode <= FAILING_ALWAYS; mode++) {
        for (long n = 1;; n++) {
            stz_scratch scratch = {0};
            failing_arm(n, mode);
            stz_team *team = stz_team_create(3, &scratch, 2);
            stylize_error err = {0};
            if (team && stz_team_reserve(team, 500, &err) == STYLIZE_OK) {
                atomic_int done = 0;
                for (int i = 0; i < 20; i++) /* helpers without memory stay out, the leader does it all */
                    stz_team_run(team, fill, &done, 10);
                assert_int_equal(atomic_load(&done), 200);
            } else if (team) {
                assert_int_equal(err.status, STYLIZE_ERR_NOMEM);
            }
            bool failed = failing_disarm();
            stz_team_destroy(team);
            stz_scratch_free(&scratch);
            if (!failed)
                break;
            assert_true(n < 100);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_chosen_call_fails_and_no_other),
        cmocka_unit_test(all_that_follow_fail_if_asked_for),
        cmocka_unit_test(nothing_fails_unless_asked_for),
        cmocka_unit_test(jansson_is_covered),
        cmocka_unit_test(a_pool_survives_every_failure),
        cmocka_unit_test(a_full_pool_gives_up_its_idle_buffers),
        cmocka_unit_test(the_steady_state_of_a_pool_allocates_nothing),
        cmocka_unit_test(a_team_survives_every_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
