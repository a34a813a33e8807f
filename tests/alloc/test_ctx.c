/*
 * A context under failing allocations: created, asked to paint, destroyed, with the first call failing,
 * the second, and so on, until nothing is left to fail. Whatever fails is an error with a text; nothing
 * leaks (the ASan build looks), nothing hangs, and a context that came to be works as soon as there
 * is memory again. And in the steady state there is nothing to fail: no allocation at all.
 */
#include "core/helpers.h"

#include <time.h>

#include "alloc/failing.h"

static stylize_image photo, painting, png;

static int make_pictures(void **state)
{
    stylize_error err;
    fake_reset();
    stylize_ctx *ctx = create_ctx(NULL);
    photo = fake_picture(50, 40, STYLIZE_FORMAT_RGBA8, 1); /* not the network's multiple: padded */
    painting = fake_picture(64, 64, STYLIZE_FORMAT_RGB8, 2);
    if (stylize_image_encode(ctx, &photo, STYLIZE_FORMAT_PNG, 0, &png, &err))
        return -1;
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    return 0;
}

static int free_pictures(void **state)
{
    stylize_image_free(&png);
    free(photo.pixels);
    free(painting.pixels);
    return 0;
}

/* What is done under failure; true if all of it went well. */
typedef bool (*scenario_fn)(stylize_ctx *ctx);

/* A failure must say what it was, and leave no output. */
static bool good(stylize_status status, const stylize_error *err, const stylize_image *out)
{
    if (status == STYLIZE_OK)
        return true;
    assert_int_equal(err->status, status);
    assert_true(strlen(err->message) > 0);
    if (out)
        assert_null(out->pixels);
    return false;
}

static bool run(stylize_ctx *ctx, const stylize_request *r)
{
    stylize_error err = {0};
    stylize_image out = {0};
    bool worked = good(stylize_ctx_run(ctx, r, &out, &err), &err, &out);
    stylize_image_free(&out);
    return worked;
}

static bool paint_pixels(stylize_ctx *ctx)
{
    stylize_request r = request_for(&photo, &style_a);
    r.output_size = 70;
    r.strength = 0.5f;
    return run(ctx, &r);
}

static bool paint_file(stylize_ctx *ctx)
{
    stylize_request r = request_for(&png, &style_a);
    r.output_format = STYLIZE_FORMAT_JPEG;
    return run(ctx, &r);
}

static bool paint_with_picture(stylize_ctx *ctx)
{
    const stylize_style_ref styles[] = {{NULL, &painting, 1}, {"b", NULL, 2}};
    stylize_request r = request_for(&photo, styles);
    r.style_count = 2;
    return run(ctx, &r);
}

static bool paint_tiles(stylize_ctx *ctx)
{
    stylize_request r = request_for(&photo, &style_a);
    r.memory_budget = 34 << 20;
    return run(ctx, &r);
}

static bool paint_scaled(stylize_ctx *ctx)
{
    stylize_request r = request_for(&photo, &style_a);
    r.style_scale = 0.7f;
    r.strength = STYLIZE_STRENGTH_AUTO;
    return run(ctx, &r);
}

static bool paint_refined(stylize_ctx *ctx)
{
    stylize_request r = request_for(&photo, &style_a);
    r.style_scale = 4;
    return run(ctx, &r);
}

static bool paint_layers(stylize_ctx *ctx)
{
    static uint8_t gray[12] = {0, 100, 200, 255, 255, 0, 9, 255, 3, 4, 5, 6};
    const stylize_image mask = {
        .pixels = gray, .width = 4, .height = 3, .stride = 4, .size = 12, .format = STYLIZE_FORMAT_GRAY8};
    const stylize_image *const masks[] = {NULL, &mask, &png};
    const stylize_style_ref styles[] = {{"a", NULL, 1}, {NULL, &painting, 1}, {"b", NULL, 1}};
    stylize_request r = request_for(&photo, styles);
    r.style_count = 3;
    r.masks = masks;
    return run(ctx, &r);
}

static bool share_out(stylize_ctx *ctx)
{
    stylize_error err = {0};
    stylize_request r = request_for(&photo, &style_a);
    void *data = NULL;
    size_t size = 0;
    r.memory_budget = 34 << 20;
    if (!good(stylize_tiling_create(ctx, &r, &data, &size, &err), &err, NULL)) {
        assert_null(data);
        return false;
    }
    stylize_tile tile = {.struct_size = sizeof tile};
    ok(stylize_tiling_get(data, size, 0, &tile, &err));
    stylize_image part = photo;
    part.width = tile.from_width;
    part.height = tile.from_height;
    part.size = 0;
    r = (stylize_request){
        .struct_size = sizeof r, .content = &part, .strength = 0.5f, .memory_budget = 34 << 20};
    r.output_format = STYLIZE_FORMAT_RGB8;
    r.tiling = data;
    r.tiling_size = size;
    bool worked = run(ctx, &r);
    stylize_free(data);
    return worked;
}

static void count_done(void *user, uint64_t id, stylize_status status, stylize_image *result,
                       const stylize_error *error)
{
    if (result)
        stylize_image_free(result);
    atomic_fetch_add((atomic_int *)user, 1);
}

static bool submit_some(stylize_ctx *ctx)
{
    static atomic_int done;
    int accepted = 0;
    stylize_error err = {0};
    stylize_request r = request_for(&photo, &style_a);
    atomic_store(&done, 0);
    for (int i = 0; i < 4; i++)
        accepted += good(stylize_ctx_submit(ctx, &r, count_done, &done, NULL, &err), &err, NULL);
    while (atomic_load(&done) != accepted) /* one that never came would hang here */
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    return accepted == 4;
}

static bool manage_styles(stylize_ctx *ctx)
{
    stylize_error err = {0};
    const stylize_style_info info = {.id = "mine", .display_name = "Mine"};
    stylize_style_info *list = NULL;
    size_t count = 0;
    char *json = NULL;
    bool worked = good(stylize_style_add(ctx, &info, &painting, &err), &err, NULL);
    if (worked)
        stylize_style_remove(ctx, "mine", NULL);
    worked &= good(stylize_style_list(ctx, "en", &list, &count, &err), &err, NULL);
    stylize_free(list);
    worked &= good(stylize_ctx_info(ctx, &json, &err), &err, NULL);
    stylize_free(json);
    return worked;
}

static bool convert_pictures(stylize_ctx *ctx)
{
    stylize_error err = {0};
    stylize_image a = {0}, b = {0}, c = {0};
    bool worked = good(stylize_image_decode(ctx, &png, &a, &err), &err, &a) &&
                  good(stylize_image_resize(ctx, &a, 33, 21, &b, &err), &err, &b) &&
                  good(stylize_image_encode(ctx, &b, STYLIZE_FORMAT_JPEG, 0, &c, &err), &err, &c);
    stylize_image_free(&a);
    stylize_image_free(&b);
    stylize_image_free(&c);
    return worked;
}

/* All failures of one kind, from the first call on; returns how many there were. */
static long walk(scenario_fn scenario, failing_mode mode, uint32_t threads)
{
    stylize_options o;
    fake_options(&o);
    o.threads = threads;
    for (long n = 1;; n++) {
        stylize_ctx *ctx = NULL;
        stylize_error err = {0};
        fake_reset();
        atomic_store(&fake.bytes_per_pixel, 20000);
        failing_arm(n, mode);
        stylize_status status = stylize_ctx_create(&ctx, &o, &err);
        good(status, &err, NULL);
        assert_int_equal(status == STYLIZE_OK, ctx != NULL);
        bool worked = ctx && scenario(ctx);
        bool failed = failing_disarm();
        if (!failed)
            assert_true(worked);
        if (ctx && !worked && mode == FAILING_ONCE && !scenario(ctx)) {
            /* What was missing at creation (a style that could not be read) stays missing; the rest works. */
            stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
            assert_int_equal(stylize_ctx_create(&ctx, &o, &err), STYLIZE_OK);
            assert_true(scenario(ctx));
        }
        stylize_ctx_destroy(ctx, n % 2 ? STYLIZE_DRAIN : STYLIZE_CANCEL);
        assert_int_equal(fake.loads, fake.unloads);
        assert_int_equal(fake.opens, fake.closes);
        if (!failed)
            return n - 1;
        assert_true(n < 20000);
    }
}

static void walk_both(scenario_fn scenario, uint32_t threads)
{
    assert_true(walk(scenario, FAILING_ONCE, threads) > 50);
    assert_true(walk(scenario, FAILING_ALWAYS, threads) > 50);
}

static void pixels(void **state) { walk_both(paint_pixels, 1); }
static void pixels_by_several_workers(void **state) { walk_both(paint_pixels, 3); }
static void files(void **state) { walk_both(paint_file, 1); }
static void style_pictures_and_blends(void **state) { walk_both(paint_with_picture, 1); }
static void tiles(void **state) { walk_both(paint_tiles, 1); }
static void scaled(void **state) { walk_both(paint_scaled, 1); }

static void refined(void **state) { walk_both(paint_refined, 1); }
static void layers(void **state) { walk_both(paint_layers, 1); }
static void tilings(void **state) { walk_both(share_out, 1); }
static void submitted_requests(void **state) { walk_both(submit_some, 2); }
static void styles_and_information(void **state) { walk_both(manage_styles, 1); }
static void pictures(void **state) { walk_both(convert_pictures, 1); }

/* Allocations of the library in 50 requests, after 5 to warm up. */
static long steady(scenario_fn scenario, uint32_t threads)
{
    stylize_options o;
    fake_options(&o);
    o.threads = threads;
    fake_reset();
    atomic_store(&fake.bytes_per_pixel, 20000);
    stylize_ctx *ctx = create_ctx(&o);
    for (int i = 0; i < 5; i++)
        assert_true(scenario(ctx));
    failing_arm(0, FAILING_ONCE);
    for (int i = 0; i < 50; i++)
        assert_true(scenario(ctx));
    long allocations = failing_allocations();
    failing_disarm();
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    return allocations;
}

static void the_steady_state_allocates_nothing(void **state)
{
    assert_int_equal(steady(paint_pixels, 1), 0);
    assert_int_equal(steady(paint_tiles, 1), 0);
    assert_int_equal(steady(paint_scaled, 1), 0);
    assert_int_equal(steady(paint_refined, 1), 0);
    assert_int_equal(steady(paint_layers, 1), 0);
    assert_int_equal(steady(submit_some, 1), 0);
    assert_int_equal(steady(paint_with_picture, 1), 0);
}

/* Each worker's scratch grows when it first helps, whenever that is. */
static void several_workers_grow_once(void **state) { assert_in_range(steady(paint_pixels, 4), 0, 4); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pixels),
        cmocka_unit_test(pixels_by_several_workers),
        cmocka_unit_test(files),
        cmocka_unit_test(style_pictures_and_blends),
        cmocka_unit_test(tiles),
        cmocka_unit_test(scaled),
        cmocka_unit_test(refined),
        cmocka_unit_test(layers),
        cmocka_unit_test(tilings),
        cmocka_unit_test(submitted_requests),
        cmocka_unit_test(styles_and_information),
        cmocka_unit_test(pictures),
        cmocka_unit_test(the_steady_state_allocates_nothing),
        cmocka_unit_test(several_workers_grow_once),
    };
    return cmocka_run_group_tests(tests, make_pictures, free_pictures);
}
