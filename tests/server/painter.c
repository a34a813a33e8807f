/*
 * Paintings of optimize that a time budget cuts short: given to who asked, but not kept for others. What was promised
 * waits for room; what was not is refused.
 */
#include "paint/memory_tier.h"
#include "paint/prepare.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/digest.h"

#include "check.h"
#include "fake_engine.h"
#include "paint/scans.h"

typedef struct fixture {
    stylize_ctx *ctx;
    config config;
    metrics metrics;
    painter painter;
    buf photo;
} fixture;

typedef struct waiter {
    ticket ticket; /* first */
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool over;
    painting *painting;
    problem problem;
} waiter;

static void on_done(ticket *t, painting *p, const problem *why)
{
    waiter *w = (waiter *)t;
    pthread_mutex_lock(&w->lock);
    w->painting = p;
    if (!p)
        w->problem = *why;
    w->over = true;
    pthread_cond_signal(&w->ended);
    pthread_mutex_unlock(&w->lock);
}

static waiter *waiter_new(void)
{
    waiter *w = calloc(1, sizeof *w);
    assert_non_null(w);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->ended, NULL);
    w->ticket.done = on_done;
    return w;
}

static void waiter_free(waiter *w)
{
    painting_release(w->painting);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->ended);
    free(w);
}

static void waiter_wait(waiter *w)
{
    pthread_mutex_lock(&w->lock);
    while (!w->over)
        pthread_cond_wait(&w->ended, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

static int open_painter(void **state)
{
    fake_reset();
    fixture *f = calloc(1, sizeof *f);
    stylize_options o;
    stylize_error err;
    fake_options(&o);
    assert_int_equal(stylize_ctx_create(&f->ctx, &o, &err), STYLIZE_OK);
    f->config.max_decoded_bytes = 1 << 30;
    f->config.max_pixels = 50000000;
    f->config.threads = 2;
    f->config.precision = STYLIZE_PRECISION_FP32;
    metrics_init(&f->metrics);
    painter_init(&f->painter, f->ctx, &f->config, &f->metrics);
    assert_true(cache_add_memory(&f->painter.cache, 1 << 24));
    FILE *photo = fopen(STYLIZE_SOURCE_DIR "/tests/codec/data/444.jpg", "rb");
    assert_non_null(photo);
    char piece[4096];
    for (size_t n; (n = fread(piece, 1, sizeof piece, photo)) > 0;)
        buf_append(&f->photo, piece, n);
    fclose(photo);
    *state = f;
    return 0;
}

static int close_painter(void **state)
{
    fixture *f = *state;
    stylize_ctx_destroy(f->ctx, STYLIZE_CANCEL);
    painter_close(&f->painter);
    buf_free(&f->photo);
    free(f);
    return 0;
}

/* What the cache has of it, or NULL; then *w can be started. */
static painting *look(fixture *f, uint32_t iterations, uint32_t deadline_ms, work *w)
{
    const params_limits limits = {64, 64};
    problem wrong;
    painting *cached;
    *w = (work){.memory = blob_create(), .deadline_ms = deadline_ms, .keep = true};
    params_init(&w->params, &limits);
    w->params.content = (slice){f->photo.data, f->photo.size};
    strcpy(w->params.styles[0].id, "a");
    w->params.styles[0].weight = 1;
    w->params.style_count = 1;
    w->params.method = STYLIZE_METHOD_OPTIMIZE;
    w->params.iterations = iterations;
    if (!painter_prepare(&f->painter, w, &cached, &wrong))
        fail_msg("%s", wrong.message);
    return cached;
}

static bool is_kept(fixture *f, uint32_t iterations)
{
    work w;
    painting *p = look(f, iterations, 0, &w);
    painting_release(p);
    work_free(&w);
    return p != NULL;
}

static waiter *start(fixture *f, uint32_t iterations, uint32_t deadline_ms)
{
    work w;
    assert_null(look(f, iterations, deadline_ms, &w));
    waiter *one = waiter_new();
    painter_start(&f->painter, &w, &one->ticket);
    work_free(&w);
    return one;
}

static void whole_is_kept(void **state)
{
    fixture *f = *state;
    waiter *one = start(f, 5, 600000);
    waiter_wait(one);
    assert_non_null(one->painting);
    assert_true(is_kept(f, 5));
    waiter_free(one);
}

/* Three quarters of the deadline are the budget; where a busy machine does not come to an end in the last
 * one, it gets more time. */
static void cut_short_is_not_kept(void **state)
{
    fixture *f = *state;
    fake.delay_ms = 5;
    waiter *one = NULL;
    for (uint32_t ms = 200; ms < 600000 && !(one && one->painting); ms *= 2) {
        if (one)
            waiter_free(one);
        one = start(f, 100000, ms);
        waiter_wait(one);
        if (!one->painting)
            assert_string_equal(one->problem.code, "deadline_exceeded");
    }
    assert_non_null(one->painting);
    assert_false(is_kept(f, 100000));
    waiter_free(one);
}

static void patience_is_not_joined_to_haste(void **state)
{
    fixture *f = *state;
    fake.delay_ms = 5;
    waiter *hasty = start(f, 100000, 600000), *same = start(f, 100000, 600000);
    waiter *patient = start(f, 100000, 0), *later = start(f, 100000, 600000);
    assert_int_equal(hasty->ticket.from, PAINTED_NEW);
    assert_int_equal(same->ticket.from, PAINTED_JOINED);
    assert_int_equal(patient->ticket.from, PAINTED_NEW);
    assert_int_equal(later->ticket.from, PAINTED_JOINED); /* to a whole one, which it may get in time */
    waiter *all[] = {hasty, same, patient, later};
    for (int i = 0; i < 4; i++) {
        assert_true(painter_leave(&f->painter, &all[i]->ticket));
        waiter_free(all[i]);
    }
}

/* The photograph with so many scans more, each of no bytes. */
static buf with_scans(const fixture *f, int more)
{
    static const char scan[] = "\xff\xda\0\x08\x01\x01\0\0\x3f\0";
    buf b = {0};
    buf_append(&b, f->photo.data, f->photo.size - 2);
    for (int i = 0; i < more; i++)
        buf_append(&b, scan, sizeof scan - 1);
    buf_append(&b, "\xff\xd9", 2);
    return b;
}

static void scans_are_counted_before_they_are_decoded(void **state)
{
    fixture *f = *state;
    painting *cached;
    problem wrong;
    const struct {
        int more;
        uint64_t max_pixels;
        bool allowed;
    } cases[] = {{0, 50000000, true},  {63, 50000000, true}, {64, 50000000, false},
                 {63, 32 * 48, false}, {15, 32 * 48, true},  {16, 32 * 48, false}};
    for (size_t i = 0; i < APP_LEN(cases); i++) {
        work w;
        buf file = with_scans(f, cases[i].more);
        assert_int_equal(jpeg_scans((slice){file.data, file.size}, 100), 1 + cases[i].more);
        assert_null(look(f, 1, 0, &w));
        f->painter.max_pixels = cases[i].max_pixels;
        w.params.content = (slice){file.data, file.size};
        assert_true(painter_prepare(&f->painter, &w, &cached, &wrong) == cases[i].allowed);
        if (!cases[i].allowed) {
            assert_int_equal(wrong.status, 413);
            assert_string_equal(wrong.field, "content_image");
        }
        f->painter.max_pixels = 50000000;
        work_free(&w);
        buf_free(&file);
    }
    assert_int_equal(jpeg_scans(TEXT("\x89PNG"), 9), 0);
    for (size_t n = 0; n < f->photo.size; n++) /* cut anywhere */
        assert_true(jpeg_scans((slice){f->photo.data, n}, 9) <= 1);
}

static atomic_uint_fast64_t digested; /* bytes of pictures */

bool __real_digest_of(const void *data, size_t size, uint8_t out[DIGEST_SIZE]);
bool __wrap_digest_of(const void *data, size_t size, uint8_t out[DIGEST_SIZE]);
bool __wrap_digest_of(const void *data, size_t size, uint8_t out[DIGEST_SIZE])
{
    digested += size;
    return __real_digest_of(data, size, out);
}

static void pictures_in_common_are_digested_once(void **state)
{
    fixture *f = *state;
    const params_limits limits = {64, 64};
    const slice photo = {f->photo.data, f->photo.size};
    params p;
    painting *cached;
    problem wrong;
    params_init(&p, &limits);
    assert_true(params_set(&p, &limits, TEXT("style_image"), photo, &wrong));
    assert_true(params_set(&p, &limits, TEXT("masks"), photo, &wrong));
    digested = 0;
    painter_digest(&p);
    for (int i = 0; i < 10; i++) {
        work w = {.params = p};
        w.params.content = photo;
        w.params.quality = 1 + i;
        assert_true(painter_prepare(&f->painter, &w, &cached, &wrong));
    }
    assert_int_equal(digested, 12 * photo.size);
}

/* ------------------------------------------------------------------ room */

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

static uint64_t waiting(fixture *f)
{
    uint64_t handed, waiting, bytes;
    painter_counts(&f->painter, &handed, &waiting, &bytes);
    return waiting;
}

static void expect_nothing_left(fixture *f)
{
    uint64_t handed, waiting, bytes;
    do
        painter_counts(&f->painter, &handed, &waiting, &bytes);
    while (handed);
    assert_int_equal(waiting, 0);
    assert_int_equal(bytes, 0);
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

static void requests_have_the_other_half(void **state)
{
    fixture *f = *state;
    make_room(f, 4);
    fake.delay_ms = 50;
    waiter *promised[3], *asked[2];
    for (uint32_t i = 0; i < 3; i++)
        promised[i] = start_promised(f, 1000 + i, "");
    assert_int_equal(waiting(f), 1);
    for (uint32_t i = 0; i < 2; i++)
        asked[i] = start(f, 2000 + i, 600000);
    waiter *refused = start(f, 3000, 600000);
    waiter_wait(refused);
    assert_string_equal(refused->problem.code, "busy");
    waiter_free(refused);
    /* It waits long enough: no request comes before it any more. */
    f->painter.room.first->accepted_ns -= 10000000000u;
    assert_true(painter_leave(&f->painter, &asked[0]->ticket));
    uint64_t handed, left, bytes;
    do
        painter_counts(&f->painter, &handed, &left, &bytes);
    while (handed > 3);
    assert_int_equal(left, 1); /* the share of those promised is used up, so that a request may have it */
    waiter *again = start(f, 4000, 600000);
    assert_ptr_not_equal(again->ticket.flight, NULL);
    waiter *all[] = {promised[0], promised[1], promised[2], asked[1], again};
    for (size_t i = 0; i < APP_LEN(all); i++) {
        assert_true(painter_leave(&f->painter, &all[i]->ticket));
        waiter_free(all[i]);
    }
    waiter_free(asked[0]);
    expect_nothing_left(f);
}

static void the_first_in_the_line_is_not_overtaken_for_ever(void **state)
{
    fixture *f = *state;
    make_room(f, 4);
    fake.delay_ms = 50;
    waiter *asked[3];
    for (uint32_t i = 0; i < 3; i++)
        asked[i] = start(f, 2000 + i, 600000);
    work w; /* needs two places where one is free */
    assert_null(look(f, 1000, 0, &w));
    w.promised = true;
    w.cost *= 2;
    waiter *large = waiter_new();
    painter_start(&f->painter, &w, &large->ticket);
    work_free(&w);
    assert_int_equal(waiting(f), 1);
    f->painter.room.first->accepted_ns -= 10000000000u;
    waiter *refused = start(f, 3000, 600000);
    waiter_wait(refused);
    assert_string_equal(refused->problem.code, "busy");
    assert_true(painter_leave(&f->painter, &asked[0]->ticket));
    while (waiting(f))
        ;
    waiter *all[] = {large, asked[1], asked[2]};
    for (size_t i = 0; i < APP_LEN(all); i++) {
        assert_true(painter_leave(&f->painter, &all[i]->ticket));
        waiter_free(all[i]);
    }
    waiter_free(asked[0]);
    waiter_free(refused);
    expect_nothing_left(f);
}

static void those_that_wait_can_leave_be_erased_and_cancelled(void **state)
{
    fixture *f = *state;
    make_room(f, 2);
    fake.delay_ms = 50;
    waiter *first = start_promised(f, 1000, ""), *leaves = start_promised(f, 1001, "");
    waiter *erased = start_promised(f, 1002, "anna"), *cancelled = start_promised(f, 1003, "");
    assert_int_equal(waiting(f), 3);
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
        cmocka_unit_test_setup_teardown(whole_is_kept, open_painter, close_painter),
        cmocka_unit_test_setup_teardown(cut_short_is_not_kept, open_painter, close_painter),
        cmocka_unit_test_setup_teardown(patience_is_not_joined_to_haste, open_painter, close_painter),
        cmocka_unit_test_setup_teardown(scans_are_counted_before_they_are_decoded, open_painter,
                                        close_painter),
        cmocka_unit_test_setup_teardown(pictures_in_common_are_digested_once, open_painter, close_painter),
        cmocka_unit_test_setup_teardown(what_is_promised_waits_for_room, open_painter, close_painter),
        cmocka_unit_test_setup_teardown(it_waits_for_the_library_too, open_painter, close_painter),
        cmocka_unit_test_setup_teardown(requests_have_the_other_half, open_painter, close_painter),
        cmocka_unit_test_setup_teardown(the_first_in_the_line_is_not_overtaken_for_ever, open_painter,
                                        close_painter),
        cmocka_unit_test_setup_teardown(those_that_wait_can_leave_be_erased_and_cancelled, open_painter,
                                        close_painter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
