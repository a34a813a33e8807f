/* A long run beside the workers: pictures are painted meanwhile, and idle workers help. */
#include <pthread.h>
#include <unistd.h>

#include "helpers.h"
#include "sched/guest.h"

/* A run that goes on until it is told to end; items say which threads were in it. */
typedef struct long_run {
    stylize_ctx *ctx;
    atomic_int end, sections, helped;
    pthread_t own;
    stylize_status status;
} long_run;

static void item(void *arg, int number, void *scratch)
{
    long_run *r = arg;
    if (!pthread_equal(pthread_self(), r->own))
        atomic_fetch_add(&r->helped, 1);
    usleep(100);
}

static stylize_status task(stz_env *env, const stz_exec *exec, void *arg, stylize_error *err)
{
    long_run *r = arg;
    r->own = pthread_self();
    while (!atomic_load(&r->end)) {
        stz_team_run(exec->team, item, r, 8);
        atomic_fetch_add(&r->sections, 1);
    }
    return STYLIZE_OK;
}

static void *run(void *arg)
{
    long_run *r = arg;
    stylize_error err;
    r->status = stz_guest_run(r->ctx, NULL, task, r, &err);
    return NULL;
}

static void wait_until(atomic_int *value, int at_least)
{
    while (atomic_load(value) < at_least)
        usleep(200);
}

static void paint(stylize_ctx *ctx)
{
    stylize_error err;
    stylize_image in = fake_picture(64, 48, STYLIZE_FORMAT_RGB8, 1), out = {0};
    const stylize_request r = request_for(&in, &style_a);
    ok(stylize_ctx_run(ctx, &r, &out, &err));
    stylize_image_free(&out);
    free(in.pixels);
}

static stylize_ctx *context(uint32_t threads)
{
    stylize_options o;
    fake_options(&o);
    o.threads = threads;
    return create_ctx(&o);
}

static void a_long_run_keeps_no_worker_from_pictures(void **state)
{
    for (uint32_t threads = 1; threads <= 3; threads++) {
        long_run r = {.ctx = context(threads)};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, run, &r), 0);
        wait_until(&r.sections, 1);
        for (int i = 0; i < 3; i++)
            paint(r.ctx);
        atomic_store(&r.end, 1);
        pthread_join(thread, NULL);
        assert_int_equal(r.status, STYLIZE_OK);
        stylize_ctx_destroy(r.ctx, STYLIZE_DRAIN);
    }
}

static void idle_workers_help(void **state)
{
    long_run r = {.ctx = context(2)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run, &r), 0);
    wait_until(&r.helped, 1);
    paint(r.ctx); /* it is called away */
    const int before = atomic_load(&r.helped);
    wait_until(&r.helped, before + 1); /* and comes back */
    atomic_store(&r.end, 1);
    pthread_join(thread, NULL);
    stylize_ctx_destroy(r.ctx, STYLIZE_DRAIN);
}

static void many_long_runs_begin_and_end(void **state)
{
    stylize_ctx *ctx = context(3);
    for (int round = 0; round < 20; round++) {
        long_run r[3];
        pthread_t threads[3];
        memset(r, 0, sizeof r);
        for (int i = 0; i < 3; i++) {
            r[i].ctx = ctx;
            assert_int_equal(pthread_create(&threads[i], NULL, run, &r[i]), 0);
        }
        paint(ctx);
        for (int i = 0; i < 3; i++)
            atomic_store(&r[i].end, 1);
        for (int i = 0; i < 3; i++) {
            pthread_join(threads[i], NULL);
            assert_int_equal(r[i].status, STYLIZE_OK);
        }
    }
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_long_run_keeps_no_worker_from_pictures, reset),
        cmocka_unit_test_setup(idle_workers_help, reset),
        cmocka_unit_test_setup(many_long_runs_begin_and_end, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
