/* Masks on the artwork: which part of a style picture is read. */
#include "helpers.h"
#include "job/part.h"

#define W 64
#define H 48

static stylize_image run(stylize_ctx *ctx, const stylize_request *r)
{
    stylize_error err = {0};
    stylize_image out = {0};
    fake.levels = 0;
    ok(stylize_ctx_run(ctx, r, &out, &err));
    return out;
}

static void assert_same(const stylize_image *a, const stylize_image *b)
{
    assert_true(a->width == b->width && a->height == b->height && a->format == b->format);
    for (uint32_t y = 0; y < a->height; y++)
        assert_memory_equal(a->pixels + y * a->stride, b->pixels + y * b->stride, a->width * 3);
}

/* `left` up to the middle, `right` from there on. */
static stylize_image halves(uint32_t w, uint32_t h, stylize_format format, uint8_t left, uint8_t right)
{
    stylize_image m = fake_picture(w, h, format, 0);
    const size_t bpp = m.size / ((size_t)w * h);
    for (size_t i = 0; i < m.size; i++)
        m.pixels[i] = bpp == 4 && i % 4 == 3 ? 255 : i / bpp % w < w / 2 ? left : right;
    return m;
}

/* Whatever the shape: what is inside stays, all else is something of it. */
static void nothing_else_is_left(void **state)
{
    stz_env env = {.pool = stz_pool_create(0),
                   .limits = {.max_bytes = 1 << 20, .max_pixels = 1 << 20, .max_side = 4096}};
    uint32_t noise = 1;
    for (int shape = 0; shape < 200; shape++) {
        stylize_error err = {0};
        stylize_image picture = fake_picture(37, 23, STYLIZE_FORMAT_RGB8, 1), out = {0};
        stylize_image mask = {
            .width = 37, .height = 23, .format = STYLIZE_FORMAT_GRAY8, .stride = 37, .size = 37 * 23};
        mask.pixels = calloc(1, mask.size);
        for (size_t i = 0; i < mask.size; i++) {
            noise = noise * 1664525u + 1013904223u;
            const bool one = i == (size_t)shape * 4, many = noise >> 24 < (unsigned)shape,
                       block = i % 37 > 8 && i % 37 < 20 && i / 37 > 4 && i / 37 < 15;
            mask.pixels[i] = (shape < 40  ? one
                              : shape % 2 ? many
                                          : block && many)
                                 ? 255
                                 : (uint8_t)(noise >> 25);
            for (int c = 0; c < 3; c++) /* what is inside is odd */
                picture.pixels[i * 3 + (size_t)c] =
                    (uint8_t)((picture.pixels[i * 3 + (size_t)c] & ~1) | (mask.pixels[i] == 255));
        }
        ok(stz_part_take(&env, &picture, &mask, 1, &out, &err));
        for (size_t i = 0; i < mask.size; i++)
            for (size_t c = 0; c < 3; c++) {
                assert_true(out.pixels[i * 3 + c] & 1);
                if (mask.pixels[i] == 255)
                    assert_int_equal(out.pixels[i * 3 + c], picture.pixels[i * 3 + c]);
            }
        stylize_image_free(&out);
        free(mask.pixels);
        free(picture.pixels);
    }
    stz_pool_end(env.pool);
}

/* Of an artwork of two halves each half alone is what a picture all of that half is. */
static void a_part_is_read_as_a_picture_of_it(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(W, H, STYLIZE_FORMAT_RGB8, 1), png = {0}, mask_png = {0};
    stylize_image mask = halves(20, 15, STYLIZE_FORMAT_RGB8, 255, 0); /* of another size */
    ok(stylize_image_encode(ctx, &mask, STYLIZE_FORMAT_PNG, 0, &mask_png, &err));
    static const stylize_format formats[] = {STYLIZE_FORMAT_RGB8, STYLIZE_FORMAT_RGBA8, STYLIZE_FORMAT_GRAY8};
    static const stylize_method methods[] = {STYLIZE_METHOD_AUTO, STYLIZE_METHOD_OPTIMIZE};
    for (size_t k = 0; k < STZ_LEN(methods); k++)
        for (size_t i = 0; i < STZ_LEN(formats); i++) {
            stylize_image art = halves(64, 48, formats[i], 40, 200),
                          only = halves(64, 48, formats[i], 40, 40);
            ok(stylize_image_encode(ctx, &art, STYLIZE_FORMAT_PNG, 0, &png, &err));
            const stylize_style_ref whole = {NULL, &only, 1}, part = {NULL, &art, 1}, file = {NULL, &png, 1};
            const stylize_image *parts[] = {&mask};
            stylize_request r = request_for(&in, &whole);
            r.method = methods[k];
            r.iterations = 3;
            stylize_image expected = run(ctx, &r);
            r.styles = &part;
            stylize_image all = run(ctx, &r);
            r.style_masks = parts;
            stylize_image out = run(ctx, &r);
            assert_same(&out, &expected);
            if (!k) /* the fake loss does not look at styles */
                assert_memory_not_equal(out.pixels, all.pixels, out.size);
            stylize_image_free(&out);
            r.styles = &file;
            parts[0] = &mask_png;
            out = run(ctx, &r);
            assert_same(&out, &expected);
            stylize_image_free(&out);
            stylize_image_free(&expected);
            stylize_image_free(&all);
            stylize_image_free(&png);
            free(art.pixels);
            free(only.pixels);
        }
    stylize_image_free(&mask_png);
    free(mask.pixels);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

/* Pairs of masks: here this part of the artwork, there that one. */
static void guided_regions(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_image in = fake_picture(W, H, STYLIZE_FORMAT_RGB8, 1);
    stylize_image art = halves(64, 48, STYLIZE_FORMAT_RGB8, 40, 200);
    stylize_image lefts[] = {halves(64, 48, STYLIZE_FORMAT_RGB8, 40, 40),
                             halves(64, 48, STYLIZE_FORMAT_RGB8, 200, 200)};
    stylize_image left = halves(W, H, STYLIZE_FORMAT_GRAY8, 255, 0),
                  right = halves(W, H, STYLIZE_FORMAT_GRAY8, 0, 255);
    const stylize_style_ref pairs[] = {{NULL, &art, 1}, {NULL, &art, 1}};
    const stylize_style_ref apart[] = {{NULL, &lefts[0], 1}, {NULL, &lefts[1], 1}};
    const stylize_image *content[] = {&left, &right}, *style[] = {&right, &left}; /* crosswise */
    stylize_request r = request_for(&in, pairs);
    r.style_count = 2;
    r.masks = content;
    r.style_masks = style;
    stylize_image out = run(ctx, &r);
    const stylize_style_ref swapped[] = {apart[1], apart[0]};
    r.styles = swapped;
    r.style_masks = NULL;
    stylize_image expected = run(ctx, &r);
    assert_same(&out, &expected);
    stylize_image_free(&out);
    stylize_image_free(&expected);
    /* styles of no weight go with their masks */
    const stylize_style_ref zero[] = {{"b", NULL, 0}, {NULL, &art, 1}};
    const stylize_image *of_second[] = {&right, &left};
    r = request_for(&in, zero);
    r.style_count = 2;
    r.style_masks = of_second;
    out = run(ctx, &r);
    r = request_for(&in, &apart[0]);
    expected = run(ctx, &r);
    assert_same(&out, &expected);
    stylize_image_free(&out);
    stylize_image_free(&expected);
    for (int i = 0; i < 2; i++)
        free(lefts[i].pixels);
    free(left.pixels);
    free(right.pixels);
    free(art.pixels);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void each_part_has_a_code_of_its_own(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_image in = fake_picture(W, H, STYLIZE_FORMAT_RGB8, 1);
    stylize_image art = halves(64, 48, STYLIZE_FORMAT_RGB8, 40, 200);
    stylize_image left = halves(9, 9, STYLIZE_FORMAT_GRAY8, 255, 0),
                  right = halves(9, 9, STYLIZE_FORMAT_GRAY8, 0, 255);
    const stylize_style_ref style = {NULL, &art, 1};
    const stylize_image *const all[] = {NULL}, *const first[] = {&left}, *const second[] = {&right};
    const stylize_image *const *const parts[] = {NULL, first, second, all, first, second};
    static const int read[] = {1, 2, 3, 3, 3, 3};
    stylize_request r = request_for(&in, &style);
    for (size_t i = 0; i < STZ_LEN(parts); i++) {
        r.style_masks = parts[i];
        stylize_image out = run(ctx, &r);
        assert_int_equal(fake.encodes, read[i]);
        stylize_image_free(&out);
    }
    free(left.pixels);
    free(right.pixels);
    free(art.pixels);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void what_is_wrong_is_told(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    stylize_image in = fake_picture(W, H, STYLIZE_FORMAT_RGB8, 1), out = {0};
    stylize_image black = halves(9, 9, STYLIZE_FORMAT_GRAY8, 0, 90), bad = black;
    const stylize_style_ref picture = {NULL, &in, 1}, blend[] = {{"a", NULL, 1}, {NULL, &in, 1}};
    const stylize_image *parts[] = {&black, &black};
    stylize_request r = request_for(&in, &picture);
    r.style_masks = parts;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "style mask 1 is black all over");
    r.method = STYLIZE_METHOD_OPTIMIZE;
    fake.levels = 0;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "style mask 1 is black all over");
    r.method = STYLIZE_METHOD_AUTO;
    bad.width = 0;
    parts[0] = &bad;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "style mask 1");
    bad = (stylize_image){.pixels = (uint8_t *)"no picture", .size = 10, .format = STYLIZE_FORMAT_ENCODED};
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_FORMAT, "style mask 1");
    r.styles = blend;
    r.style_count = 2;
    parts[0] = NULL;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "style mask 2 is black all over");
    parts[0] = &black;
    fails(stylize_ctx_run(ctx, &r, &out, &err), STYLIZE_ERR_UNSUPPORTED,
          "style mask 1: style \"a\" was read");
    free(black.pixels);
    free(in.pixels);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_else_is_left, reset),
        cmocka_unit_test_setup(a_part_is_read_as_a_picture_of_it, reset),
        cmocka_unit_test_setup(guided_regions, reset),
        cmocka_unit_test_setup(each_part_has_a_code_of_its_own, reset),
        cmocka_unit_test_setup(what_is_wrong_is_told, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
