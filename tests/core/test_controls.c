/* Style scale, masks and strength auto against the fake engine: painting at a size is scaling, painting and scaling
 * back, and layers are paintings of their own, mixed. */
#include "helpers.h"

#include <math.h>

static stylize_image resized(stylize_ctx *ctx, const stylize_image *in, uint32_t w, uint32_t h)
{
    stylize_error err;
    stylize_image out = {0};
    ok(stylize_image_resize(ctx, in, w, h, &out, &err));
    return out;
}

static stylize_image run(stylize_ctx *ctx, const stylize_request *r)
{
    stylize_error err;
    stylize_image out = {0};
    ok(stylize_ctx_run(ctx, r, &out, &err));
    return out;
}

static void assert_same(const stylize_image *a, const stylize_image *b)
{
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    assert_int_equal(a->format, b->format);
    const size_t row = a->width * (a->format == STYLIZE_FORMAT_RGBA8 ? 4u : 3u);
    for (uint32_t y = 0; y < a->height; y++)
        assert_memory_equal(a->pixels + y * a->stride, b->pixels + y * b->stride, row);
}

/* ---- style scale */

static void scale_is_painting_at_another_size(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    static const struct {
        uint32_t w, h, output, work_w, work_h, tiled;
        float scale;
    } cases[] = {{64, 48, 0, 32, 24, 0, 2},       {64, 48, 0, 128, 96, 0, 0.5f},
                 {64, 48, 0, 51, 38, 0, 1.25f},   {300, 200, 150, 100, 67, 0, 1.5f},
                 {24, 40, 0, 16, 27, 0, 2}, /* no side below 16 */
                 {403, 301, 0, 806, 602, 1, 0.5f}};
    for (size_t i = 0; i < STZ_LEN(cases); i++) {
        stylize_image in = fake_picture(cases[i].w, cases[i].h, STYLIZE_FORMAT_RGB8, (uint32_t)i);
        stylize_request r = request_for(&in, &style_a);
        r.memory_budget = 32 << 20;
        fake.bytes_per_pixel = cases[i].tiled ? 4000 : 0;
        r.output_size = cases[i].output;
        r.style_scale = cases[i].scale;
        stylize_report report = {.struct_size = sizeof report};
        r.report = &report;
        stylize_image out = run(ctx, &r);
        assert_true(cases[i].tiled ? report.tiles > 1 : report.tiles == 1);

        stylize_image work = resized(ctx, &in, cases[i].work_w, cases[i].work_h);
        r = request_for(&work, &style_a);
        r.memory_budget = 32 << 20;
        stylize_image painted = run(ctx, &r);
        stylize_image expected = resized(ctx, &painted, out.width, out.height);
        assert_same(&out, &expected);
        stylize_image_free(&out);
        stylize_image_free(&work);
        stylize_image_free(&painted);
        stylize_image_free(&expected);
        free(in.pixels);
    }
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

/* Strength, alpha and the caller's memory meet the painting at the output's size. */
static void scale_with_the_other_controls(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_image in = fake_picture(64, 48, STYLIZE_FORMAT_RGBA8, 1);
    stylize_request r = request_for(&in, &style_a);
    r.style_scale = 2;
    r.strength = 0;
    const int before = fake.applies;
    stylize_image out = run(ctx, &r);
    assert_int_equal(fake.applies, before);
    assert_same(&out, &in);
    stylize_image_free(&out);

    r.strength = 0.5f;
    r.preserve_color = 1;
    stylize_image half = run(ctx, &r);
    assert_int_equal(half.format, STYLIZE_FORMAT_RGBA8);
    for (size_t i = 3; i < in.size; i += 4)
        assert_int_equal(half.pixels[i], in.pixels[i]);
    uint8_t *own = malloc(in.size);
    stylize_image mine = {.pixels = own, .width = 64, .height = 48, .format = STYLIZE_FORMAT_RGBA8};
    mine.stride = 64 * 4;
    stylize_error err;
    ok(stylize_ctx_run(ctx, &r, &mine, &err));
    assert_ptr_equal(mine.pixels, own);
    assert_same(&mine, &half);
    stylize_image_free(&half);
    free(own);
    free(in.pixels);

    stylize_image gray = fake_picture(64, 48, STYLIZE_FORMAT_GRAY8, 1);
    r = request_for(&gray, &style_a);
    r.style_scale = 0.5f;
    out = run(ctx, &r);
    assert_int_equal(out.format, STYLIZE_FORMAT_RGB8);
    stylize_image_free(&out);
    free(gray.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static int light(const uint8_t *p) { return 77 * p[0] + 150 * p[1] + 29 * p[2]; }

/* The painting scaled up, with the detail that `fine` has and `coarse` has not, painted over by half. */
static stylize_image painted_over(stylize_ctx *ctx, const stylize_image *painted, const stylize_image *coarse,
                                  const stylize_image *fine)
{
    stylize_image up = resized(ctx, painted, fine->width, fine->height),
                  soft = resized(ctx, coarse, fine->width, fine->height);
    for (uint32_t y = 0; y < up.height; y++)
        for (uint32_t x = 0; x < up.width; x++) {
            uint8_t *p = up.pixels + y * up.stride + 3 * x;
            const int detail = (light(fine->pixels + y * fine->stride + 3 * x) -
                                light(soft.pixels + y * soft.stride + 3 * x)) /
                               256;
            for (int i = 0; i < 3; i++)
                p[i] = (uint8_t)(p[i] + detail < 0 ? 0 : p[i] + detail > 255 ? 255 : p[i] + detail);
        }
    stylize_request r = request_for(&up, &style_a);
    r.memory_budget = 32 << 20;
    r.strength = 0.5f;
    stylize_image out = run(ctx, &r);
    stylize_image_free(&up);
    stylize_image_free(&soft);
    return out;
}

/* Above 2 it goes from the small painting to the output in doublings. */
static void large_strokes_are_painted_over(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    for (int tiled = 0; tiled < 2; tiled++) {
        fake.bytes_per_pixel = tiled ? 2000 : 0;
        stylize_image in = fake_picture(400, 300, STYLIZE_FORMAT_RGB8, 5);
        stylize_image first = resized(ctx, &in, 100, 75), second = resized(ctx, &in, 200, 150);
        stylize_request r = request_for(&first, &style_a);
        r.memory_budget = 32 << 20;
        stylize_image small = run(ctx, &r);
        stylize_image middle = painted_over(ctx, &small, &first, &second),
                      expected = painted_over(ctx, &middle, &second, &in);
        stylize_report report = {.struct_size = sizeof report};
        r.content = &in;
        r.report = &report;
        r.style_scale = 4;
        stylize_image out = run(ctx, &r);
        assert_same(&out, &expected);
        assert_true(tiled ? report.tiles > 1 : report.tiles == 1);
        stylize_image_free(&out);
        r.style_scale = 1;
        r.look = 100;
        out = run(ctx, &r);
        assert_same(&out, &expected);
        stylize_image_free(&out);
        r.look = 400; /* the size itself, and a larger one: nothing changes */
        out = run(ctx, &r);
        r.look = 5000;
        stylize_image same = run(ctx, &r);
        assert_same(&out, &same);
        r.look = 0;
        stylize_image plain = run(ctx, &r);
        assert_same(&out, &plain);
        stylize_image *all[] = {&first, &second, &small, &middle, &expected, &out, &same, &plain};
        for (size_t i = 0; i < STZ_LEN(all); i++)
            stylize_image_free(all[i]);
        free(in.pixels);
    }
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

typedef struct told {
    int count, cancel_at;
    float last;
} told;

static int tell(void *user, float done)
{
    told *t = user;
    assert_true(done > t->last || done == 0);
    t->last = done;
    return ++t->count == t->cancel_at;
}

/* Progress rises through all sizes, and each of its calls may end it. */
static void large_strokes_tell_and_are_cancelled(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(640, 480, STYLIZE_FORMAT_RGBA8, 5), out = {0};
    fake.bytes_per_pixel = 1500;
    stylize_request r = request_for(&in, &style_a);
    told t = {0};
    r.memory_budget = 32 << 20;
    r.style_scale = 5;
    r.progress = tell;
    r.progress_user = &t;
    ok(stylize_ctx_run(ctx, &r, &out, &err));
    stylize_image_free(&out);
    assert_true(t.last == 1 && t.count > 8);
    for (int at = 1, all = t.count; at <= all; at++) {
        t = (told){.cancel_at = at};
        fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_CANCELLED, "cancelled");
        assert_int_equal(t.count, at);
    }
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void scale_of_an_encoded_content(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(256, 192, STYLIZE_FORMAT_RGB8, 3), png = {0};
    ok(stylize_image_encode(ctx, &in, STYLIZE_FORMAT_PNG, 0, &png, &err));
    stylize_request r = request_for(&in, &style_a);
    r.output_size = 128;
    r.style_scale = 0.5f;
    stylize_image expected = run(ctx, &r);
    r.content = &png;
    stylize_image out = run(ctx, &r);
    assert_same(&out, &expected); /* painted at 256 from the file's own detail */
    stylize_image_free(&out);
    stylize_image_free(&expected);
    stylize_image_free(&png);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void scale_is_checked(void **state)
{
    stylize_options o;
    fake_options(&o);
    o.max_pixels = 64 * 48 * 2;
    stylize_ctx *ctx = create_ctx(&o);
    stylize_error err;
    stylize_image in = fake_picture(64, 48, STYLIZE_FORMAT_RGB8, 1), out = {0};
    stylize_request r = request_for(&in, &style_a);
    static const float bad[] = {0.4f, 8.1f, -1, NAN, INFINITY};
    for (size_t i = 0; i < STZ_LEN(bad); i++) {
        r.style_scale = bad[i];
        fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "0.5 to 8 is allowed");
    }
    r.style_scale = 0.5f;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_LIMIT, "paints at 128x96");
    void *data;
    size_t size;
    fails(stylize_tiling_create(ctx, &r, &data, &size, &err), STYLIZE_ERR_UNSUPPORTED,
          "style_scale must be 1");
    r.style_scale = 1;
    r.reserved2 = 1;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "reserved");
    r.reserved2 = 0;
    r.style_scale = 1;
    r.keep_metadata = STYLIZE_METADATA_EXIF;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "pixels have no metadata");
    r.keep_metadata = STYLIZE_METADATA_ALL + 1;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "keep_metadata is 16");
    r.keep_metadata = 0;
    r.look = 63;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "look is 63; 64 to 65535");
    r.look = 512;
    r.style_scale = 2;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "without style_scale");
    r.style_scale = 1;
    fails(stylize_tiling_create(ctx, &r, &data, &size, &err), STYLIZE_ERR_UNSUPPORTED, "look 0");
    r.look = 0;
    r.output_depth = 12;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "8 and 16 are allowed");
    r.output_depth = 16;
    r.output_format = STYLIZE_FORMAT_JPEG;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "JPEG, WebP and AVIF have 8");
    r.output_format = STYLIZE_FORMAT_RGB8;
    r.style_scale = 1;
    r.target = &in;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_UNSUPPORTED, "memory of the caller's");
    r.target = NULL;
    fails(stylize_tiling_create(ctx, &r, &data, &size, &err), STYLIZE_ERR_UNSUPPORTED, "with a tiling");
    r.output_depth = 0;
    r.style_scale = 0; /* as programs of an older header have it */
    out = run(ctx, &r);
    r.style_scale = 1;
    stylize_image one = run(ctx, &r);
    assert_same(&out, &one);
    stylize_image_free(&out);
    stylize_image_free(&one);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void scale_of_the_artwork_in_optimize(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_image in = fake_picture(128, 96, STYLIZE_FORMAT_RGB8, 1);
    const stylize_style_ref style = {NULL, &in, 1};
    stylize_request r = request_for(&in, &style);
    r.method = STYLIZE_METHOD_OPTIMIZE;
    r.iterations = 4;
    static const float scales[] = {1, 0.5f, 2};
    static const int widths[] = {128, 64, 256};
    for (size_t i = 0; i < STZ_LEN(scales); i++) {
        fake.levels = 0;
        r.style_scale = scales[i];
        stylize_image out = run(ctx, &r);
        assert_int_equal(fake.level_width[fake.levels - 1], 128);
        assert_int_equal(fake.level_styles[fake.levels - 1], widths[i]);
        stylize_image_free(&out);
    }
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

/* ---- masks */

/* A horizontal ramp from black to white, or the other way round. */
static stylize_image ramp(uint32_t w, uint32_t h, bool back)
{
    stylize_image m = {.width = w, .height = h, .format = STYLIZE_FORMAT_GRAY8, .stride = w};
    m.size = (size_t)w * h;
    m.pixels = malloc(m.size);
    for (size_t i = 0; i < m.size; i++) {
        const uint8_t v = (uint8_t)(i % w * 255 / (w - 1));
        m.pixels[i] = back ? (uint8_t)(255 - v) : v;
    }
    return m;
}

static stylize_image flat(uint32_t w, uint32_t h, stylize_format format, const uint8_t *value)
{
    stylize_image m = fake_picture(w, h, format, 0);
    const size_t bpp = m.size / ((size_t)w * h);
    for (size_t i = 0; i < m.size; i++)
        m.pixels[i] = value[i % bpp];
    return m;
}

#define W 64
#define H 48

/* What paintings and masks should come to, in floating point. NULL: white. */
static double expected_at(const stylize_image *in, const stylize_image *const *paintings,
                          const stylize_image *const *masks, const float *weights, int n, int x, int y, int c)
{
    double sum = 0, total = 0, cover = 0;
    for (int i = 0; i < n; i++) {
        const double m = masks[i] ? masks[i]->pixels[y * masks[i]->stride + x] / 255.0 : 1;
        sum += (double)weights[i] * m * paintings[i]->pixels[y * paintings[i]->stride + x * 3 + c];
        total += (double)weights[i] * m;
        cover += m;
    }
    cover = fmin(cover, 1);
    const double content = in->pixels[y * in->stride + x * 3 + c];
    return total > 0 ? cover * sum / total + (1 - cover) * content : content;
}

static void masks_say_where(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_image in = fake_picture(W, H, STYLIZE_FORMAT_RGB8, 1);
    const char *const ids[] = {"a", "b", "c"};
    stylize_image full[3];
    for (int i = 0; i < 3; i++) {
        const stylize_style_ref style = {ids[i], NULL, 1};
        const stylize_request r = request_for(&in, &style);
        full[i] = run(ctx, &r);
    }
    stylize_image up = ramp(W, H, false), down = ramp(W, H, true), half = ramp(W, H, false);
    for (size_t i = 0; i < half.size; i++)
        half.pixels[i] /= 2;
    const stylize_image *const sets[][3] = {{&up, NULL, NULL},    {&up, &down, NULL}, {NULL, &up, NULL},
                                            {&half, &half, NULL}, {&up, NULL, &down}, {&half, &up, &down}};
    static const int counts[] = {1, 2, 2, 2, 3, 3};
    static const float weights[] = {1, 3, 0.5f};
    for (size_t k = 0; k < STZ_LEN(sets); k++) {
        const stylize_image *paintings[] = {&full[0], &full[1], &full[2]};
        stylize_style_ref styles[3];
        for (int i = 0; i < 3; i++)
            styles[i] = (stylize_style_ref){ids[i], NULL, weights[i]};
        stylize_image copies[3]; /* pointers of their own: layers of their own */
        const stylize_image *masks[3];
        for (int i = 0; i < counts[k]; i++) {
            copies[i] = sets[k][i] ? *sets[k][i] : (stylize_image){0};
            masks[i] = sets[k][i] ? &copies[i] : NULL;
        }
        stylize_request r = request_for(&in, styles);
        r.style_count = (size_t)counts[k];
        r.masks = masks;
        stylize_image out = run(ctx, &r);
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++)
                for (int c = 0; c < 3; c++) {
                    const double want = expected_at(&in, paintings, masks, weights, counts[k], x, y, c);
                    assert_true(fabs(out.pixels[y * out.stride + x * 3 + c] - want) <=
                                1.01 + counts[k] * 0.5);
                }
        stylize_image_free(&out);
    }
    for (int i = 0; i < 3; i++)
        stylize_image_free(&full[i]);
    free(up.pixels);
    free(down.pixels);
    free(half.pixels);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

/* White is the painting to the byte, black the content, and styles of one mask, or of none, are a blend. */
static void masks_at_their_ends(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_image in = fake_picture(W, H, STYLIZE_FORMAT_RGBA8, 1);
    const stylize_style_ref styles[] = {{"a", NULL, 1}, {"b", NULL, 2}, {"c", NULL, 1}};
    const uint8_t on[] = {255, 255, 255, 255}, off[] = {0, 0, 0, 255}, clear[] = {255, 255, 255, 0};
    stylize_image white = flat(40, 30, STYLIZE_FORMAT_RGB8, on), black = flat(7, 9, STYLIZE_FORMAT_RGB8, off);
    stylize_image nothing = flat(50, 50, STYLIZE_FORMAT_RGBA8, clear);
    stylize_request r = request_for(&in, styles);
    stylize_image plain = run(ctx, &r);
    const stylize_image *one[] = {&white};
    r.masks = one;
    stylize_image out = run(ctx, &r);
    assert_same(&out, &plain);
    stylize_image_free(&out);
    stylize_image_free(&plain);
    const stylize_image *const empty[] = {&black, &nothing};
    for (size_t i = 0; i < STZ_LEN(empty); i++) {
        one[0] = empty[i];
        const int before = fake.applies;
        out = run(ctx, &r);
        assert_same(&out, &in);
        assert_int_equal(fake.applies, before); /* nothing to paint */
        stylize_image_free(&out);
    }
    r.style_count = 2;
    r.masks = NULL;
    stylize_image blend = run(ctx, &r);
    const stylize_image *const same[][3] = {{&white, &white, &black}, {NULL, NULL, &black}, {&white, &white}};
    for (size_t i = 0; i < STZ_LEN(same); i++) {
        r.style_count = i < 2 ? 3 : 2;
        r.masks = same[i];
        const int before = fake.applies;
        out = run(ctx, &r);
        assert_same(&out, &blend);
        assert_int_equal(fake.applies, before + 1);
        stylize_image_free(&out);
    }
    stylize_image_free(&blend);
    /* a style without weight goes with its mask */
    const stylize_style_ref zeros[] = {{"a", NULL, 0}, {"b", NULL, 1}, {"c", NULL, 0}};
    const stylize_image *const at[] = {&white, &black, &white};
    r.styles = zeros;
    r.style_count = 3;
    r.masks = at;
    const int before = fake.applies;
    out = run(ctx, &r);
    assert_same(&out, &in);
    assert_int_equal(fake.applies, before);
    stylize_image_free(&out);
    free(white.pixels);
    free(black.pixels);
    free(nothing.pixels);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

/* The same mask as pixels of every format, as a file, in tiles, at another scale, by 1 thread or 4. */
static void masks_of_every_kind(void **state)
{
    stylize_options o;
    fake_options(&o);
    stylize_ctx *ctx = create_ctx(&o);
    o.threads = 1;
    stylize_ctx *single = create_ctx(&o);
    stylize_error err;
    stylize_image in = fake_picture(403, 301, STYLIZE_FORMAT_RGB8, 1);
    stylize_image gray = ramp(100, 75, false), rgb = fake_picture(100, 75, STYLIZE_FORMAT_RGB8, 0), png = {0};
    for (size_t i = 0; i < rgb.size; i++)
        rgb.pixels[i] = gray.pixels[i / 3];
    ok(stylize_image_encode(ctx, &rgb, STYLIZE_FORMAT_PNG, 0, &png, &err));
    const stylize_style_ref styles[] = {{"a", NULL, 1}, {"b", NULL, 1}};
    const stylize_image *masks[] = {&gray, NULL};
    stylize_request r = request_for(&in, styles);
    r.style_count = 2;
    r.masks = masks;
    stylize_report report = {.struct_size = sizeof report};
    r.report = &report;
    for (int tiled = 0; tiled < 2; tiled++) {
        fake.bytes_per_pixel = tiled ? 4000 : 0;
        r.memory_budget = 32 << 20;
        r.style_scale = tiled ? 0.8f : 1;
        masks[0] = &gray;
        stylize_image first = run(ctx, &r);
        assert_true(tiled ? report.tiles > 2 : report.tiles == 1);
        const stylize_image *const others[] = {&rgb, &png, &gray};
        for (size_t i = 0; i < STZ_LEN(others); i++) {
            masks[0] = others[i];
            stylize_image out = run(i == 2 ? single : ctx, &r);
            assert_same(&out, &first);
            stylize_image_free(&out);
        }
        stylize_image_free(&first);
    }
    stylize_image_free(&png);
    free(gray.pixels);
    free(rgb.pixels);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    stylize_ctx_destroy(single, STYLIZE_DRAIN);
}

/* A mask is cut as the content is. */
static void masks_follow_the_crop(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_image in = fake_picture(128, 64, STYLIZE_FORMAT_RGB8, 1);
    stylize_image mask = ramp(128, 64, false);
    for (size_t i = 0; i < mask.size; i++)
        mask.pixels[i] = i % 128 < 64 ? 0 : 255;
    const stylize_image *masks[] = {&mask};
    stylize_request r = request_for(&in, &style_a);
    r.output_width = r.output_height = 64; /* the middle */
    stylize_image plain = run(ctx, &r);
    r.masks = masks;
    stylize_image out = run(ctx, &r);
    for (uint32_t y = 0; y < 64; y++) {
        assert_memory_equal(out.pixels + y * out.stride, in.pixels + y * in.stride + 32 * 3, 32 * 3);
        assert_memory_equal(out.pixels + y * out.stride + 32 * 3, plain.pixels + y * plain.stride + 32 * 3,
                            32 * 3);
    }
    stylize_image_free(&out);
    stylize_image_free(&plain);
    free(mask.pixels);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void masks_in_optimize(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_image in = fake_picture(64, 64, STYLIZE_FORMAT_RGB8, 1), mask = ramp(64, 64, false);
    for (size_t i = 0; i < in.size; i++)
        in.pixels[i] /= 2;
    const stylize_style_ref styles[] = {{NULL, &in, 1}, {"a", NULL, 1}};
    const stylize_image *masks[] = {&mask, NULL};
    stylize_request r = request_for(&in, styles);
    r.method = STYLIZE_METHOD_OPTIMIZE;
    r.iterations = 4;
    stylize_image one = run(ctx, &r);
    const int levels = fake.levels;
    fake.levels = 0;
    r.style_count = 2;
    r.masks = masks;
    stylize_image out = run(ctx, &r);
    assert_int_equal(fake.levels, 2 * levels);
    assert_same(&out, &one); /* the fake paints all styles alike */
    stylize_image_free(&out);
    stylize_image_free(&one);
    free(mask.pixels);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

struct steps {
    float last;
    int count, stop_at;
};

static int on_progress(void *user, float done)
{
    struct steps *s = user;
    assert_true(done >= s->last && done <= 1);
    s->last = done;
    return ++s->count == s->stop_at;
}

static void masks_report_progress_and_cancel(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(W, H, STYLIZE_FORMAT_RGB8, 1), mask = ramp(W, H, false), out = {0};
    const stylize_style_ref styles[] = {{"a", NULL, 1}, {"b", NULL, 1}, {NULL, &in, 1}};
    const stylize_image *masks[] = {&mask, NULL, NULL};
    struct steps s = {0};
    stylize_request r = request_for(&in, styles);
    r.style_count = 2;
    r.masks = masks;
    r.progress = on_progress;
    r.progress_user = &s;
    out = run(ctx, &r);
    stylize_image_free(&out);
    assert_true(s.last == 1);
    const int all = s.count;
    assert_true(all >= 4); /* start, two layers, end */
    for (int stop = 1; stop <= all; stop++) {
        s = (struct steps){.stop_at = stop};
        fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_CANCELLED, "cancelled");
        assert_null(out.pixels);
    }
    r.progress = NULL;
    for (int fail = 1; fail <= 2; fail++) { /* the first layer, the second */
        fake.fail_apply = 0;
        stylize_image good = run(ctx, &r);
        stylize_image_free(&good);
        fake.fail_apply = fail;
        fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_ENGINE, "told to fail");
    }
    free(mask.pixels);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void masks_are_checked(void **state)
{
    stylize_options o;
    fake_options(&o);
    o.max_side = 200;
    stylize_ctx *ctx = create_ctx(&o);
    stylize_error err;
    stylize_image in = fake_picture(W, H, STYLIZE_FORMAT_RGB8, 1), mask = ramp(W, H, false), out = {0};
    const stylize_style_ref styles[] = {{"a", NULL, 1}, {"b", NULL, 1}};
    stylize_image bad = mask;
    const stylize_image *masks[] = {NULL, &bad};
    stylize_request r = request_for(&in, styles);
    r.style_count = 2;
    r.masks = masks;
    bad.pixels = NULL;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "mask 2 has no pixels");
    bad = mask, bad.stride = 3;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "mask 2");
    bad = mask, bad.memory = STYLIZE_MEMORY_CUDA;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "mask 2 lies in CUDA memory");
    stylize_image large = ramp(201, 16, false);
    bad = large;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_LIMIT, "mask 2");
    static uint8_t text[] = "this is no picture at all";
    bad = (stylize_image){.pixels = text, .size = 25, .format = STYLIZE_FORMAT_ENCODED};
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_FORMAT, "");
    bad = mask;
    void *data;
    size_t size;
    fails(stylize_tiling_create(ctx, &r, &data, &size, &err), STYLIZE_ERR_UNSUPPORTED, "masks NULL");
    masks[1] = NULL; /* as if there were none */
    out = run(ctx, &r);
    r.masks = NULL;
    stylize_image blend = run(ctx, &r);
    assert_same(&out, &blend);
    stylize_image_free(&out);
    stylize_image_free(&blend);
    free(large.pixels);
    free(mask.pixels);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

/* ---- strength auto */

/* A board of large fields: all structure, and the fake inverts it. */
static stylize_image board(uint32_t w, uint32_t h, stylize_format format)
{
    stylize_image in = fake_picture(w, h, format, 1);
    const size_t bpp = in.size / ((size_t)w * h);
    for (size_t i = 0; i < in.size; i++) {
        const size_t x = i / bpp % w, y = i / bpp / w;
        in.pixels[i] = bpp == 4 && i % 4 == 3 ? 255 : (x / 20 + y / 20) % 2 ? 220 : 30;
    }
    return in;
}

static void auto_strength_is_a_strength(void **state)
{
    stylize_options o;
    fake_options(&o);
    stylize_ctx *ctx = create_ctx(&o);
    o.threads = 1;
    stylize_ctx *single = create_ctx(&o);
    const stylize_format formats[] = {STYLIZE_FORMAT_RGB8, STYLIZE_FORMAT_RGBA8, STYLIZE_FORMAT_GRAY8};
    for (uint32_t i = 0; i < 6; i++) {
        stylize_image in = board(i < 3 ? 500 : 16, i < 3 ? 333 : 700, formats[i % 3]);
        stylize_report report = {.struct_size = sizeof report};
        stylize_request r = request_for(&in, &style_a);
        r.strength = STYLIZE_STRENGTH_AUTO;
        r.preserve_color = 0.5f;
        r.report = &report;
        stylize_image out = run(ctx, &r), again = run(single, &r);
        assert_same(&out, &again);
        assert_true(report.strength > 0 && report.strength < 1);
        r.strength = report.strength;
        stylize_image same = run(ctx, &r);
        assert_same(&out, &same);
        assert_true(report.strength == r.strength);
        stylize_image_free(&out);
        stylize_image_free(&again);
        stylize_image_free(&same);
        free(in.pixels);
    }
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
    stylize_ctx_destroy(single, STYLIZE_DRAIN);
}

/* Where most stays as it is, or all, the painting may be as strong as it is. */
static void auto_strength_is_full_where_it_may(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_image in = fake_picture(W, H, STYLIZE_FORMAT_RGB8, 1), mask = ramp(W, H, false);
    for (size_t i = 0; i < mask.size; i++)
        mask.pixels[i] = i % W < 8 ? 255 : 0;
    const stylize_image *masks[] = {&mask};
    stylize_report report = {.struct_size = sizeof report};
    stylize_request r = request_for(&in, &style_a);
    r.masks = masks;
    stylize_image plain = run(ctx, &r);
    r.strength = STYLIZE_STRENGTH_AUTO;
    r.report = &report;
    stylize_image out = run(ctx, &r);
    assert_true(report.strength == 1);
    assert_same(&out, &plain);
    stylize_image_free(&out);
    memset(mask.pixels, 0, mask.size);
    out = run(ctx, &r);
    assert_true(report.strength == 1);
    assert_same(&out, &in);
    stylize_image_free(&out);
    stylize_image_free(&plain);
    free(mask.pixels);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void auto_strength_is_checked(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(W, H, STYLIZE_FORMAT_RGB8, 1), out = {0};
    stylize_request r = request_for(&in, &style_a);
    static const float bad[] = {-0.5f, -2, NAN};
    for (size_t i = 0; i < STZ_LEN(bad); i++) {
        r.strength = bad[i];
        fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID,
              "0 to 1 is allowed, or STYLIZE_STRENGTH_AUTO");
    }
    void *data = NULL;
    size_t size = 0;
    r.strength = STYLIZE_STRENGTH_AUTO;
    ok(stylize_tiling_create(ctx, &r, &data, &size, &err)); /* it says nothing of strength */
    r = request_for(&in, NULL);
    r.style_count = 0;
    r.tiling = data;
    r.tiling_size = size;
    r.strength = STYLIZE_STRENGTH_AUTO;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_UNSUPPORTED, "a tile needs a number");
    r.strength = 1;
    out = run(ctx, &r);
    stylize_image_free(&out);
    stylize_free(data);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(scale_is_painting_at_another_size, reset),
        cmocka_unit_test_setup(scale_with_the_other_controls, reset),
        cmocka_unit_test_setup(scale_of_an_encoded_content, reset),
        cmocka_unit_test_setup(large_strokes_are_painted_over, reset),
        cmocka_unit_test_setup(large_strokes_tell_and_are_cancelled, reset),
        cmocka_unit_test_setup(scale_is_checked, reset),
        cmocka_unit_test_setup(scale_of_the_artwork_in_optimize, reset),
        cmocka_unit_test_setup(masks_say_where, reset),
        cmocka_unit_test_setup(masks_at_their_ends, reset),
        cmocka_unit_test_setup(masks_of_every_kind, reset),
        cmocka_unit_test_setup(masks_follow_the_crop, reset),
        cmocka_unit_test_setup(masks_in_optimize, reset),
        cmocka_unit_test_setup(masks_report_progress_and_cancel, reset),
        cmocka_unit_test_setup(masks_are_checked, reset),
        cmocka_unit_test_setup(auto_strength_is_a_strength, reset),
        cmocka_unit_test_setup(auto_strength_is_full_where_it_may, reset),
        cmocka_unit_test_setup(auto_strength_is_checked, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
