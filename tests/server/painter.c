/*
 * Paintings of optimize that a time budget cuts short: given to who asked, but not kept for others. What is known of
 * pictures before they are decoded.
 */
#include "base/digest.h"
#include "paint/in_flight.h"
#include "paint/scans.h"
#include "painter_check.h"

static bool is_kept(fixture *f, uint32_t iterations)
{
    work w;
    painting *p = look(f, iterations, 0, &w);
    painting_release(p);
    work_free(&w);
    return p != NULL;
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
    params_digest(&p);
    for (int i = 0; i < 10; i++) {
        work w = {.params = p};
        w.params.content = photo;
        w.params.quality = 1 + i;
        assert_true(painter_prepare(&f->painter, &w, &cached, &wrong));
    }
    assert_int_equal(digested, 12 * photo.size);
}

static void keyed(fixture *f, const char *field, const char *value, uint8_t key[32])
{
    const params_limits limits = {64, 64};
    painting *cached;
    problem wrong;
    work w = {0};
    params_init(&w.params, &limits);
    w.params.content = (slice){f->photo.data, f->photo.size};
    w.params.format = STYLIZE_FORMAT_PNG;
    if (field)
        assert_true(params_set(&w.params, &limits, TEXT(field), TEXT(value), &wrong));
    assert_true(painter_prepare(&f->painter, &w, &cached, &wrong));
    memcpy(key, w.key.bytes, 32);
}

static void results_that_differ_have_keys_of_their_own(void **state)
{
    static const char *const cases[][2] = {{NULL, NULL},
                                           {"output_depth", "16"},
                                           {"keep_metadata", "exif"},
                                           {"keep_metadata", "icc"},
                                           {"tolerant", "yes"},
                                           {"keep_metadata", "copyright"},
                                           {"keep_metadata", "all"},
                                           {"preserve_color", "1"}};
    uint8_t keys[APP_LEN(cases)][32];
    for (size_t i = 0; i < APP_LEN(cases); i++) {
        keyed(*state, cases[i][0], cases[i][1], keys[i]);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(keys[i], keys[k], 32);
    }
    keyed(*state, "output_depth", "8", keys[1]);
    assert_memory_equal(keys[0], keys[1], 32);
}

static void sixteen_bits_need_a_format_that_has_them(void **state)
{
    fixture *f = *state;
    const params_limits limits = {64, 64};
    painting *cached;
    problem wrong;
    work w = {0};
    params_init(&w.params, &limits);
    w.params.content = (slice){f->photo.data, f->photo.size};
    assert_true(params_set(&w.params, &limits, TEXT("output_depth"), TEXT("16"), &wrong));
    assert_false(painter_prepare(&f->painter, &w, &cached, &wrong));
    assert_int_equal(wrong.status, 422);
    assert_string_equal(wrong.field, "output_depth");
    w.params.format = STYLIZE_FORMAT_PNG;
    assert_true(painter_prepare(&f->painter, &w, &cached, &wrong));
    const uint64_t deep = w.cost;
    w.params.depth = 8;
    assert_true(painter_prepare(&f->painter, &w, &cached, &wrong));
    assert_true(deep > 2 * w.cost);
}

static atomic_bool memory_is_gone;

painting *__real_flight_painting(const flight *f, stylize_image *result);
painting *__wrap_flight_painting(const flight *f, stylize_image *result);
painting *__wrap_flight_painting(const flight *f, stylize_image *result)
{
    return memory_is_gone ? NULL : __real_flight_painting(f, result);
}

static void no_memory_for_a_result_is_an_answer(void **state)
{
    fixture *f = *state;
    memory_is_gone = true;
    waiter *one = start(f, 5, 600000);
    waiter_wait(one);
    assert_null(one->painting);
    assert_string_equal(one->problem.code, "out_of_memory");
    memory_is_gone = false;
    waiter_free(one);
    one = start(f, 5, 600000);
    waiter_wait(one);
    assert_non_null(one->painting);
    assert_true(one->painting->queue_seconds >= 0);
    waiter_free(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whole_is_kept, open_painter, close_painter),
        cmocka_unit_test_setup_teardown(cut_short_is_not_kept, open_painter, close_painter),
        cmocka_unit_test_setup_teardown(patience_is_not_joined_to_haste, open_painter, close_painter),
        cmocka_unit_test_setup_teardown(scans_are_counted_before_they_are_decoded, open_painter,
                                        close_painter),
        cmocka_unit_test_setup_teardown(no_memory_for_a_result_is_an_answer, open_painter, close_painter),
        cmocka_unit_test_setup_teardown(results_that_differ_have_keys_of_their_own, open_painter,
                                        close_painter),
        cmocka_unit_test_setup_teardown(sixteen_bits_need_a_format_that_has_them, open_painter,
                                        close_painter),
        cmocka_unit_test_setup_teardown(pictures_in_common_are_digested_once, open_painter, close_painter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
