/* Many requests at once: order, batches, limits, cancelling, deadlines, ending a context. */
#include <pthread.h>
#include <unistd.h>

#include "helpers.h"
#include "sched/sched.h"

/* What callbacks report, and a way to wait for them. */
struct ends {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    int count;
    int by_status[16];
    uint64_t ids[512];
};

static void ends_init(struct ends *e)
{
    memset(e, 0, sizeof *e);
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->cond, NULL);
}

static void on_done(void *user, uint64_t id, stylize_status status, stylize_image *result,
                    const stylize_error *error)
{
    struct ends *e = user;
    if (status == STYLIZE_OK)
        stylize_image_free(result);
    else if (result || error->status != status || !error->message[0])
        abort();
    pthread_mutex_lock(&e->lock);
    e->ids[e->count % 512] = id;
    e->count++;
    e->by_status[status]++;
    pthread_cond_broadcast(&e->cond);
    pthread_mutex_unlock(&e->lock);
}

static void wait_for(struct ends *e, int count)
{
    pthread_mutex_lock(&e->lock);
    while (e->count < count)
        pthread_cond_wait(&e->cond, &e->lock);
    pthread_mutex_unlock(&e->lock);
}

static void wait_until(atomic_int *value, int at_least)
{
    while (atomic_load(value) < at_least)
        usleep(200);
}

static stylize_options options(uint32_t threads)
{
    stylize_options o;
    fake_options(&o);
    o.threads = threads;
    return o;
}

static void starts_in_order(void **state)
{
    stylize_options o = options(1);
    stylize_ctx *ctx = create_ctx(&o);
    stylize_error err;
    struct ends e;
    ends_init(&e);
    stylize_image in[20];
    fake.delay_ms = 1;
    for (int i = 0; i < 20; i++) {
        in[i] = fake_picture(32, 32, STYLIZE_FORMAT_RGB8, 1);
        in[i].pixels[0] = (uint8_t)i;
        stylize_request r = request_for(&in[i], &style_a);
        ok(stylize_ctx_submit(ctx, &r, on_done, &e, NULL, &err));
    }
    wait_for(&e, 20);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(fake.order[i], i);
        assert_int_equal(e.ids[i], i + 1);
        free(in[i].pixels);
    }
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void full_queue_is_a_status(void **state)
{
    stylize_options o = options(1);
    o.queue_length = 3;
    stylize_ctx *ctx = create_ctx(&o);
    stylize_error err;
    struct ends e;
    ends_init(&e);
    stylize_image in = fake_picture(32, 32, STYLIZE_FORMAT_RGB8, 1);
    stylize_request r = request_for(&in, &style_a);
    fake.delay_ms = 60000; /* until it is set back: nothing here depends on how fast the machine is */
    ok(stylize_ctx_submit(ctx, &r, on_done, &e, NULL, &err));
    wait_until(&fake.running, 1);
    for (int i = 0; i < 3; i++)
        ok(stylize_ctx_submit(ctx, &r, on_done, &e, NULL, &err));
    fails(stylize_ctx_submit(ctx, &r, on_done, &e, NULL, &err), STYLIZE_ERR_QUEUE_FULL, "3 requests wait");
    stylize_image out = {0};
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_QUEUE_FULL, "the most allowed is 3");
    stylize_stats s = {.struct_size = sizeof s};
    ok(stylize_ctx_stats(ctx, &s));
    assert_int_equal(s.rejected, 2);
    assert_int_equal(s.waiting, 3);
    fake.delay_ms = 0;
    wait_for(&e, 4);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

/* As many as may be are prepared, and wait for the engine. */
static void wait_until_prepared(stylize_ctx *ctx)
{
    for (bool full = false; !full; usleep(200)) {
        pthread_mutex_lock(&ctx->lock);
        full = !ctx->waiting.count || ctx->ready.count == ctx->ready_limit;
        full &= !ctx->preparing;
        pthread_mutex_unlock(&ctx->lock);
    }
}

/* Submits `n` pictures, two sizes in turn, while a first one holds the only engine. */
static void load(stylize_ctx *ctx, struct ends *e, stylize_image *big, stylize_image *small, int n)
{
    stylize_error err;
    stylize_request r = request_for(big, &style_a);
    fake.delay_ms = 60000;
    ok(stylize_ctx_submit(ctx, &r, on_done, e, NULL, &err));
    wait_until(&fake.running, 1);
    for (int i = 0; i < n; i++) {
        r.content = i % 2 ? small : big;
        ok(stylize_ctx_submit(ctx, &r, on_done, e, NULL, &err));
    }
    wait_until_prepared(ctx);
    fake.delay_ms = 0;
    wait_for(e, n + 1);
}

static void batches_have_one_size(void **state)
{
    fake.batch_max = 4;
    fake.parallel_max = 1;
    fake.uses_team = 0;
    stylize_options o = options(4);
    o.batch_max = 8;
    stylize_ctx *ctx = create_ctx(&o);
    struct ends e;
    ends_init(&e);
    stylize_image big = fake_picture(64, 64, STYLIZE_FORMAT_RGB8, 1),
                  small = fake_picture(33, 32, STYLIZE_FORMAT_RGB8, 2);
    load(ctx, &e, &big, &small, 24); /* the fake engine refuses unequal sizes */
    assert_int_equal(e.by_status[STYLIZE_OK], 25);
    assert_int_equal(fake.largest_batch, 4); /* the engine's own limit */
    assert_int_equal(fake.most_running, 1);
    stylize_stats s = {.struct_size = sizeof s};
    stylize_ctx_stats(ctx, &s);
    assert_true(s.batches >= 1 && s.batch_images >= 2 * s.batches);
    free(big.pixels);
    free(small.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void few_requests_are_not_batched(void **state)
{
    fake.batch_max = 4;
    fake.parallel_max = 1;
    stylize_ctx *ctx = create_ctx(NULL);
    struct ends e;
    ends_init(&e);
    stylize_image in = fake_picture(64, 64, STYLIZE_FORMAT_RGB8, 1);
    load(ctx, &e, &in, &in, 3);
    assert_int_equal(fake.largest_batch, 1);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void many_requests_run_side_by_side(void **state)
{
    stylize_options o = options(4);
    stylize_ctx *ctx = create_ctx(&o);
    stylize_error err;
    struct ends e;
    ends_init(&e);
    stylize_image in = fake_picture(64, 64, STYLIZE_FORMAT_RGB8, 1);
    stylize_request r = request_for(&in, &style_a);
    fake.delay_ms = 60000;
    for (int i = 0; i < 40; i++)
        ok(stylize_ctx_submit(ctx, &r, on_done, &e, NULL, &err));
    wait_until(&fake.running, 4);
    fake.delay_ms = 1;
    wait_for(&e, 40);
    assert_int_equal(fake.most_running, 4);
    atomic_store(&fake.most_running, 0);
    for (int i = 0; i < 2; i++)
        ok(stylize_ctx_submit(ctx, &r, on_done, &e, NULL, &err));
    wait_for(&e, 42);
    assert_int_equal(fake.most_running, 1); /* few: one after the other, all cores each */
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void cancelling(void **state)
{
    stylize_options o = options(1);
    stylize_ctx *ctx = create_ctx(&o);
    stylize_error err;
    struct ends e;
    ends_init(&e);
    stylize_image in = fake_picture(32, 32, STYLIZE_FORMAT_RGB8, 1);
    stylize_request r = request_for(&in, &style_a);
    uint64_t running, waiting;
    fake.delay_ms = 60000;
    ok(stylize_ctx_submit(ctx, &r, on_done, &e, &running, &err));
    wait_until(&fake.running, 1);
    ok(stylize_ctx_submit(ctx, &r, on_done, &e, &waiting, &err));
    ok(stylize_ctx_cancel(ctx, waiting));
    ok(stylize_ctx_cancel(ctx, running));
    wait_for(&e, 2);
    assert_int_equal(e.by_status[STYLIZE_ERR_CANCELLED], 2);
    assert_int_equal(fake.applies, 1);
    assert_int_equal(stylize_ctx_cancel(ctx, waiting), STYLIZE_ERR_NOT_FOUND);
    fake.delay_ms = 0;
    stylize_image out = {0};
    ok(stylize_ctx_run(ctx, &r, &out, &err));
    stylize_image_free(&out);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void deadlines(void **state)
{
    stylize_options o = options(1);
    stylize_ctx *ctx = create_ctx(&o);
    stylize_error err;
    struct ends e;
    ends_init(&e);
    stylize_image in = fake_picture(32, 32, STYLIZE_FORMAT_RGB8, 1);
    stylize_request r = request_for(&in, &style_a);
    fake.delay_ms = 600000;
    ok(stylize_ctx_submit(ctx, &r, on_done, &e, NULL, &err));
    wait_until(&fake.running, 1);
    r.deadline_ms = 1;
    ok(stylize_ctx_submit(ctx, &r, on_done, &e, NULL, &err)); /* passes while it waits */
    usleep(5000);
    fake.delay_ms = 0;
    wait_for(&e, 2);
    assert_int_equal(e.by_status[STYLIZE_ERR_DEADLINE], 1);
    assert_int_equal(fake.applies, 1);
    fake.delay_ms = 600000;
    int ended = 2;
    for (r.deadline_ms = 100; fake.applies == 1; r.deadline_ms *= 2) { /* a busy machine begins late */
        ok(stylize_ctx_submit(ctx, &r, on_done, &e, NULL, &err));      /* passes while it runs */
        wait_for(&e, ++ended);
    }
    assert_int_equal(e.by_status[STYLIZE_ERR_DEADLINE], ended - 1);
    stylize_stats s = {.struct_size = sizeof s};
    stylize_ctx_stats(ctx, &s);
    assert_int_equal(s.expired, ended - 1);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

struct steps {
    float last;
    int calls, stop_at;
};

static int on_progress(void *user, float done)
{
    struct steps *s = user;
    if (!(done > s->last || s->calls == 0) || done < 0 || done > 1)
        abort();
    s->last = done;
    return ++s->calls == s->stop_at;
}

static void progress_rises_and_cancels(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(400, 300, STYLIZE_FORMAT_RGB8, 1), out = {0};
    stylize_request r = request_for(&in, &style_a);
    fake.bytes_per_pixel = 4000; /* 48 MB a picture: tiles within 32 MiB */
    r.memory_budget = 32 << 20;
    struct steps s = {0};
    r.progress = on_progress;
    r.progress_user = &s;
    ok(stylize_ctx_run(ctx, &r, &out, &err));
    assert_true(s.last == 1.0f && s.calls >= 4);
    stylize_image_free(&out);
    const int calls = s.calls;
    for (int stop = 1; stop <= calls; stop++) {
        s = (struct steps){.stop_at = stop};
        fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_CANCELLED, "cancelled");
        assert_null(out.pixels);
    }
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void destroy(stylize_destroy_mode mode, int delay, struct ends *e)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    ends_init(e);
    stylize_image in = fake_picture(32, 32, STYLIZE_FORMAT_RGB8, 1);
    stylize_request r = request_for(&in, &style_a);
    fake.delay_ms = delay;
    for (int i = 0; i < 12; i++)
        ok(stylize_ctx_submit(ctx, &r, on_done, e, NULL, &err));
    stylize_ctx_destroy(ctx, mode);
    assert_int_equal(e->count, 12);
    free(in.pixels);
}

static void destroy_drains_or_cancels(void **state)
{
    struct ends e;
    destroy(STYLIZE_DRAIN, 2, &e);
    assert_int_equal(e.by_status[STYLIZE_OK], 12);
    destroy(STYLIZE_CANCEL, 60000, &e);
    assert_int_equal(e.by_status[STYLIZE_ERR_CANCELLED], 12);
}

static void results_outlive_the_context(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(32, 32, STYLIZE_FORMAT_RGB8, 1), out = {0};
    stylize_request r = request_for(&in, &style_a);
    ok(stylize_ctx_run(ctx, &r, &out, &err));
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    int sum = 0;
    for (int i = 0; i < 32 * 32 * 3; i++)
        sum += out.pixels[i];
    assert_true(sum > 0);
    stylize_image_free(&out);
    free(in.pixels);
}

/* A callback may submit, cancel; a call that waits is refused. */
struct again {
    stylize_ctx *ctx;
    stylize_request r;
    struct ends e;
    stylize_status run_status;
};

static void submit_again(void *user, uint64_t id, stylize_status status, stylize_image *result,
                         const stylize_error *error)
{
    struct again *a = user;
    stylize_image out = {0};
    a->run_status = stylize_ctx_run(a->ctx, &a->r, &out, NULL);
    stylize_ctx_cancel(a->ctx, id);
    if (stylize_ctx_submit(a->ctx, &a->r, on_done, &a->e, NULL, NULL) != STYLIZE_OK)
        abort();
    if (result)
        stylize_image_free(result);
}

static void callbacks_may_submit(void **state)
{
    struct again a = {.ctx = create_ctx(NULL)};
    stylize_error err;
    ends_init(&a.e);
    stylize_image in = fake_picture(32, 32, STYLIZE_FORMAT_RGB8, 1);
    a.r = request_for(&in, &style_a);
    ok(stylize_ctx_submit(a.ctx, &a.r, submit_again, &a, NULL, &err));
    wait_for(&a.e, 1);
    assert_int_equal(a.run_status, STYLIZE_ERR_INVALID);
    stylize_ctx_destroy(a.ctx, STYLIZE_DRAIN);
    free(in.pixels);
}

/* ---- 64 threads, random cancels, deadlines, sizes, formats */

struct storm {
    stylize_ctx *ctx;
    int seed;
    const stylize_image *pictures;
};

static int bad_status(stylize_status s)
{
    return s != STYLIZE_OK && s != STYLIZE_ERR_CANCELLED && s != STYLIZE_ERR_DEADLINE &&
           s != STYLIZE_ERR_QUEUE_FULL;
}

static void *storm_main(void *arg)
{
    const struct storm *s = arg;
    unsigned seed = (unsigned)s->seed;
    struct ends e;
    ends_init(&e);
    int expected = 0;
    intptr_t bad = 0;
    for (int i = 0; i < 12; i++) {
        stylize_style_ref styles[] = {{"a", NULL, 1}, {"b", NULL, 2}};
        stylize_request r = request_for(&s->pictures[rand_r(&seed) % 4], styles);
        r.style_count = 1 + (size_t)(rand_r(&seed) % 2);
        r.strength = (float)(rand_r(&seed) % 5) / 4;
        if (rand_r(&seed) % 8 == 0)
            r.strength = STYLIZE_STRENGTH_AUTO;
        r.preserve_color = rand_r(&seed) % 2;
        r.style_scale = rand_r(&seed) % 4 ? 1 : 1.5f;
        r.deadline_ms = rand_r(&seed) % 8 ? 0 : 1;
        r.output_format = rand_r(&seed) % 8 ? STYLIZE_FORMAT_RGB8 : STYLIZE_FORMAT_PNG;
        if (rand_r(&seed) % 4 == 0)
            styles[0] = (stylize_style_ref){NULL, &s->pictures[2 + rand_r(&seed) % 2], 1};
        if (rand_r(&seed) % 2) {
            stylize_image out = {0};
            bad += bad_status(stylize_ctx_run(s->ctx, &r, &out, NULL));
            stylize_image_free(&out);
        } else {
            uint64_t id = 0;
            stylize_status status = stylize_ctx_submit(s->ctx, &r, on_done, &e, &id, NULL);
            bad += bad_status(status);
            expected += status == STYLIZE_OK;
            if (status == STYLIZE_OK && rand_r(&seed) % 2)
                stylize_ctx_cancel(s->ctx, id);
            wait_for(&e, expected); /* the style array lives here; pictures would be fine */
        }
    }
    for (int status = 0; status < 16; status++)
        bad += e.by_status[status] && bad_status((stylize_status)status);
    return (void *)bad;
}

static void a_storm_of_threads(void **state)
{
    fake.batch_max = 3;
    stylize_options o = options(4);
    o.queue_length = 40;
    o.batch_max = 3;
    stylize_ctx *ctx = create_ctx(&o);
    stylize_image pictures[4];
    for (uint32_t i = 0; i < 4; i++)
        pictures[i] =
            fake_picture(40 + 8 * (i % 2), 40, i < 3 ? STYLIZE_FORMAT_RGB8 : STYLIZE_FORMAT_RGBA8, i);
    struct storm storms[64];
    pthread_t threads[64];
    for (int i = 0; i < 64; i++) {
        storms[i] = (struct storm){ctx, i + 1, pictures};
        assert_int_equal(pthread_create(&threads[i], NULL, storm_main, &storms[i]), 0);
    }
    for (int i = 0; i < 64; i++) {
        void *bad;
        pthread_join(threads[i], &bad);
        assert_null(bad);
    }
    stylize_stats s = {.struct_size = sizeof s};
    stylize_ctx_stats(ctx, &s);
    assert_int_equal(s.waiting, 0);
    assert_int_equal(s.submitted, s.completed + s.cancelled + s.expired + s.failed);
    assert_int_equal(s.failed, 0);
    stylize_ctx_destroy(ctx, STYLIZE_CANCEL);
    for (int i = 0; i < 4; i++)
        free(pictures[i].pixels);
}

static void steady_state_takes_nothing(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(401, 300, STYLIZE_FORMAT_RGB8, 1);
    stylize_request r = request_for(&in, &style_a);
    stylize_stats before = {.struct_size = sizeof before}, after = before;
    for (int i = 0; i < 40; i++) {
        stylize_image out = {0};
        if (i == 10)
            stylize_ctx_stats(ctx, &before);
        ok(stylize_ctx_run(ctx, &r, &out, &err));
        stylize_image_free(&out);
    }
    stylize_ctx_stats(ctx, &after);
    assert_int_equal(after.pool_allocs, before.pool_allocs);
    assert_true(after.pool_reuses > before.pool_reuses);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(starts_in_order, reset),
        cmocka_unit_test_setup(full_queue_is_a_status, reset),
        cmocka_unit_test_setup(batches_have_one_size, reset),
        cmocka_unit_test_setup(few_requests_are_not_batched, reset),
        cmocka_unit_test_setup(many_requests_run_side_by_side, reset),
        cmocka_unit_test_setup(cancelling, reset),
        cmocka_unit_test_setup(deadlines, reset),
        cmocka_unit_test_setup(progress_rises_and_cancels, reset),
        cmocka_unit_test_setup(destroy_drains_or_cancels, reset),
        cmocka_unit_test_setup(results_outlive_the_context, reset),
        cmocka_unit_test_setup(callbacks_may_submit, reset),
        cmocka_unit_test_setup(a_storm_of_threads, reset),
        cmocka_unit_test_setup(steady_state_takes_nothing, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
