/* What a sequence promises: order, back pressure, cancelling, resetting, and an answer to every misuse. */
#include <pthread.h>
#include <time.h>

#include "sequence_test.h"

#define W 48
#define H 32

typedef struct world {
    stylize_ctx *ctx;
    stylize_request request;
    stylize_image photo, room;
    stylize_frame frame, result;
} world;

static world begin(void)
{
    world w = {.ctx = create_ctx(NULL), .request = plain_request()};
    w.photo = fake_picture(W, H, STYLIZE_FORMAT_RGB8, 1);
    w.room = fake_picture(W, H, STYLIZE_FORMAT_RGB8, 2);
    w.frame = frame_of(&w.photo);
    w.result = frame_of(&w.room);
    return w;
}

static void end(world *w)
{
    free(w->photo.pixels);
    free(w->room.pixels);
    stylize_ctx_destroy(w->ctx, STYLIZE_DRAIN);
}

static void options_are_checked(void **state)
{
    world w = begin();
    stylize_error err;
    stylize_sequence *s = NULL;
    stylize_sequence_options o = {0};
    assert_int_equal(stylize_sequence_init(NULL, sizeof o), STYLIZE_ERR_INVALID);
    assert_int_equal(stylize_sequence_init(&o, 3), STYLIZE_ERR_INVALID);
    fails(stylize_sequence_create(&s, w.ctx, &o, &err), STYLIZE_ERR_INVALID, "not initialised");
    assert_int_equal(stylize_sequence_init(&o, sizeof o), STYLIZE_OK);
    fails(stylize_sequence_create(NULL, w.ctx, &o, &err), STYLIZE_ERR_INVALID, "out is NULL");
    fails(stylize_sequence_create(&s, NULL, &o, &err), STYLIZE_ERR_INVALID, "ctx is NULL");
    fails(stylize_sequence_create(&s, w.ctx, NULL, &err), STYLIZE_ERR_INVALID, "options are NULL");
    fails(stylize_sequence_create(&s, w.ctx, &o, &err), STYLIZE_ERR_INVALID, "request is NULL");
    o.request = &w.request;
    o.stability = 1.5f;
    fails(stylize_sequence_create(&s, w.ctx, &o, &err), STYLIZE_ERR_INVALID, "stability is 1.5; 0 to 1");
    o.stability = 0.5f;
    o.depth = 65;
    fails(stylize_sequence_create(&s, w.ctx, &o, &err), STYLIZE_ERR_INVALID, "depth is 65; 1 to 64");
    assert_null(s);
    end(&w);
}

static int never(void *user, float done) { return 0; }
static int no_preview(void *user, const stylize_image *picture) { return 0; }

static void requests_are_checked(void **state)
{
    world w = begin();
    stylize_error err;
    stylize_report report = {.struct_size = sizeof report};
    stylize_request all[10];
    const char *text[10] = {
        "content", "tiling",   "target",       "report", "progress", "preview", "output_format RGB8",
        "8 bits",  "0 styles", "keep_metadata"};
    for (int i = 0; i < 10; i++)
        all[i] = w.request;
    all[0].content = &w.photo;
    all[1].tile = 1;
    all[2].target = &w.room;
    all[3].report = &report;
    all[4].progress = never;
    all[5].preview = no_preview;
    all[6].output_format = STYLIZE_FORMAT_PNG;
    all[7].output_depth = 16;
    all[8].style_count = 0;
    all[9].keep_metadata = STYLIZE_METADATA_ICC;
    stylize_sequence *good = create_sequence(w.ctx, &w.request, 0.5f, 0);
    for (int i = 0; i < 10; i++) {
        stylize_sequence *s = NULL;
        stylize_sequence_options o;
        stylize_sequence_init(&o, sizeof o);
        o.request = &all[i];
        fails(stylize_sequence_create(&s, w.ctx, &o, &err), STYLIZE_ERR_INVALID, text[i]);
        assert_null(s);
        fails(stylize_sequence_push(good, &w.frame, &all[i], &err), STYLIZE_ERR_INVALID, text[i]);
    }
    const stylize_style_ref unknown = {"nothing", NULL, 1};
    stylize_request r = w.request;
    r.styles = &unknown;
    fails(stylize_sequence_push(good, &w.frame, &r, &err), STYLIZE_ERR_NOT_FOUND, "nothing");
    fails(stylize_sequence_pull(good, &w.result, &err), STYLIZE_ERR_NOT_FOUND, "no frame");
    ok(stylize_sequence_push(good, &w.frame, NULL, &err)); /* as if nothing had been */
    ok(stylize_sequence_pull(good, &w.result, &err));
    stylize_sequence_destroy(good);
    end(&w);
}

static void frames_are_checked(void **state)
{
    world w = begin();
    stylize_error err;
    stylize_sequence *s = create_sequence(w.ctx, &w.request, 0.5f, 0);
    const struct {
        stylize_frame frame;
        const char *text;
    } wrong[] = {
        {{0}, "struct_size"},
        {{.struct_size = sizeof(stylize_frame), .format = (stylize_frame_format)7}, "format 7"},
        {{.struct_size = sizeof(stylize_frame),
          .format = STYLIZE_FRAME_RGB8,
          .matrix = (stylize_frame_matrix)9},
         "matrix 9"},
        {{.struct_size = sizeof(stylize_frame),
          .format = STYLIZE_FRAME_RGB8,
          .range = (stylize_frame_range)2},
         "range 2"},
        {{.struct_size = sizeof(stylize_frame), .format = STYLIZE_FRAME_RGB8, .scene = 2}, "scene"},
        {{.struct_size = sizeof(stylize_frame), .format = STYLIZE_FRAME_RGB8, .reserved = 2}, "reserved"},
        {{.struct_size = sizeof(stylize_frame), .format = STYLIZE_FRAME_RGB8, .width = 15, .height = 20},
         "15x20; at least 16x16"},
        {{.struct_size = sizeof(stylize_frame), .format = STYLIZE_FRAME_RGB8, .width = 16, .height = 20},
         "plane 0 is NULL"},
        {{.struct_size = sizeof(stylize_frame),
          .format = STYLIZE_FRAME_YUV420,
          .width = 16,
          .height = 20,
          .planes = {w.photo.pixels}},
         "plane 1 is NULL"},
        {{.struct_size = sizeof(stylize_frame),
          .format = STYLIZE_FRAME_RGB8,
          .width = 16,
          .height = 20,
          .planes = {w.photo.pixels},
          .strides = {20}},
         "stride 0 is 20; rows take 48"},
    };
    for (size_t i = 0; i < STZ_LEN(wrong); i++)
        fails(stylize_sequence_push(s, &wrong[i].frame, NULL, &err), STYLIZE_ERR_INVALID, wrong[i].text);
    fails(stylize_sequence_push(NULL, &w.frame, NULL, &err), STYLIZE_ERR_INVALID, "sequence is NULL");
    fails(stylize_sequence_push(s, NULL, NULL, &err), STYLIZE_ERR_INVALID, "frame is NULL");
    fails(stylize_sequence_pull(NULL, &w.result, &err), STYLIZE_ERR_INVALID, "sequence is NULL");
    fails(stylize_sequence_pull(s, NULL, &err), STYLIZE_ERR_INVALID, "result is NULL");
    fails(stylize_sequence_reset(NULL, &err), STYLIZE_ERR_INVALID, "sequence is NULL");
    stylize_sequence_cancel(NULL);
    stylize_sequence_destroy(NULL);
    stylize_frame large = w.frame;
    large.width = 20000;
    large.strides[0] = 60000;
    fails(stylize_sequence_push(s, &large, NULL, &err), STYLIZE_ERR_LIMIT, "20000");
    stylize_sequence_destroy(s);
    end(&w);
}

static void results_are_checked_and_wait(void **state)
{
    world w = begin();
    stylize_error err;
    stylize_sequence *s = create_sequence(w.ctx, &w.request, 0.5f, 0);
    w.frame.tag = -77;
    ok(stylize_sequence_push(s, &w.frame, NULL, &err));
    stylize_frame wrong = {0};
    fails(stylize_sequence_pull(s, &wrong, &err), STYLIZE_ERR_INVALID, "struct_size");
    wrong = w.result;
    wrong.width = W - 1;
    fails(stylize_sequence_pull(s, &wrong, &err), STYLIZE_ERR_INVALID,
          "room for 47x32 pixels, the painting has 48x32");
    wrong.format = (stylize_frame_format)0;
    fails(stylize_sequence_pull(s, &wrong, &err), STYLIZE_ERR_INVALID, "format 0");
    stylize_frame size = {.struct_size = sizeof size};
    ok(stylize_sequence_pull(s, &size, &err));
    assert_int_equal(size.width, W);
    assert_int_equal(size.height, H);
    assert_int_equal(size.tag, -77);
    ok(stylize_sequence_pull(s, &w.result, &err));
    assert_int_equal(w.result.tag, -77);
    assert_int_equal(w.result.scene, 1);
    fails(stylize_sequence_pull(s, &w.result, &err), STYLIZE_ERR_NOT_FOUND, "no frame");
    stylize_sequence_destroy(s);
    end(&w);
}

static void frames_come_in_order_and_push_back(void **state)
{
    world w = begin();
    stylize_error err;
    atomic_store(&fake.delay_ms, 3);
    stylize_sequence *s = create_sequence(w.ctx, &w.request, 0.5f, 3);
    int64_t pulled = 0;
    for (int64_t tag = 0; tag < 20; tag++) {
        w.frame.tag = tag;
        stylize_status status;
        while ((status = stylize_sequence_push(s, &w.frame, NULL, &err)) == STYLIZE_ERR_QUEUE_FULL) {
            assert_int_equal(tag - pulled, 3);
            ok(stylize_sequence_pull(s, &w.result, &err));
            assert_int_equal(w.result.tag, pulled++);
        }
        assert_int_equal(status, STYLIZE_OK);
    }
    while (stylize_sequence_pull(s, &w.result, &err) == STYLIZE_OK)
        assert_int_equal(w.result.tag, pulled++);
    assert_int_equal(pulled, 20);
    stylize_sequence_destroy(s);
    end(&w);
}

/* A frame that failed is one failure; the next is not mixed with what was before it. */
static void a_failure_is_one_frames(void **state)
{
    world w = begin();
    stylize_error err;
    stylize_sequence *s = create_sequence(w.ctx, &w.request, 0.5f, 0);
    ok(stylize_sequence_push(s, &w.frame, NULL, &err));
    ok(stylize_sequence_pull(s, &w.result, &err));
    atomic_store(&fake.fail_apply, 1);
    ok(stylize_sequence_push(s, &w.frame, NULL, &err));
    fails(stylize_sequence_pull(s, &w.result, &err), STYLIZE_ERR_ENGINE, "told to fail");
    for (uint32_t i = 0; i < 2; i++) {
        ok(stylize_sequence_push(s, &w.frame, NULL, &err));
        ok(stylize_sequence_pull(s, &w.result, &err));
        assert_int_equal(w.result.scene, 1 - i);
    }
    stylize_sequence_destroy(s);
    end(&w);
}

static void reset_makes_it_new(void **state)
{
    world w = begin();
    stylize_error err;
    stylize_image other = fake_picture(64, 40, STYLIZE_FORMAT_RGB8, 5),
                  room = fake_picture(64, 40, STYLIZE_FORMAT_RGB8, 6);
    stylize_frame frame = frame_of(&other), result = frame_of(&room);
    stylize_sequence *s = create_sequence(w.ctx, &w.request, 0.5f, 4);
    ok(stylize_sequence_push(s, &w.frame, NULL, &err));
    fails(stylize_sequence_push(s, &frame, NULL, &err), STYLIZE_ERR_INVALID,
          "64x40, those before were 48x32; reset");
    ok(stylize_sequence_push(s, &w.frame, NULL, &err));
    ok(stylize_sequence_reset(s, &err));
    fails(stylize_sequence_pull(s, &w.result, &err), STYLIZE_ERR_NOT_FOUND, "no frame");
    ok(stylize_sequence_push(s, &frame, NULL, &err));
    ok(stylize_sequence_pull(s, &result, &err));
    assert_int_equal(result.scene, 1);
    stylize_sequence_destroy(s);
    free(other.pixels);
    free(room.pixels);
    end(&w);
}

/* With any number of frames in work, waiting or running. */
static void cancel_works_at_every_step(void **state)
{
    world w = begin();
    stylize_error err;
    for (int pulls = 0; pulls < 3; pulls++)
        for (int pushes = pulls; pushes < 5; pushes++)
            for (int way = 0; way < 2; way++) {
                atomic_store(&fake.delay_ms, way ? 20 : 0);
                stylize_sequence *s = create_sequence(w.ctx, &w.request, 0.5f, 6);
                for (int i = 0; i < pushes; i++)
                    ok(stylize_sequence_push(s, &w.frame, NULL, &err));
                for (int i = 0; i < pulls; i++)
                    ok(stylize_sequence_pull(s, &w.result, &err));
                stylize_sequence_cancel(s);
                fails(stylize_sequence_pull(s, &w.result, &err), STYLIZE_ERR_CANCELLED, "reset it");
                fails(stylize_sequence_push(s, &w.frame, NULL, &err), STYLIZE_ERR_CANCELLED, "reset it");
                stylize_sequence_cancel(s);
                if (way) {
                    ok(stylize_sequence_reset(s, &err));
                    ok(stylize_sequence_push(s, &w.frame, NULL, &err));
                    ok(stylize_sequence_pull(s, &w.result, &err));
                }
                stylize_sequence_destroy(s);
            }
    end(&w);
}

static void *cancel_soon(void *arg)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    stylize_sequence_cancel(arg);
    return NULL;
}

static void a_waiting_pull_is_cancelled(void **state)
{
    world w = begin();
    stylize_error err;
    pthread_t thread;
    atomic_store(&fake.delay_ms, 600000);
    stylize_sequence *s = create_sequence(w.ctx, &w.request, 0.5f, 0);
    ok(stylize_sequence_push(s, &w.frame, NULL, &err));
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, s), 0);
    fails(stylize_sequence_pull(s, &w.result, &err), STYLIZE_ERR_CANCELLED, "cancelled");
    pthread_join(thread, NULL);
    stylize_sequence_destroy(s);
    end(&w);
}

static void *push_all(void *arg)
{
    world *w = ((void **)arg)[0];
    stylize_sequence *s = ((void **)arg)[1];
    stylize_frame frame = w->frame;
    for (frame.tag = 0; frame.tag < 40;) {
        const stylize_status status = stylize_sequence_push(s, &frame, NULL, NULL);
        if (status == STYLIZE_OK)
            frame.tag++;
        else if (status == STYLIZE_ERR_QUEUE_FULL)
            nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
        else
            return "failed";
    }
    return NULL;
}

static void two_threads_may_push_and_pull(void **state)
{
    world w = begin();
    pthread_t thread;
    stylize_sequence *s = create_sequence(w.ctx, &w.request, 0.5f, 0);
    void *both[] = {&w, s}, *said = NULL;
    assert_int_equal(pthread_create(&thread, NULL, push_all, both), 0);
    for (int64_t tag = 0; tag < 40;) {
        const stylize_status status = stylize_sequence_pull(s, &w.result, NULL);
        if (status == STYLIZE_ERR_NOT_FOUND) {
            nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
            continue;
        }
        assert_int_equal(status, STYLIZE_OK);
        assert_int_equal(w.result.tag, tag++);
    }
    pthread_join(thread, &said);
    assert_null(said);
    stylize_sequence_destroy(s);
    end(&w);
}

/* A style of its own for a frame, and another size of the painting than the frame's. */
static void a_frame_may_have_its_own_request(void **state)
{
    world w = begin();
    stylize_error err;
    const stylize_style_ref b = {"b", NULL, 1};
    stylize_request other = w.request;
    other.styles = &b;
    stylize_sequence *s = create_sequence(w.ctx, &w.request, 0, 0);
    ok(stylize_sequence_push(s, &w.frame, &other, &err));
    ok(stylize_sequence_pull(s, &w.result, &err));
    stylize_image expected = {0};
    other.content = &w.photo;
    ok(stylize_ctx_run(w.ctx, &other, &expected, &err));
    assert_memory_equal(expected.pixels, w.room.pixels, expected.size);
    stylize_image_free(&expected);
    stylize_sequence_destroy(s);
    end(&w);
}

static void paintings_may_have_another_size(void **state)
{
    world w = begin();
    stylize_error err;
    stylize_request r = w.request;
    r.output_width = 40;
    r.output_height = 40;
    stylize_image room = fake_picture(40, 40, STYLIZE_FORMAT_RGB8, 3);
    stylize_sequence *s = create_sequence(w.ctx, &r, 1, 0);
    for (int i = 0; i < 3; i++) {
        stylize_frame result = frame_of(&room);
        ok(stylize_sequence_push(s, &w.frame, NULL, &err));
        ok(stylize_sequence_pull(s, &result, &err));
        assert_int_equal(result.scene, i == 0);
        assert_true(i == 0 ? result.kept == 0 : result.kept > 0.5f);
    }
    stylize_sequence_destroy(s);
    free(room.pixels);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(options_are_checked, reset),
        cmocka_unit_test_setup(requests_are_checked, reset),
        cmocka_unit_test_setup(frames_are_checked, reset),
        cmocka_unit_test_setup(results_are_checked_and_wait, reset),
        cmocka_unit_test_setup(frames_come_in_order_and_push_back, reset),
        cmocka_unit_test_setup(a_failure_is_one_frames, reset),
        cmocka_unit_test_setup(reset_makes_it_new, reset),
        cmocka_unit_test_setup(cancel_works_at_every_step, reset),
        cmocka_unit_test_setup(a_waiting_pull_is_cancelled, reset),
        cmocka_unit_test_setup(two_threads_may_push_and_pull, reset),
        cmocka_unit_test_setup(a_frame_may_have_its_own_request, reset),
        cmocka_unit_test_setup(paintings_may_have_another_size, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
