/* The native engine and the models of the project under failing allocations, and without any in the
 * steady state. The context as such is test_ctx.c's. */
#include "core/helpers.h"

#include "alloc/failing.h"
#include "stylize/embed.h"

static const stylize_style_ref starry = {"starry_night", NULL, 1};
static stylize_image photo, painting;

static int make_pictures(void **state)
{
    failing_cover_jansson(false); /* graphs are JSON within JSON: full of escapes */
    photo = fake_picture(50, 40, STYLIZE_FORMAT_RGB8, 1);
    painting = fake_picture(64, 64, STYLIZE_FORMAT_RGB8, 2);
    return 0;
}

static int free_pictures(void **state)
{
    free(photo.pixels);
    free(painting.pixels);
    return 0;
}

static stylize_options native_options(uint32_t threads)
{
    stylize_options o;
    stylize_options_init(&o, sizeof o);
    o.engine = "native";
    o.threads = threads;
    return o;
}

static bool run(stylize_ctx *ctx, const stylize_style_ref *style)
{
    stylize_error err = {0};
    stylize_image out = {0};
    stylize_request r = request_for(&photo, style);
    stylize_status status = stylize_ctx_run(ctx, &r, &out, &err);
    if (status != STYLIZE_OK) {
        assert_int_equal(err.status, status);
        assert_true(strlen(err.message) > 0);
        assert_null(out.pixels);
    }
    stylize_image_free(&out);
    return status == STYLIZE_OK;
}

static bool paint_style(stylize_ctx *ctx) { return run(ctx, &starry); }

static bool paint_picture(stylize_ctx *ctx)
{
    const stylize_style_ref style = {NULL, &painting, 1};
    return run(ctx, &style);
}

/* Every failure of the first request: loading, planning, running. */
static void walk(bool (*scenario)(stylize_ctx *), failing_mode mode)
{
    const stylize_options o = native_options(1);
    for (long n = 1;; n += 1 + n / 6) { /* far on the same calls come over and over */
        stylize_error err = {0};
        stylize_ctx *ctx = NULL;
        if (stylize_ctx_create(&ctx, &o, &err) != STYLIZE_OK)
            fail_msg("%s", err.message);
        failing_arm(n, mode);
        bool worked = scenario(ctx);
        bool failed = failing_disarm();
        assert_true(worked || failed);
        assert_true(scenario(ctx)); /* nothing half made was kept */
        stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
        if (!failed) {
            assert_true(n > 5);
            return;
        }
        assert_true(n < 20000);
    }
}

static void library_styles(void **state)
{
    walk(paint_style, FAILING_ONCE);
    walk(paint_style, FAILING_ALWAYS);
}

static void style_pictures(void **state)
{
    walk(paint_picture, FAILING_ONCE);
    walk(paint_picture, FAILING_ALWAYS);
}

/* ------------------------------------------------------------------ without files and threads */

#define MODELS STYLIZE_SOURCE_DIR "/models/"
static stylize_file files[] = {{"brush/model.json", NULL, 0},
                               {"brush/brush_int8.safetensors", NULL, 0},
                               {"styles/codes/starry_night.safetensors", NULL, 0},
                               {"styles/library.json", NULL, 0}};

static void read_files(void)
{
    for (size_t i = 0; i < STZ_LEN(files); i++) {
        char path[512];
        snprintf(path, sizeof path, MODELS "%s", files[i].name);
        FILE *f = fopen(path, "rb");
        assert_non_null(f);
        void *data = malloc(2 << 20);
        assert_non_null(data);
        files[i].size = fread(data, 1, 2 << 20, f);
        files[i].data = data;
        fclose(f);
    }
}

/* Every failure from the context's creation to its first painting. */
static bool embedded(const stylize_embed *embed)
{
    stylize_options o = native_options(1);
    o.precision = STYLIZE_PRECISION_INT8;
    stylize_error err = {0};
    stylize_ctx *ctx = NULL;
    if (stylize_ctx_create_embedded(&ctx, &o, embed, &err) != STYLIZE_OK) {
        assert_int_equal(err.status, STYLIZE_ERR_NOMEM);
        assert_null(ctx);
        return false;
    }
    const bool worked = run(ctx, &starry);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    return worked;
}

static void files_in_memory(void **state)
{
    stylize_embed embed;
    read_files();
    stylize_embed_init(&embed, sizeof embed);
    embed.files = files;
    embed.file_count = STZ_LEN(files);
    embed.no_threads = 1;
    for (int mode = 0; mode < 2; mode++)
        for (long n = 1, failed = 1; failed; n += 1 + n / 6) {
            failing_arm(n, mode ? FAILING_ALWAYS : FAILING_ONCE);
            const bool worked = embedded(&embed);
            failed = failing_disarm();
            assert_true(worked || failed);
            assert_true(n < 20000);
        }
    assert_true(embedded(&embed));
    for (size_t i = 0; i < STZ_LEN(files); i++)
        free((void *)(uintptr_t)files[i].data);
}

static long steady(bool (*scenario)(stylize_ctx *), uint32_t threads)
{
    stylize_error err = {0};
    stylize_ctx *ctx = NULL;
    const stylize_options o = native_options(threads);
    assert_int_equal(stylize_ctx_create(&ctx, &o, &err), STYLIZE_OK);
    for (int i = 0; i < 3; i++)
        assert_true(scenario(ctx));
    failing_arm(0, FAILING_ONCE);
    for (int i = 0; i < 20; i++)
        assert_true(scenario(ctx));
    long allocations = failing_allocations();
    failing_disarm();
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    return allocations;
}

static void the_steady_state_allocates_nothing(void **state)
{
    assert_int_equal(steady(paint_style, 1), 0);
    assert_int_equal(steady(paint_picture, 1), 0);
    assert_in_range(steady(paint_style, 3), 0, 3); /* scratch of workers that help for the first time */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(library_styles),
        cmocka_unit_test(style_pictures),
        cmocka_unit_test(files_in_memory),
        cmocka_unit_test(the_steady_state_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, make_pictures, free_pictures);
}
