/* Tilings that travel: tiles painted elsewhere are those of one machine, and nothing damaged is believed. */
#include "helpers.h"

#include "image/canvas.h"

#define SOURCE_SIZE offsetof(stylize_request, tiling) /* of a request before tilings */

static int channels(const stylize_image *image) { return image->format == STYLIZE_FORMAT_RGBA8 ? 4 : 3; }

/* A part of pixels, in their memory. */
static stylize_image part_of(const stylize_image *image, uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
    stylize_image part = *image;
    part.pixels += y * image->stride + (ptrdiff_t)x * channels(image);
    part.width = w;
    part.height = h;
    part.size = 0;
    part.owner = NULL;
    return part;
}

static void same_pixels(const stylize_image *a, const stylize_image *b)
{
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    assert_int_equal(a->format, b->format);
    for (uint32_t y = 0; y < a->height; y++)
        assert_memory_equal(a->pixels + y * a->stride, b->pixels + y * b->stride,
                            a->width * (size_t)channels(a));
}

/* Paints all tiles of a tiling on a context and compares each with its place in the whole painting. */
static uint32_t check_tiles(stylize_ctx *ctx, const stylize_request *whole, const stylize_image *content,
                            const stylize_image *painting, const void *data, size_t size)
{
    stylize_tile tile = {.struct_size = sizeof tile};
    stylize_error err;
    uint32_t i = 0;
    uint64_t area = 0;
    do {
        ok(stylize_tiling_get(data, size, i, &tile, &err));
        const stylize_image part =
            part_of(content, tile.from_x, tile.from_y, tile.from_width, tile.from_height);
        stylize_request r;
        stylize_request_init(&r, sizeof r);
        r.content = &part;
        r.tiling = data;
        r.tiling_size = size;
        r.tile = i;
        r.strength = whole->strength;
        r.preserve_color = whole->preserve_color;
        r.memory_budget = whole->memory_budget;
        stylize_image out = {0};
        ok(stylize_ctx_run(ctx, &r, &out, &err));
        const stylize_image there = part_of(painting, tile.x, tile.y, tile.width, tile.height);
        same_pixels(&out, &there);
        assert_int_equal(out.size,
                         (out.height - 1) * (size_t)out.stride + out.width * (size_t)channels(&out));
        stylize_image_free(&out);
        area += (uint64_t)tile.width * tile.height;
    } while (++i < tile.count);
    assert_int_equal(area, (uint64_t)painting->width * painting->height);
    assert_int_equal(tile.canvas_width, painting->width);
    assert_int_equal(tile.canvas_height, painting->height);
    return tile.count;
}

static void tiles_elsewhere_are_those_of_one_machine(void **state)
{
    stylize_ctx *here = create_ctx(NULL), *there = create_ctx(NULL);
    stylize_error err;
    static const struct {
        uint32_t w, h, output_size, many;
        stylize_format format;
        float strength;
        int preserve_color;
    } cases[] = {
        {403, 301, 0, 1, STYLIZE_FORMAT_RGB8, 1, 0},   {1030, 64, 0, 1, STYLIZE_FORMAT_RGBA8, 0.5f, 1},
        {200, 150, 600, 1, STYLIZE_FORMAT_RGB8, 1, 1}, {300, 500, 0, 1, STYLIZE_FORMAT_RGBA8, 0, 0},
        {50, 60, 0, 0, STYLIZE_FORMAT_RGB8, 0.7f, 0},  {401, 1201, 0, 1, STYLIZE_FORMAT_RGB8, 1, 0},
        {17, 1201, 0, 1, STYLIZE_FORMAT_RGB8, 1, 0}};
    fake.bytes_per_pixel = 4000;
    for (size_t i = 0; i < STZ_LEN(cases); i++) {
        stylize_image in = fake_picture(cases[i].w, cases[i].h, cases[i].format, (uint32_t)i);
        stylize_image content = {0}, painting = {0};
        stylize_request r = request_for(&in, &style_a);
        r.output_size = cases[i].output_size;
        r.memory_budget = 32 << 20;
        r.strength = 0;
        ok(stylize_ctx_run(here, &r, &content, &err));
        r.strength = cases[i].strength;
        r.preserve_color = cases[i].preserve_color;
        ok(stylize_ctx_run(here, &r, &painting, &err));
        void *data = NULL;
        size_t size = 0;
        ok(stylize_tiling_create(here, &r, &data, &size, &err));
        uint8_t *copy = malloc(size + 1); /* not aligned, as it may come from a file */
        memcpy(copy + 1, data, size);
        const uint32_t count = check_tiles(there, &r, &content, &painting, copy + 1, size);
        assert_true(cases[i].many ? count > 1 : count == 1);
        free(copy);
        stylize_free(data);
        free(in.pixels);
        stylize_image_free(&content);
        stylize_image_free(&painting);
    }
    stylize_ctx_destroy(here, STYLIZE_DRAIN);
    stylize_ctx_destroy(there, STYLIZE_DRAIN);
}

/* A context, a picture and a tiling of it. */
struct fixture {
    stylize_ctx *ctx;
    stylize_image in;
    stylize_request whole;
    void *data;
    size_t size;
};

static void open_fixture(struct fixture *f)
{
    *f = (struct fixture){.ctx = create_ctx(NULL), .in = fake_picture(403, 301, STYLIZE_FORMAT_RGB8, 3)};
    stylize_error err;
    fake.bytes_per_pixel = 4000;
    f->whole = request_for(NULL, &style_a);
    f->whole.content = &f->in;
    f->whole.memory_budget = 32 << 20;
    ok(stylize_tiling_create(f->ctx, &f->whole, &f->data, &f->size, &err));
}

static void close_fixture(struct fixture *f)
{
    stylize_free(f->data);
    free(f->in.pixels);
    stylize_ctx_destroy(f->ctx, STYLIZE_DRAIN);
}

static void a_damaged_tiling_is_noticed(void **state)
{
    struct fixture f;
    open_fixture(&f);
    stylize_tile tile = {.struct_size = sizeof tile};
    stylize_error err;
    uint8_t *bytes = f.data;
    for (size_t i = 0; i < f.size; i++) {
        bytes[i] ^= 0x41;
        assert_int_equal(stylize_tiling_get(f.data, f.size, 0, &tile, &err), STYLIZE_ERR_INVALID);
        bytes[i] ^= 0x41;
    }
    for (size_t size = 0; size < f.size; size++)
        assert_int_equal(stylize_tiling_get(f.data, size, 0, &tile, &err), STYLIZE_ERR_INVALID);
    bytes[16] ^= 1;
    fails(stylize_tiling_get(f.data, f.size, 0, &tile, &err), STYLIZE_ERR_INVALID, "version");
    bytes[16] ^= 1;
    ok(stylize_tiling_get(f.data, f.size, 0, &tile, &err));
    close_fixture(&f);
}

static void misuse_is_refused(void **state)
{
    struct fixture f;
    open_fixture(&f);
    stylize_tile tile = {.struct_size = sizeof tile};
    stylize_error err;
    void *data = &err;
    size_t size = 7;
    fails(stylize_tiling_create(NULL, &f.whole, &data, &size, &err), STYLIZE_ERR_INVALID, "ctx is NULL");
    fails(stylize_tiling_create(f.ctx, NULL, &data, &size, &err), STYLIZE_ERR_INVALID, "request is NULL");
    fails(stylize_tiling_create(f.ctx, &f.whole, NULL, &size, &err), STYLIZE_ERR_INVALID, "is NULL");
    fails(stylize_tiling_create(f.ctx, &f.whole, &data, NULL, &err), STYLIZE_ERR_INVALID, "is NULL");
    fails(stylize_tiling_get(f.data, f.size, 0, NULL, &err), STYLIZE_ERR_INVALID, "tile is NULL");
    fails(stylize_tiling_get(NULL, f.size, 0, &tile, &err), STYLIZE_ERR_INVALID, "missing");
    ok(stylize_tiling_get(f.data, f.size, 0, &tile, &err));
    fails(stylize_tiling_get(f.data, f.size, tile.count, &tile, &err), STYLIZE_ERR_NOT_FOUND, "tile");
    stylize_tile unset = {0};
    fails(stylize_tiling_get(f.data, f.size, 0, &unset, &err), STYLIZE_ERR_INVALID, "struct_size");

    stylize_request bad = f.whole;
    bad.styles = NULL;
    fails(stylize_tiling_create(f.ctx, &bad, &data, &size, &err), STYLIZE_ERR_INVALID, "no style");
    assert_null(data);
    assert_int_equal(size, 0);
    bad = f.whole;
    bad.tiling = f.data;
    bad.tiling_size = f.size;
    fails(stylize_tiling_create(f.ctx, &bad, &data, &size, &err), STYLIZE_ERR_INVALID, "whole picture");

    const stylize_image part = part_of(&f.in, tile.from_x, tile.from_y, tile.from_width, tile.from_height);
    stylize_request good;
    stylize_request_init(&good, sizeof good);
    good.content = &part;
    good.tiling = f.data;
    good.tiling_size = f.size;
    good.memory_budget = 32 << 20;
    stylize_image out = {0};
    stylize_request r = good;
    r.styles = &style_a;
    r.style_count = 1;
    fails(stylize_ctx_run(f.ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "leave them out");
    r = good;
    r.output_size = 64;
    fails(stylize_ctx_run(f.ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "leave them out");
    r = good;
    r.tile = tile.count;
    fails(stylize_ctx_run(f.ctx, &r, &out, &err), STYLIZE_ERR_NOT_FOUND, "tile");
    r = good;
    r.content = &f.in;
    fails(stylize_ctx_run(f.ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "painted from a part");
    r = good;
    r.tiling = NULL;
    fails(stylize_ctx_run(f.ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "needs a tiling");
    r = good;
    r.tiling_size--;
    fails(stylize_ctx_run(f.ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "damaged");
    r = good;
    r.reserved = 1;
    fails(stylize_ctx_run(f.ctx, &r, &out, &err), STYLIZE_ERR_INVALID, "reserved");
    fake.bytes_per_pixel = 40000; /* this machine needs more for a tile than it may have */
    fails(stylize_ctx_run(f.ctx, &good, &out, &err), STYLIZE_ERR_LIMIT, "budget");
    fake.bytes_per_pixel = 4000;
    uint8_t own[16 * 16 * 3];
    stylize_image target = {
        .pixels = own, .width = 16, .height = 16, .format = STYLIZE_FORMAT_RGB8, .stride = 48};
    fails(stylize_ctx_run(f.ctx, &good, &target, &err), STYLIZE_ERR_INVALID, "own memory");
    fake.fail_apply = 1;
    assert_int_not_equal(stylize_ctx_run(f.ctx, &good, &out, &err), STYLIZE_OK);
    fake.fail_apply = 1;
    assert_int_not_equal(stylize_tiling_create(f.ctx, &f.whole, &data, &size, &err), STYLIZE_OK);
    assert_null(data);
    ok(stylize_ctx_run(f.ctx, &good, &out, &err));
    stylize_image_free(&out);
    close_fixture(&f);
}

static int stop(void *user, float done) { return 1; }

static void making_one_can_be_cancelled(void **state)
{
    struct fixture f;
    open_fixture(&f);
    stylize_error err;
    void *data = &err;
    size_t size;
    stylize_request r = f.whole;
    r.progress = stop;
    fails(stylize_tiling_create(f.ctx, &r, &data, &size, &err), STYLIZE_ERR_CANCELLED, "cancelled");
    assert_null(data);
    close_fixture(&f);
}

/* Programs that were compiled before there were tilings pass a smaller request. */
static void older_requests_work(void **state)
{
    struct fixture f;
    open_fixture(&f);
    stylize_error err;
    stylize_request r;
    memset(&r, 0xa5, sizeof r);
    assert_int_equal(stylize_request_init(&r, SOURCE_SIZE), STYLIZE_OK);
    assert_int_equal(r.tile, 0xa5a5a5a5);
    r.content = &f.in;
    r.styles = &style_a;
    r.style_count = 1;
    stylize_image out = {0};
    ok(stylize_ctx_run(f.ctx, &r, &out, &err));
    stylize_image_free(&out);
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(tiles_elsewhere_are_those_of_one_machine, reset),
        cmocka_unit_test_setup(a_damaged_tiling_is_noticed, reset),
        cmocka_unit_test_setup(misuse_is_refused, reset),
        cmocka_unit_test_setup(making_one_can_be_cancelled, reset),
        cmocka_unit_test_setup(older_requests_work, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
