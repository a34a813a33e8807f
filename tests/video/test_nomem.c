/* A sequence under failing allocations: each in turn fails, and nothing is lost but what the failure says. */
#include "sequence_test.h"

#include "alloc/failing.h"

static stylize_image photo, room;

/* Three frames; true if all of it went well. */
static bool scenario(stylize_ctx *ctx)
{
    stylize_error err = {0};
    stylize_request r = plain_request();
    stylize_sequence_options o;
    stylize_sequence *s = NULL;
    stylize_sequence_init(&o, sizeof o);
    o.request = &r;
    if (stylize_sequence_create(&s, ctx, &o, &err) != STYLIZE_OK) {
        assert_null(s);
        assert_true(err.message[0]);
        return false;
    }
    bool worked = true;
    for (int i = 0; i < 3; i++) {
        stylize_frame frame = frame_of(&photo), result = frame_of(&room);
        stylize_status status = stylize_sequence_push(s, &frame, NULL, &err);
        if (status == STYLIZE_OK)
            status = stylize_sequence_pull(s, &result, &err);
        if (status != STYLIZE_OK) {
            assert_int_equal(status, err.status);
            assert_true(err.message[0]);
            worked = false;
        }
    }
    stylize_sequence_destroy(s);
    return worked;
}

static void every_allocation_may_fail(void **state)
{
    stylize_options o;
    fake_options(&o);
    o.threads = 1;
    const failing_mode modes[] = {FAILING_ONCE, FAILING_ALWAYS};
    for (size_t i = 0; i < STZ_LEN(modes); i++) {
        long n = 1;
        for (bool failed = true; failed; n++) {
            fake_reset();
            stylize_ctx *ctx = create_ctx(&o);
            failing_arm(n, modes[i]);
            const bool worked = scenario(ctx);
            failed = failing_disarm();
            if (!failed)
                assert_true(worked);
            assert_true(scenario(ctx));
            stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
            assert_true(n < 2000);
        }
        assert_true(n > 15);
    }
}

/* Frame by frame nothing more is taken from the system. */
static void the_steady_state_allocates_nothing(void **state)
{
    stylize_error err = {0};
    stylize_options options;
    fake_options(&options);
    options.threads = 1;
    stylize_ctx *ctx = create_ctx(&options);
    stylize_request r = plain_request();
    stylize_sequence *s = create_sequence(ctx, &r, 0.7f, 2);
    for (int i = 0; i < 30; i++) {
        stylize_frame frame = frame_of(&photo), result = frame_of(&room);
        if (i == 6)
            failing_arm(0, FAILING_ONCE);
        ok(stylize_sequence_push(s, &frame, NULL, &err));
        ok(stylize_sequence_pull(s, &result, &err));
    }
    assert_int_equal(failing_allocations(), 0);
    failing_disarm();
    stylize_sequence_destroy(s);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static int make(void **state)
{
    photo = fake_picture(50, 40, STYLIZE_FORMAT_RGB8, 1);
    room = fake_picture(50, 40, STYLIZE_FORMAT_RGB8, 2);
    return 0;
}

static int drop(void **state)
{
    free(photo.pixels);
    free(room.pixels);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_allocation_may_fail, reset),
        cmocka_unit_test_setup(the_steady_state_allocates_nothing, reset),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
