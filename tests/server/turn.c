/*
 * Whose turn it is: what was promised waits for room and is never refused, requests wait until their time is over, a
 * client has a share, and the size is that of the turn.
 */
#include "paint/turn.h"

#include "painter_check.h"

static waiter *start_promised(fixture *f, uint32_t iterations, const char *subject)
{
    work w;
    assert_null(look(f, iterations, 0, &w));
    w.promised = true;
    strcpy(w.params.subject, subject);
    waiter *one = waiter_new();
    painter_start(&f->painter, &w, &one->ticket);
    work_free(&w);
    return one;
}

/* Room for so many of the pictures of these tests. */
static void make_room(fixture *f, uint64_t pictures)
{
    work w;
    assert_null(look(f, 1, 0, &w));
    f->painter.room.most = pictures * w.cost;
    work_free(&w);
}

static void expect_nothing_left(fixture *f)
{
    painter_load l;
    do
        l = painter_counts(&f->painter);
    while (l.handed);
    assert_int_equal(l.requests + l.promised, 0);
    assert_int_equal(l.bytes, 0);
}

#define MANY 24

/* Promised, each by a quality of its own; the engine without a network optimizes eight times only. */
static waiter *start_fast(fixture *f, int quality)
{
    work w;
    painting *cached;
    problem wrong;
    assert_null(look(f, 1, 0, &w));
    w.params.method = STYLIZE_METHOD_FAST;
    w.params.quality = quality;
    w.promised = true;
    assert_true(painter_prepare(&f->painter, &w, &cached, &wrong) && !cached);
    waiter *one = waiter_new();
    painter_start(&f->painter, &w, &one->ticket);
    work_free(&w);
    return one;
}

static void what_is_promised_waits_for_room(void **state)
{
    fixture *f = *state;
    waiter *all[MANY];
    make_room(f, 2);
    fake.delay_ms = 2;
    for (int i = 0; i < MANY; i++)
        all[i] = start_fast(f, 3 + i);
    for (int i = 0; i < MANY; i++) {
        waiter_wait(all[i]);
        if (!all[i]->painting)
            fail_msg("%s", all[i]->problem.message);
        waiter_free(all[i]);
    }
    expect_nothing_left(f);
    assert_int_equal(f->metrics.rejected[REJECT_MEMORY], 0);
}

static void it_waits_for_the_library_too(void **state)
{
    fixture *f = *state;
    waiter *all[MANY];
    stylize_options o;
    stylize_error err;
    stylize_ctx_destroy(f->ctx, STYLIZE_CANCEL);
    fake_options(&o);
    o.queue_length = 2;
    assert_int_equal(stylize_ctx_create(&f->ctx, &o, &err), STYLIZE_OK);
    f->painter.ctx = f->ctx;
    fake.delay_ms = 2;
    for (int i = 0; i < MANY; i++)
        all[i] = start_fast(f, 3 + i);
    for (int i = 0; i < MANY; i++) {
        waiter_wait(all[i]);
        if (!all[i]->painting)
            fail_msg("%s", all[i]->problem.message);
        waiter_free(all[i]);
    }
    expect_nothing_left(f);
}

static void leave_all(fixture *f, waiter **all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(painter_leave(&f->painter, &all[i]->ticket));
        waiter_free(all[i]);
    }
    expect_nothing_left(f);
}

static void requests_have_the_other_half(void **state)
{
    fixture *f = *state;
    make_room(f, 4);
    fake.delay_ms = 50;
    waiter *all[6];
    for (uint32_t i = 0; i < 3; i++)
        all[i] = start_promised(f, 1000 + i, "");
    assert_int_equal(painter_counts(&f->painter).promised, 1);
    for (uint32_t i = 3; i < 6; i++)
        all[i] = start(f, 2000 + i, 600000);
    assert_int_equal(painter_counts(&f->painter).handed, 4);
    assert_int_equal(painter_counts(&f->painter).requests, 1);
    leave_all(f, all, 6);
}

static void the_first_in_the_line_is_not_overtaken_for_ever(void **state)
{
    fixture *f = *state;
    make_room(f, 4);
    fake.delay_ms = 50;
    waiter *all[5];
    for (uint32_t i = 0; i < 3; i++)
        all[i] = start(f, 2000 + i, 600000);
    work w; /* needs two places where one is free */
    assert_null(look(f, 1000, 0, &w));
    w.promised = true;
    w.cost *= 2;
    all[3] = waiter_new();
    painter_start(&f->painter, &w, &all[3]->ticket);
    work_free(&w);
    assert_int_equal(painter_counts(&f->painter).promised, 1);
    f->painter.room.lines[LINE_PROMISED].first->accepted_ns -= 10000000000u;
    all[4] = start(f, 3000, 600000); /* has to wait, though there is room for it */
    assert_int_equal(painter_counts(&f->painter).requests, 1);
    assert_true(painter_leave(&f->painter, &all[0]->ticket));
    while (painter_counts(&f->painter).promised)
        ;
    assert_int_equal(painter_counts(&f->painter).requests, 1);
    waiter_free(all[0]);
    leave_all(f, all + 1, 4);
}

static void requests_wait_until_their_time_is_over(void **state)
{
    fixture *f = *state;
    make_room(f, 1);
    fake.delay_ms = 50;
    waiter *first = start(f, 2000, 600000), *second = start(f, 2001, 600000), *third = start(f, 2002, 600000);
    f->painter.room.lines[LINE_REQUESTS].first->accepted_ns +=
        1000000000u; /* as if it came while others are looked at */
    f->painter.room.lines[LINE_REQUESTS].last->accepted_ns -= 700000000000u;
    painter_tick(&f->painter);
    waiter_wait(third);
    assert_string_equal(third->problem.code, "deadline_exceeded");
    assert_int_equal(painter_counts(&f->painter).requests, 1);
    waiter_free(third);
    waiter *both[] = {first, second};
    leave_all(f, both, 2);
}

static waiter *start_of(fixture *f, uint32_t iterations, uint64_t client)
{
    work w;
    assert_null(look(f, iterations, 600000, &w));
    w.client = client;
    waiter *one = waiter_new();
    painter_start(&f->painter, &w, &one->ticket);
    work_free(&w);
    return one;
}

static void one_client_has_half_of_the_line(void **state)
{
    fixture *f = *state;
    make_room(f, 1);
    f->painter.queue_most = 32;
    fake.delay_ms = 50;
    waiter *all[33];
    for (uint32_t i = 0; i < 17; i++) /* the first is painted */
        all[i] = start_of(f, 2000 + i, 7);
    waiter *refused = start_of(f, 3000, 7);
    waiter_wait(refused);
    assert_int_equal(refused->problem.status, 429);
    assert_true(refused->problem.retry_after >= 1);
    waiter_free(refused);
    for (uint32_t i = 17; i < 33; i++)
        all[i] = start_of(f, 2000 + i, 100 + i);
    refused = start_of(f, 3000, 99);
    waiter_wait(refused);
    assert_string_equal(refused->problem.code, "queue_full");
    waiter_free(refused);
    leave_all(f, all, 33);
}

/* The size is that of the moment when a turn comes: not all of a crowd gets that of its first. */
static void a_crowd_is_painted_smaller(void **state)
{
    fixture *f = *state;
    make_room(f, 1);
    degrade_init(&f->painter.degrade, 2000000000u);
    fake.delay_ms = 50;
    const params_limits limits = {1024, 1024};
    waiter *all[3];
    waiter *first = start(f, 2000, 600000);
    for (int i = 0; i < 3; i++) {
        work w;
        painting *cached;
        problem wrong;
        assert_null(look(f, 1, 600000, &w));
        w.params.method = STYLIZE_METHOD_FAST;
        assert_true(params_set(&w.params, &limits, TEXT("output_size"), TEXT("400"), &wrong));
        w.params.quality = 1 + i;
        w.params.allow_degraded = i != 1;
        f->painter.room.most = UINT64_MAX;
        assert_true(painter_prepare(&f->painter, &w, &cached, &wrong));
        f->painter.room.most = f->painter.room.taken;
        all[i] = waiter_new();
        painter_start(&f->painter, &w, &all[i]->ticket);
        if (i == 2) { /* an equal one that wants all of it */
            waiter *same = waiter_new();
            w.params.allow_degraded = false;
            painter_start(&f->painter, &w, &same->ticket);
            assert_int_equal(same->ticket.from, PAINTED_JOINED);
            assert_true(painter_leave(&f->painter, &same->ticket));
            waiter_free(same);
        }
        work_free(&w);
    }
    assert_int_equal(painter_counts(&f->painter).requests, 3);
    for (flight *l = f->painter.room.lines[LINE_REQUESTS].first; l; l = l->behind)
        l->accepted_ns -= 5000000000u;
    f->painter.room.most = UINT64_MAX;
    assert_true(painter_leave(&f->painter, &first->ticket));
    waiter_free(first);
    painter_tick(&f->painter);
    static const uint32_t widths[] = {300, 400, 400};
    for (int i = 0; i < 3; i++) {
        waiter_wait(all[i]);
        assert_non_null(all[i]->painting);
        const painting *p = all[i]->painting;
        assert_int_equal(p->width > p->height ? p->width : p->height, widths[i]);
        assert_int_equal(p->degraded, i == 0);
        assert_true(p->queue_seconds >= 5);
        waiter_free(all[i]);
    }
    expect_nothing_left(f);
}

static void those_that_wait_can_leave_be_erased_and_cancelled(void **state)
{
    fixture *f = *state;
    make_room(f, 2);
    fake.delay_ms = 50;
    waiter *first = start_promised(f, 1000, ""), *leaves = start_promised(f, 1001, "");
    waiter *erased = start_promised(f, 1002, "anna"), *cancelled = start_promised(f, 1003, "");
    assert_int_equal(painter_counts(&f->painter).promised, 3);
    assert_true(painter_leave(&f->painter, &leaves->ticket));
    assert_int_equal(painter_erase(&f->painter, "anna"), 1);
    waiter_wait(erased);
    assert_string_equal(erased->problem.code, "erased");
    painter_cancel_all(&f->painter);
    waiter_wait(cancelled);
    assert_string_equal(cancelled->problem.code, "cancelled");
    waiter_wait(first);
    assert_string_equal(first->problem.code, "cancelled");
    waiter *all[] = {first, leaves, erased, cancelled};
    for (size_t i = 0; i < APP_LEN(all); i++)
        waiter_free(all[i]);
    expect_nothing_left(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_promised_waits_for_room, open_painter, close_painter),
        cmocka_unit_test_setup_teardown(it_waits_for_the_library_too, open_painter, close_painter),
        cmocka_unit_test_setup_teardown(requests_have_the_other_half, open_painter, close_painter),
        cmocka_unit_test_setup_teardown(the_first_in_the_line_is_not_overtaken_for_ever, open_painter,
                                        close_painter),
        cmocka_unit_test_setup_teardown(requests_wait_until_their_time_is_over, open_painter, close_painter),
        cmocka_unit_test_setup_teardown(one_client_has_half_of_the_line, open_painter, close_painter),
        cmocka_unit_test_setup_teardown(a_crowd_is_painted_smaller, open_painter, close_painter),
        cmocka_unit_test_setup_teardown(those_that_wait_can_leave_be_erased_and_cancelled, open_painter,
                                        close_painter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
