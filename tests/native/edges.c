/* The networks that are shipped paint along the edges as they do elsewhere: training for steady strokes leaves out what
 * comes in at an edge, and a network once hid there the dots that it might put nowhere else. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "stylize/stylize.h"

#define SIDE  512
#define STRIP 9  /* pixels along the edges */
#define FROM  16 /* pixels from the edge that it is compared with */
#define TO    40

static void must(stylize_status status, const stylize_error *err)
{
    if (status != STYLIZE_OK)
        fail_msg("%s", err->message);
}

static int green(const stylize_image *p, uint32_t x, uint32_t y)
{
    return p->pixels[y * p->stride + x * 3 + 1];
}

/* Magnitude of the Laplacian in the strip by that a little further in. */
static double roughness(const stylize_image *p)
{
    double sum[2] = {0}, count[2] = {0};
    for (uint32_t y = 1; y + 1 < p->height; y++)
        for (uint32_t x = 1; x + 1 < p->width; x++) {
            uint32_t from = x < y ? x : y;
            from = p->width - 1 - x < from ? p->width - 1 - x : from;
            from = p->height - 1 - y < from ? p->height - 1 - y : from;
            const int which = from < STRIP ? 0 : from >= FROM && from < TO ? 1 : 2;
            if (which == 2)
                continue;
            sum[which] += abs(4 * green(p, x, y) - green(p, x - 1, y) - green(p, x + 1, y) -
                              green(p, x, y - 1) - green(p, x, y + 1));
            count[which]++;
        }
    return sum[0] / count[0] / (sum[1] / count[1]);
}

static void edges_are_painted_like_the_rest(void **state)
{
    stylize_ctx *ctx;
    stylize_error err;
    stylize_options o;
    stylize_options_init(&o, sizeof o);
    o.engine = "native";
    must(stylize_ctx_create(&ctx, &o, &err), &err);
    stylize_image photo, artwork;
    must(stylize_image_load(ctx, STYLIZE_SOURCE_DIR "/examples/data/photo.jpg", &photo, &err), &err);
    must(stylize_image_load(ctx, STYLIZE_SOURCE_DIR "/examples/data/artwork.jpg", &artwork, &err), &err);
    stylize_style_info *list;
    size_t count;
    must(stylize_style_list(ctx, NULL, &list, &count, &err), &err);
    double total = 0;
    for (size_t i = 0; i <= count; i++) {
        const stylize_style_ref style = {i < count ? list[i].id : NULL, i < count ? NULL : &artwork, 1};
        stylize_image out = {0};
        stylize_request r;
        stylize_request_init(&r, sizeof r);
        r.content = &photo;
        r.styles = &style;
        r.style_count = 1;
        r.output_size = SIDE;
        must(stylize_ctx_run(ctx, &r, &out, &err), &err);
        const double found = roughness(&out);
        print_message("%s: %.2f\n", i < count ? list[i].id : "a picture", found);
        assert_true(found < 1.3);
        total += found;
        stylize_image_free(&out);
    }
    assert_true(total / (double)(count + 1) < 1.15);
    stylize_free(list);
    stylize_image_free(&photo);
    stylize_image_free(&artwork);
    stylize_ctx_destroy(ctx, STYLIZE_DRAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(edges_are_painted_like_the_rest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
