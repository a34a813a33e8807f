/* One request at a time: arguments, sizes, controls, formats, against the fake engine. */
#include <pthread.h>

#include "helpers.h"

static const float code_a[] = {1, 0, 0.5f, 0};

static void paints_what_the_network_says(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(64, 48, STYLIZE_FORMAT_RGB8, 1), out = {0};
    stylize_request r = request_for(&in, &style_a);
    ok(stylize_ctx_run(ctx, &r, &out, &err));
    assert_int_equal(out.width, 64);
    assert_int_equal(out.height, 48);
    assert_int_equal(out.format, STYLIZE_FORMAT_RGB8);
    uint8_t expected[64 * 48 * 3];
    fake_reference(&in, code_a, NULL, expected);
    for (int y = 0; y < 48; y++)
        assert_memory_equal(out.pixels + y * out.stride, expected + y * 64 * 3, 64 * 3);
    stylize_image_free(&out);
    assert_null(out.pixels);
    stylize_image_free(&out);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    assert_int_equal(fake.loads, 1);
    assert_int_equal(fake.unloads, 1);
    assert_int_equal(fake.closes, 1);
}

static void every_size_works(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    for (uint32_t w = 16; w < 40; w += 3)
        for (uint32_t h = 16; h < 40; h += 5) {
            stylize_image in = fake_picture(w, h, STYLIZE_FORMAT_RGB8, w + h), out = {0};
            stylize_request r = request_for(&in, &style_a);
            ok(stylize_ctx_run(ctx, &r, &out, &err));
            assert_int_equal(out.width, w);
            assert_int_equal(out.height, h);
            stylize_image_free(&out);
            free(in.pixels);
        }
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void output_sizes(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(100, 50, STYLIZE_FORMAT_RGB8, 3), out = {0};
    stylize_request r = request_for(&in, &style_a);
    r.output_size = 200;
    ok(stylize_ctx_run(ctx, &r, &out, &err));
    assert_int_equal(out.width, 200);
    assert_int_equal(out.height, 100);
    stylize_image_free(&out);
    r.output_size = 0;
    r.output_width = 30;
    r.output_height = 40;
    ok(stylize_ctx_run(ctx, &r, &out, &err));
    assert_int_equal(out.width, 30);
    assert_int_equal(out.height, 40);
    stylize_image_free(&out);
    r.output_height = 0;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "together");
    r.output_width = 0;
    r.output_size = 20; /* 20 x 10 */
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "20x10; at least 16x16");
    r.output_size = 20000;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_LIMIT, "16 to 16384");
    r.output_width = r.output_height = 64;
    r.output_size = 64;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "exclude each other");
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void strength_is_monotonic(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(32, 32, STYLIZE_FORMAT_RGB8, 5), full = {0}, last = {0};
    stylize_request r = request_for(&in, &style_a);
    ok(stylize_ctx_run(ctx, &r, &full, &err));
    r.strength = 0;
    const int before = fake.applies;
    ok(stylize_ctx_run(ctx, &r, &last, &err));
    assert_int_equal(fake.applies, before); /* nothing to paint */
    assert_memory_equal(last.pixels, in.pixels, in.size);
    for (int step = 1; step <= 10; step++) {
        stylize_image out = {0};
        r.strength = (float)step / 10;
        ok(stylize_ctx_run(ctx, &r, &out, &err));
        for (size_t i = 0; i < in.size; i++) {
            const int way = full.pixels[i] > in.pixels[i] ? 1 : -1;
            assert_true((out.pixels[i] - last.pixels[i]) * way >= 0);
        }
        stylize_image_free(&last);
        last = out;
    }
    assert_memory_equal(last.pixels, full.pixels, in.size);
    r.strength = 1.5f;
    fails(stylize_ctx_run(ctx, &r, &full, &err), STYLIZE_ERR_INVALID, "strength is 1.5; 0 to 1");
    stylize_image_free(&last);
    stylize_image_free(&full);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void preserve_color_keeps_chroma(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(32, 32, STYLIZE_FORMAT_RGB8, 5), plain = {0}, kept = {0};
    for (size_t i = 0; i < in.size; i++) /* mid-range, so that nothing is clamped */
        in.pixels[i] = (uint8_t)(112 + in.pixels[i] / 8);
    stylize_request r = request_for(&in, &style_a);
    ok(stylize_ctx_run(ctx, &r, &plain, &err));
    r.preserve_color = 1;
    ok(stylize_ctx_run(ctx, &r, &kept, &err));
    for (size_t i = 0; i < in.size; i += 3) {
        const uint8_t *c = in.pixels + i, *p = plain.pixels + i, *k = kept.pixels + i;
        assert_true(abs((k[0] - k[2]) - (c[0] - c[2])) <= 2);
        const double luma_p = 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
        const double luma_k = 0.299 * k[0] + 0.587 * k[1] + 0.114 * k[2];
        assert_true(luma_p - luma_k < 1.5 && luma_k - luma_p < 1.5);
    }
    stylize_image_free(&plain);
    stylize_image_free(&kept);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void blends_codes(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(32, 32, STYLIZE_FORMAT_RGB8, 7), out = {0};
    stylize_style_ref two[] = {{"a", NULL, 3}, {"b", NULL, 1}};
    stylize_request r = request_for(&in, two);
    r.style_count = 2;
    ok(stylize_ctx_run(ctx, &r, &out, &err));
    uint8_t expected[32 * 32 * 3];
    const float mixed[] = {0.75f + 0.125f, 0.0625f, 0.5f, 0};
    fake_reference(&in, mixed, NULL, expected);
    assert_memory_equal(out.pixels, expected, sizeof expected);
    stylize_image_free(&out);

    /* weight 0 takes no part, as if it were not there: before, between, behind, unknown or a picture */
    stylize_image painting = fake_picture(64, 64, STYLIZE_FORMAT_RGB8, 9);
    const stylize_style_ref with_zeros[] = {
        {"nothing", NULL, 0}, {"a", NULL, 3}, {NULL, &painting, 0}, {"b", NULL, 1}, {"a", NULL, 0}};
    r.styles = with_zeros, r.style_count = 5;
    ok(stylize_ctx_run(ctx, &r, &out, &err));
    assert_memory_equal(out.pixels, expected, sizeof expected);
    stylize_image_free(&out);
    const stylize_style_ref zeros[] = {{"a", NULL, 0}, {"b", NULL, 0}};
    r.styles = zeros, r.style_count = 2;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "weights of all styles are 0");
    r.styles = two, r.style_count = 2;

    two[1] = (stylize_style_ref){NULL, &painting, 1};
    stylize_report report = {.struct_size = sizeof report};
    r.report = &report;
    ok(stylize_ctx_run(ctx, &r, &out, &err)); /* a has a code for the network that reads pictures */
    assert_string_equal(report.model, "fakeany");
    stylize_image_free(&out);
    two[0].id = "c"; /* c has none */
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_UNSUPPORTED, "\"c\" has no code");
    two[0].id = "a";
    r.method = STYLIZE_METHOD_FAST;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_UNSUPPORTED, "library styles only");
    free(painting.pixels);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

/* A grey style picture is read as the same picture in RGB. */
static void grey_style_picture(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(32, 32, STYLIZE_FORMAT_RGB8, 7), out[2] = {{0}},
                  grey = fake_picture(100, 64, STYLIZE_FORMAT_GRAY8, 2),
                  rgb = fake_picture(100, 64, STYLIZE_FORMAT_RGB8, 2);
    for (size_t i = 0; i < rgb.size; i++)
        rgb.pixels[i] = grey.pixels[i / 3];
    for (int i = 0; i < 2; i++) {
        const stylize_style_ref style = {NULL, i ? &rgb : &grey, 1};
        const stylize_request r = request_for(&in, &style);
        ok(stylize_ctx_run(ctx, &r, &out[i], &err));
    }
    assert_memory_equal(out[0].pixels, out[1].pixels, 32 * 32 * 3);
    stylize_image_free(&out[0]);
    stylize_image_free(&out[1]);
    free(in.pixels);
    free(grey.pixels);
    free(rgb.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void style_pictures_are_cached(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(32, 32, STYLIZE_FORMAT_RGB8, 7),
                  painting = fake_picture(80, 64, STYLIZE_FORMAT_RGBA8, 2);
    const stylize_style_ref style = {NULL, &painting, 1};
    stylize_request r = request_for(&in, &style);
    stylize_report report = {.struct_size = sizeof report};
    r.report = &report;
    for (int i = 0; i < 3; i++) {
        stylize_image out = {0};
        ok(stylize_ctx_run(ctx, &r, &out, &err));
        assert_int_equal(report.code_cached, i > 0);
        stylize_image_free(&out);
    }
    assert_int_equal(fake.encodes, 1);
    stylize_stats stats = {.struct_size = sizeof stats};
    ok(stylize_ctx_stats(ctx, &stats));
    assert_int_equal(stats.code_hits, 2);
    assert_int_equal(stats.code_misses, 1);
    painting.pixels[100] ^= 1; /* another picture */
    stylize_image out = {0};
    fake.fail_encode = 1;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_ENGINE, "told not to encode");
    ok(stylize_ctx_run(ctx, &r, &out, &err)); /* a failure is not remembered */
    stylize_image_free(&out);
    free(painting.pixels);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

/* By the request or by the context; the report says what was done. */
static void damaged_contents(void **state)
{
    stylize_options o;
    fake_options(&o);
    stylize_error err;
    stylize_image in = fake_picture(256, 192, STYLIZE_FORMAT_RGB8, 7), jpeg = {0}, out = {0};
    for (int by_context = 0; by_context < 2; by_context++) {
        o.tolerant = (uint32_t)by_context;
        stylize_ctx *ctx = create_ctx(&o);
        ok(stylize_image_encode(ctx, &in, STYLIZE_FORMAT_JPEG, 0, &jpeg, &err));
        stylize_request r = request_for(&jpeg, &style_a);
        stylize_report report = {.struct_size = sizeof report};
        r.report = &report;
        ok(stylize_ctx_run(ctx, &r, &out, &err));
        assert_int_equal(report.damaged, 0);
        stylize_image_free(&out);
        const size_t size = jpeg.size;
        jpeg.size /= 2;
        if (!by_context)
            fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_FORMAT, "cut short");
        r.tolerant = (uint32_t)!by_context;
        r.output_size = 128; /* decoded at half the size */
        ok(stylize_ctx_run(ctx, &r, &out, &err));
        assert_int_equal(report.damaged, 1);
        assert_int_equal(out.width, 128);
        stylize_image_free(&out);
        if (by_context)
            ok(stylize_image_decode(ctx, &jpeg, &out, &err));
        else
            fails(stylize_image_decode(ctx, &jpeg, &out, &err), STYLIZE_ERR_FORMAT, "cut short");
        stylize_image_free(&out);
        jpeg.size = size;
        stylize_image_free(&jpeg);
        stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    }
    free(in.pixels);
}

/* 16 bits a channel of the caller's: as content, style and mask, and painted as the same picture of 8 bits is. */
static void deep_pixels_as_inputs(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(64, 48, STYLIZE_FORMAT_RGBA8, 7), deep = {0}, a = {0}, b = {0};
    uint16_t *wide = malloc(in.size * 2);
    for (size_t i = 0; i < in.size; i++)
        wide[i] = (uint16_t)(in.pixels[i] * 257);
    deep = (stylize_image){
        .pixels = (uint8_t *)wide, .width = 64, .height = 48, .format = STYLIZE_FORMAT_RGBA16};
    const stylize_style_ref styles[] = {{NULL, &in, 1}, {NULL, &deep, 1}};
    const stylize_image *masks[] = {&in, &deep};
    for (int masked = 0; masked < 2; masked++) {
        stylize_request r = request_for(&in, &styles[0]);
        r.masks = masked ? &masks[0] : NULL;
        ok(stylize_ctx_run(ctx, &r, &a, &err));
        r = request_for(&deep, &styles[1]);
        r.masks = masked ? &masks[1] : NULL;
        ok(stylize_ctx_run(ctx, &r, &b, &err));
        assert_int_equal(b.format, STYLIZE_FORMAT_RGBA8);
        assert_memory_equal(a.pixels, b.pixels, a.size);
        stylize_image_free(&a);
        stylize_image_free(&b);
    }
    stylize_request r = request_for(&deep, &style_a); /* nothing painted: the pixels themselves */
    r.strength = 0;
    r.output_depth = 16;
    ok(stylize_ctx_run(ctx, &r, &b, &err));
    assert_int_equal(b.format, STYLIZE_FORMAT_RGBA16);
    assert_memory_equal(b.pixels, wide, in.size * 2);
    stylize_image_free(&b);
    r.content = &in; /* and made of 8 */
    ok(stylize_ctx_run(ctx, &r, &b, &err));
    assert_memory_equal(b.pixels, wide, in.size * 2);
    stylize_image_free(&b);
    free(wide);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void formats_and_alpha(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image rgba = fake_picture(33, 30, STYLIZE_FORMAT_RGBA8, 7), out = {0}, decoded = {0};
    stylize_request r = request_for(&rgba, &style_a);
    ok(stylize_ctx_run(ctx, &r, &out, &err));
    assert_int_equal(out.format, STYLIZE_FORMAT_RGBA8);
    for (uint32_t i = 0; i < 33; i++)
        assert_int_equal(out.pixels[i * 4 + 3], rgba.pixels[i * 4 + 3]);
    stylize_image_free(&out);
    static const stylize_format formats[] = {STYLIZE_FORMAT_PNG, STYLIZE_FORMAT_JPEG, STYLIZE_FORMAT_WEBP};
    for (size_t i = 0; i < STZ_LEN(formats); i++) {
        r.output_format = formats[i];
        stylize_status status = stylize_ctx_run(ctx, &r, &out, &err);
        if (status == STYLIZE_ERR_UNSUPPORTED && formats[i] == STYLIZE_FORMAT_WEBP)
            continue;
        assert_int_equal(status, STYLIZE_OK);
        assert_int_equal(out.format, formats[i]);
        assert_int_equal(out.width, 33);
        ok(stylize_image_decode(ctx, &out, &decoded, &err));
        assert_int_equal(decoded.width, 33);
        assert_int_equal(decoded.format,
                         formats[i] == STYLIZE_FORMAT_JPEG ? STYLIZE_FORMAT_RGB8 : STYLIZE_FORMAT_RGBA8);
        stylize_image_free(&decoded);
        r.content = &out; /* and what was written is read again */
        stylize_image again = {0};
        ok(stylize_ctx_run(ctx, &r, &again, &err));
        r.content = &rgba;
        stylize_image_free(&again);
        stylize_image_free(&out);
    }
    stylize_image gray = fake_picture(40, 40, STYLIZE_FORMAT_GRAY8, 7);
    r.content = &gray;
    r.output_format = STYLIZE_FORMAT_RGB8;
    ok(stylize_ctx_run(ctx, &r, &out, &err));
    assert_int_equal(out.format, STYLIZE_FORMAT_RGB8);
    stylize_image_free(&out);
    free(gray.pixels);
    free(rgba.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void own_memory(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(32, 20, STYLIZE_FORMAT_RGB8, 7),
                  mine = fake_picture(32, 20, STYLIZE_FORMAT_RGB8, 8);
    uint8_t *const pixels = mine.pixels, expected[32 * 20 * 3];
    stylize_request r = request_for(&in, &style_a);
    ok(stylize_ctx_run(ctx, &r, &mine, &err));
    assert_ptr_equal(mine.pixels, pixels);
    assert_null(mine.owner);
    fake_reference(&in, code_a, NULL, expected);
    assert_memory_equal(pixels, expected, sizeof expected);
    r.output_size = 64;
    fails(stylize_ctx_run(ctx, &r, &mine, &err), STYLIZE_ERR_INVALID, "the result is 64x40");
    stylize_image_free(&mine); /* not the library's: left alone */
    assert_ptr_equal(mine.pixels, pixels);
    free(pixels);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

struct end {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool over;
    stylize_status status;
    stylize_image result;
};

static void on_end(void *user, uint64_t id, stylize_status status, stylize_image *result,
                   const stylize_error *error)
{
    struct end *e = user;
    pthread_mutex_lock(&e->lock);
    e->status = status;
    if (result)
        e->result = *result;
    e->over = true;
    pthread_cond_signal(&e->cond);
    pthread_mutex_unlock(&e->lock);
}

static struct end submit_and_wait(stylize_ctx *ctx, const stylize_request *r)
{
    stylize_error err;
    struct end e = {.lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};
    ok(stylize_ctx_submit(ctx, r, on_end, &e, NULL, &err));
    pthread_mutex_lock(&e.lock);
    while (!e.over)
        pthread_cond_wait(&e.cond, &e.lock);
    pthread_mutex_unlock(&e.lock);
    return e;
}

static void a_target_is_written_to(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(32, 20, STYLIZE_FORMAT_RGB8, 7), out = {0};
    stylize_image target = fake_picture(40, 20, STYLIZE_FORMAT_RGB8, 8); /* a part of a wider one */
    uint8_t *const pixels = target.pixels, expected[32 * 20 * 3];
    target.width = 32;
    target.size = 0;
    const uint8_t beside = pixels[32 * 3];
    stylize_request r = request_for(&in, &style_a);
    fake_reference(&in, code_a, NULL, expected);
    r.target = &target;
    for (int waits = 0; waits < 2; waits++) {
        memset(pixels, 0, 32 * 3);
        out = (stylize_image){0};
        if (waits) {
            ok(stylize_ctx_run(ctx, &r, &out, &err));
        } else {
            const struct end e = submit_and_wait(ctx, &r);
            assert_int_equal(e.status, STYLIZE_OK);
            out = e.result;
        }
        assert_ptr_equal(out.pixels, pixels);
        assert_null(out.owner);
        stylize_image_free(&out); /* leaves it alone */
        for (int y = 0; y < 20; y++)
            assert_memory_equal(pixels + y * target.stride, expected + y * 32 * 3, 32 * 3);
        assert_int_equal(pixels[32 * 3], beside);
    }
    r.output_size = 64;
    assert_int_equal(submit_and_wait(ctx, &r).status,
                     STYLIZE_ERR_INVALID); /* known only once it is decoded */
    free(pixels);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

/* A picture that the library gave out is written to and stays the caller's. */
static void a_result_may_be_the_next_target(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(32, 20, STYLIZE_FORMAT_RGB8, 7), first = {0};
    stylize_request r = request_for(&in, &style_a);
    ok(stylize_ctx_run(ctx, &r, &first, &err));
    r.target = &first;
    const struct end e = submit_and_wait(ctx, &r);
    assert_ptr_equal(e.result.pixels, first.pixels);
    assert_null(e.result.owner);
    assert_non_null(first.owner);
    stylize_image_free(&first);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void wrong_targets(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(32, 20, STYLIZE_FORMAT_RGB8, 7), out = {0};
    const stylize_image good = fake_picture(32, 20, STYLIZE_FORMAT_RGB8, 8);
    stylize_image bad = good;
    stylize_request r = request_for(&in, &style_a);
    struct end e;
    r.target = &bad;
    bad.pixels = NULL;
    fails(stylize_ctx_submit(ctx, &r, on_end, &e, NULL, &err), STYLIZE_ERR_INVALID, "result has no pixels");
    bad = good, bad.format = STYLIZE_FORMAT_GRAY8;
    fails(stylize_ctx_submit(ctx, &r, on_end, &e, NULL, &err), STYLIZE_ERR_INVALID, "must be RGB8 or RGBA8");
    bad = good, bad.stride = 95;
    fails(stylize_ctx_submit(ctx, &r, on_end, &e, NULL, &err), STYLIZE_ERR_INVALID, "stride of 95");
    bad = good, bad.format = STYLIZE_FORMAT_PNG;
    fails(stylize_ctx_submit(ctx, &r, on_end, &e, NULL, &err), STYLIZE_ERR_INVALID, "must be RGB8 or RGBA8");
    bad = out = good;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "given twice");
    void *data = NULL;
    size_t size = 0;
    fails(stylize_tiling_create(ctx, &r, &data, &size, &err), STYLIZE_ERR_INVALID, "tiling has no picture");
    r.output_format = STYLIZE_FORMAT_PNG;
    assert_int_equal(submit_and_wait(ctx, &r).status, STYLIZE_ERR_INVALID);
    bad.memory = STYLIZE_MEMORY_CUDA;
    r.output_format = STYLIZE_FORMAT_RGB8;
    assert_int_equal(submit_and_wait(ctx, &r).status, STYLIZE_ERR_UNSUPPORTED); /* the engine has no CUDA */
    free(good.pixels);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void misuse(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(32, 32, STYLIZE_FORMAT_RGB8, 7), out = {0};
    stylize_style_ref style = style_a;
    stylize_request r = request_for(&in, &style), bad;
    fails(stylize_ctx_run(NULL, &r, &out, &err), STYLIZE_ERR_INVALID, "ctx is NULL");
    fails(stylize_ctx_run(ctx, NULL, &out, &err), STYLIZE_ERR_INVALID, "request is NULL");
    fails(stylize_ctx_run(ctx, &r, NULL, &err), STYLIZE_ERR_INVALID, "result is NULL");
    fails(stylize_ctx_submit(ctx, &r, NULL, NULL, NULL, &err), STYLIZE_ERR_INVALID, "done is NULL");
    memset(&bad, 0, sizeof bad);
    fails(stylize_ctx_run(ctx, &bad, &out, &err), STYLIZE_ERR_INVALID, "not initialised");
    bad = r, bad.content = NULL;
    fails(stylize_ctx_run(ctx, &bad, &out, &err), STYLIZE_ERR_INVALID, "no content");
    bad = r, bad.style_count = 0;
    fails(stylize_ctx_run(ctx, &bad, &out, &err), STYLIZE_ERR_INVALID, "no style");
    bad = r, bad.style_count = 17;
    fails(stylize_ctx_run(ctx, &bad, &out, &err), STYLIZE_ERR_INVALID, "at most 16");
    bad = r, bad.output_format = STYLIZE_FORMAT_RGBA8;
    fails(stylize_ctx_run(ctx, &bad, &out, &err), STYLIZE_ERR_INVALID, "output_format 2");
    bad = r, bad.quality = 101;
    fails(stylize_ctx_run(ctx, &bad, &out, &err), STYLIZE_ERR_INVALID, "quality is 101");
    bad = r, bad.method = (stylize_method)9;
    fails(stylize_ctx_run(ctx, &bad, &out, &err), STYLIZE_ERR_INVALID, "method 9");
    bad = r, bad.preserve_color = 1.5f;
    fails(stylize_ctx_run(ctx, &bad, &out, &err), STYLIZE_ERR_INVALID, "preserve_color is 1.5; 0 to 1");
    bad = r, bad.memory_budget = 5;
    fails(stylize_ctx_run(ctx, &bad, &out, &err), STYLIZE_ERR_INVALID, "memory_budget is 5");
    style.id = "nothing";
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_NOT_FOUND, "style \"nothing\"");
    style.picture = &in;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "not both");
    style = (stylize_style_ref){"a", NULL, -1};
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "weight of style 1 is -1");
    style.weight = 0;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "weight of the style is 0");
    style = style_a;
    stylize_image broken = in;
    broken.pixels = NULL;
    r.content = &broken;
    assert_int_equal(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID);
    stylize_image text = {
        .pixels = (uint8_t *)"this is no picture at all", .size = 25, .format = STYLIZE_FORMAT_ENCODED};
    r.content = &text;
    assert_int_equal(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_FORMAT);
    r.content = &in;
    fake.fail_apply = 1;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_ENGINE, "told to fail");
    assert_null(out.pixels);
    ok(stylize_ctx_run(ctx, &r, &out, &err)); /* and the context is as good as before */
    stylize_image_free(&out);
    assert_int_equal(stylize_ctx_cancel(NULL, 1), STYLIZE_ERR_INVALID);
    assert_int_equal(stylize_ctx_cancel(ctx, 0), STYLIZE_ERR_NOT_FOUND);
    assert_int_equal(stylize_ctx_cancel(ctx, 12345), STYLIZE_ERR_NOT_FOUND);
    assert_int_equal(stylize_ctx_stats(ctx, NULL), STYLIZE_ERR_INVALID);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    stylize_ctx_destroy(NULL, STYLIZE_DRAIN);
}

static void loading_is_tried_again(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(32, 32, STYLIZE_FORMAT_RGB8, 7), out = {0};
    stylize_request r = request_for(&in, &style_a);
    fake.fail_load = 1;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_MODEL, "told not to load");
    ok(stylize_ctx_run(ctx, &r, &out, &err));
    stylize_image_free(&out);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void creation_checks_its_options(void **state)
{
    stylize_options o;
    stylize_ctx *ctx;
    stylize_error err;
    fails(stylize_ctx_create(NULL, NULL, &err), STYLIZE_ERR_INVALID, "out is NULL");
    assert_int_equal(stylize_options_init(NULL, sizeof o), STYLIZE_ERR_INVALID);
    assert_int_equal(stylize_options_init(&o, 3), STYLIZE_ERR_INVALID);
    memset(&o, 0, sizeof o);
    fails(stylize_ctx_create(&ctx, &o, &err), STYLIZE_ERR_INVALID, "not initialised");
    fake_options(&o), o.threads = 1000;
    fails(stylize_ctx_create(&ctx, &o, &err), STYLIZE_ERR_INVALID, "threads is 1000");
    fake_options(&o), o.queue_length = 0;
    fails(stylize_ctx_create(&ctx, &o, &err), STYLIZE_ERR_INVALID, "queue_length is 0; 1 to 65536");
    fake_options(&o), o.engine = "bogus";
    fails(stylize_ctx_create(&ctx, &o, &err), STYLIZE_ERR_NOT_FOUND, "engine \"bogus\" is not known");
    fake_options(&o), o.device = "tpu";
    fails(stylize_ctx_create(&ctx, &o, &err), STYLIZE_ERR_INVALID, "device \"tpu\"");
    fake_options(&o), o.model_dir = "/does/not/exist";
    fails(stylize_ctx_create(&ctx, &o, &err), STYLIZE_ERR_NOT_FOUND, "/does/not/exist");
    fake_options(&o), fake.fail_open = 1;
    fails(stylize_ctx_create(&ctx, &o, &err), STYLIZE_ERR_ENGINE, "told to fail");
    assert_null(ctx);
    /* a program of a newer header: more members, all zero, are fine; others are not */
    struct {
        stylize_options o;
        uint64_t more;
    } newer = {.more = 0};
    fake_options(&newer.o);
    newer.o.struct_size = sizeof newer;
    ok(stylize_ctx_create(&ctx, &newer.o, &err));
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    newer.more = 1;
    fails(stylize_ctx_create(&ctx, &newer.o, &err), STYLIZE_ERR_INVALID, "newer header");
}

static void warm_up_bench_and_info(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    ok(stylize_ctx_warm_up(ctx, NULL, 64, &err));
    assert_int_equal(fake.loads, 2);
    assert_int_equal(fake.pictures, 6); /* three for each network */
    ok(stylize_ctx_warm_up(ctx, "b", 64, &err));
    assert_int_equal(fake.pictures, 9);
    fails(stylize_ctx_warm_up(ctx, "zzz", 64, &err), STYLIZE_ERR_NOT_FOUND, "zzz");
    fails(stylize_ctx_warm_up(ctx, "b", 8, &err), STYLIZE_ERR_INVALID, "size is 8");
    stylize_bench b = {.struct_size = sizeof b, .model = "fake", .width = 64, .height = 32, .rounds = 4};
    ok(stylize_ctx_bench(ctx, &b, &err));
    assert_true(b.min_ms > 0 && b.median_ms >= b.min_ms);
    b.width = 66;
    fails(stylize_ctx_bench(ctx, &b, &err), STYLIZE_ERR_INVALID, "66x32; multiples of 4");
    b.width = 64, b.model = "nope";
    fails(stylize_ctx_bench(ctx, &b, &err), STYLIZE_ERR_NOT_FOUND, "nope");
    b.model = "fake", b.rounds = 0;
    fails(stylize_ctx_bench(ctx, &b, &err), STYLIZE_ERR_INVALID, "rounds is 0");
    char *json;
    ok(stylize_ctx_info(ctx, &json, &err));
    assert_non_null(strstr(json, "\"fakeany\""));
    assert_non_null(strstr(json, stylize_version()));
    stylize_free(json);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void styles_come_and_go(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(64, 64, STYLIZE_FORMAT_RGB8, 7), out = {0};
    stylize_style_info info = {.id = "mine", .display_name = "Mine"}, *list;
    size_t count;
    ok(stylize_style_add(ctx, &info, &in, &err));
    fails(stylize_style_add(ctx, &info, &in, &err), STYLIZE_ERR_EXISTS, "mine");
    info.id = "Not Allowed";
    assert_int_equal(stylize_style_add(ctx, &info, &in, &err), STYLIZE_ERR_INVALID);
    ok(stylize_style_list(ctx, "zh", &list, &count, &err));
    assert_int_equal(count, 4);
    assert_string_equal(list[0].display_name, "甲");
    assert_string_equal(list[3].id, "mine");
    assert_int_equal(list[3].added, 1);
    stylize_free(list);
    const stylize_style_ref style = {"mine", NULL, 1};
    stylize_request r = request_for(&in, &style);
    ok(stylize_ctx_run(ctx, &r, &out, &err));
    stylize_image_free(&out);
    ok(stylize_style_remove(ctx, "mine", &err));
    fails(stylize_style_remove(ctx, "mine", &err), STYLIZE_ERR_NOT_FOUND, "mine");
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_NOT_FOUND, "mine");
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(paints_what_the_network_says, reset),
        cmocka_unit_test_setup(every_size_works, reset),
        cmocka_unit_test_setup(output_sizes, reset),
        cmocka_unit_test_setup(strength_is_monotonic, reset),
        cmocka_unit_test_setup(preserve_color_keeps_chroma, reset),
        cmocka_unit_test_setup(blends_codes, reset),
        cmocka_unit_test_setup(grey_style_picture, reset),
        cmocka_unit_test_setup(style_pictures_are_cached, reset),
        cmocka_unit_test_setup(damaged_contents, reset),
        cmocka_unit_test_setup(deep_pixels_as_inputs, reset),
        cmocka_unit_test_setup(formats_and_alpha, reset),
        cmocka_unit_test_setup(own_memory, reset),
        cmocka_unit_test_setup(a_target_is_written_to, reset),
        cmocka_unit_test_setup(a_result_may_be_the_next_target, reset),
        cmocka_unit_test_setup(wrong_targets, reset),
        cmocka_unit_test_setup(misuse, reset),
        cmocka_unit_test_setup(loading_is_tried_again, reset),
        cmocka_unit_test_setup(creation_checks_its_options, reset),
        cmocka_unit_test_setup(warm_up_bench_and_info, reset),
        cmocka_unit_test_setup(styles_come_and_go, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
