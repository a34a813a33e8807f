/* Tiles: their geometry, and that a tiled picture is the untiled one. */
#include "helpers.h"

#include "image/canvas.h"
#include "job/tile.h"

static stz_model model = {
    .name = "m", .multiple = 4, .min_side = 16, .receptive_radius = 5, .grid = 4, .stats_length = 2};

static void tiles_cover_the_picture_once(void **state)
{
    stz_open_engine engine = {.table = &fake_engine};
    stz_net net = {.model = &model, .engine = &engine, .net = &model};
    stylize_error err;
    unsigned seed = 7;
    fake.bytes_per_pixel = 1000;
    for (int round = 0; round < 200; round++) {
        const int w = 16 + rand_r(&seed) % 500, h = 16 + rand_r(&seed) % 300;
        const uint64_t budget = 2000000 + (uint64_t)(rand_r(&seed) % 60) * 1000000;
        stz_tiling t;
        ok(stz_tiling_plan(&net, w, h, budget, &t, &err));
        uint8_t *seen = calloc((size_t)w, (size_t)h);
        for (int i = 0; i < t.columns * t.rows; i++) {
            const stz_tile a = stz_tiling_at(&t, i);
            for (int y = a.y; y < a.y + a.h; y++)
                for (int x = a.x; x < a.x + a.w; x++)
                    seen[y * w + x]++;
            assert_true(a.w > 0 && a.h > 0 && a.ow >= 16 && a.oh >= 16);
            assert_true(a.x % 4 == 0 && a.y % 4 == 0 && a.ox % 4 == 0 && a.oy % 4 == 0 && a.ow % 4 == 0 &&
                        a.oh % 4 == 0);
            assert_true(a.ox >= 0 && (a.ox == 0 || a.x - a.ox >= 5) && (a.oy == 0 || a.y - a.oy >= 5));
            const int right = a.ox + a.ow - (a.x + a.w), below = a.oy + a.oh - (a.y + a.h);
            const int end = a.ox + a.ow,
                      bottom = a.oy + a.oh; /* at the end the whole picture is padded alike */
            assert_true((right >= 5 || end == stz_round_up(w, 4)) &&
                        (below >= 5 || bottom == stz_round_up(h, 4)));
            assert_true(right >= 0 && below >= 0 && end <= stz_round_up(w, 4) &&
                        bottom <= stz_round_up(h, 4));
            assert_true(stz_net_memory(&net, (uint32_t)a.ow, (uint32_t)a.oh) <= budget);
        }
        for (int i = 0; i < w * h; i++)
            assert_int_equal(seen[i], 1);
        free(seen);
    }
    fake.bytes_per_pixel = 100000000;
    stz_tiling t;
    fails(stz_tiling_plan(&net, 100, 100, 1000, &t, &err), STYLIZE_ERR_LIMIT, "too small");
}

/* The most that two pictures differ, over the smaller one's area. */
static int worst_difference(const stylize_image *a, const stylize_image *b)
{
    int worst = 0;
    for (uint32_t y = 0; y < a->height; y++)
        for (uint32_t x = 0; x < a->width * 3; x++)
            worst = stz_max(worst, abs(a->pixels[y * a->stride + x] - b->pixels[y * b->stride + x]));
    return worst;
}

/* The fake network's statistic is the mean, of which we know only that it is near the picture's own: one
 * of a few values about that must give the whole tiled picture. */
static int best_difference(const stylize_image *in, const stylize_image *out)
{
    static const float code[] = {1, 0, 0.5f, 0};
    const uint32_t w = (uint32_t)stz_round_up((int)in->width, 4),
                   h = (uint32_t)stz_round_up((int)in->height, 4);
    stylize_image padded = {.width = w, .height = h, .stride = w * 3, .format = STYLIZE_FORMAT_RGB8},
                  whole = padded;
    padded.pixels = malloc((size_t)w * h * 3);
    whole.pixels = malloc((size_t)w * h * 3);
    stz_extract(in, 0, 0, &padded);
    double mean = 0;
    for (size_t k = 0; k < (size_t)w * h * 3; k++)
        mean += padded.pixels[k];
    int best = 256;
    for (int shift = -8; shift <= 8; shift++) {
        const float m = (float)(mean / ((double)w * h * 3 * 255)) + (float)shift / 1024;
        fake_reference(&padded, code, &m, whole.pixels);
        best = stz_min(best, worst_difference(out, &whole));
    }
    free(padded.pixels);
    free(whole.pixels);
    return best;
}

static void tiled_equals_untiled(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    static const uint32_t sizes[][2] = {{403, 301}, {1030, 64}, {400, 300}, {64, 1100}};
    for (size_t i = 0; i < STZ_LEN(sizes); i++) {
        stylize_image in = fake_picture(sizes[i][0], sizes[i][1], STYLIZE_FORMAT_RGB8, (uint32_t)i),
                      out = {0};
        const stylize_style_ref style = {"a", NULL, 1};
        stylize_request r = request_for(&in, &style);
        stylize_report report = {.struct_size = sizeof report};
        r.report = &report;
        fake.bytes_per_pixel = 4000;
        r.memory_budget = 32 << 20;
        ok(stylize_ctx_run(ctx, &r, &out, &err));
        assert_true(report.tiles > 1);
        assert_true(best_difference(&in, &out) <= 1);
        free(in.pixels);
        stylize_image_free(&out);
    }
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

/* The picture must not tell how much memory there was. Half of the content is dark: the mean that the fake network
 * takes away is another one in each part of it. */
static void the_budget_does_not_show(void **state)
{
    stylize_ctx *ctx = create_ctx(NULL);
    stylize_error err;
    static const uint32_t sizes[][2] = {{1500, 40}, {60, 1301}, {1025, 64}, {1024, 64}, {1400, 900}};
    const stylize_style_ref style = {"a", NULL, 1};
    for (size_t i = 0; i < STZ_LEN(sizes); i++) {
        const bool frozen = sizes[i][0] > 1024 || sizes[i][1] > 1024;
        stylize_image in = fake_picture(sizes[i][0], sizes[i][1], STYLIZE_FORMAT_RGB8, (uint32_t)i);
        for (size_t k = 0; k < in.size; k += k < in.size / 3 ? 1 : 2)
            in.pixels[k] /= 3;
        stylize_image whole = {0};
        stylize_request r = request_for(&in, &style);
        fake.bytes_per_pixel = 40;
        const int before = fake.applies;
        ok(stylize_ctx_run(ctx, &r, &whole, &err));
        assert_int_equal(fake.applies, before + 1 + frozen);
        for (int budget = 32; frozen && budget <= 256; budget *= 2) { /* tiles, down to one */
            stylize_image out = {0};
            stylize_report report = {.struct_size = sizeof report};
            r.report = &report;
            r.memory_budget = (uint64_t)budget << 20;
            fake.bytes_per_pixel = (32 << 20) / (1024 * 660);
            ok(stylize_ctx_run(ctx, &r, &out, &err));
            assert_true(i < 4 || report.tiles > 1 || budget > 32);
            assert_int_equal(worst_difference(&out, &whole), 0);
            stylize_image_free(&out);
            r.report = NULL;
        }
        free(in.pixels);
        stylize_image_free(&whole);
    }
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

static void extract_mirrors_and_whitens(void **state)
{
    uint8_t rgba[2 * 3 * 4], rgb[8 * 5 * 3];
    for (int i = 0; i < 24; i++)
        rgba[i] = (uint8_t)(i % 4 == 3 ? 255 : i);
    rgba[3] = 0; /* the first pixel is transparent */
    const stylize_image in = {
        .pixels = rgba, .stride = 12, .width = 3, .height = 2, .format = STYLIZE_FORMAT_RGBA8};
    const stylize_image out = {
        .pixels = rgb, .stride = 24, .width = 8, .height = 5, .format = STYLIZE_FORMAT_RGB8};
    stz_extract(&in, 0, 0, &out);
    static const int across[] = {0, 1, 2, 1, 0, 1, 2, 1}, down[] = {0, 1, 0, 1, 0};
    for (int y = 0; y < 5; y++)
        for (int x = 0; x < 8; x++)
            for (int c = 0; c < 3; c++) {
                const uint8_t *p = rgba + down[y] * 12 + across[x] * 4;
                assert_int_equal(rgb[y * 24 + x * 3 + c], p[3] ? p[c] : 255);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(tiles_cover_the_picture_once, reset),
        cmocka_unit_test_setup(tiled_equals_untiled, reset),
        cmocka_unit_test_setup(the_budget_does_not_show, reset),
        cmocka_unit_test_setup(extract_mirrors_and_whitens, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
