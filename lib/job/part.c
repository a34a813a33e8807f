#include "job/part.h"

#include <stdio.h>
#include <string.h>

#include "image/canvas.h"
#include "job/mask.h"

#define INSIDE 128 /* of a mask's grey; there is no half of a pixel to be read */

/* From a to b - 1. */
struct range {
    int a, b;
};

/* The next pixels inside, from `at` on; empty at the end. */
static struct range next_run(const uint8_t *mask, int at, int width)
{
    struct range r = {at, at};
    while (r.a < width && mask[r.a] < INSIDE)
        r.a++;
    for (r.b = r.a; r.b < width && mask[r.b] >= INSIDE;)
        r.b++;
    return r;
}

/* Where the mirror image of `x`, which lies outside, is inside of the range. */
static int mirror_into(struct range r, int x)
{
    const int n = r.b - r.a;
    return r.a + (x < r.a ? stz_mirrored(r.a - x, n) : stz_mirrored(x - r.a, n));
}

static void fill_gap(uint8_t *row, struct range gap, struct range left, struct range right)
{
    const bool has_left = left.a < left.b, has_right = right.a < right.b;
    const int middle = !has_left ? gap.a : !has_right ? gap.b : (gap.a + gap.b) / 2;
    for (int x = gap.a; x < gap.b; x++)
        memcpy(row + x * 3, row + mirror_into(x < middle ? left : right, x) * 3, 3);
}

/* False: nothing of the row is inside. */
static bool fill_row(uint8_t *row, const uint8_t *mask, int width)
{
    struct range last = {0, 0}, run;
    for (int at = 0; at < width; at = run.b) {
        run = next_run(mask, at, width);
        if (run.a == run.b && last.a == last.b)
            return false;
        fill_gap(row, (struct range){at, run.a}, last, run);
        last = run.a < run.b ? run : last;
    }
    return true;
}

/* Rows of which nothing is inside are mirror images of those between the first and the last that are. */
static bool fill_rows(const stylize_image *picture, const stylize_image *mask)
{
    struct range rows = {(int)picture->height, 0}, last = {0, 0};
    for (int y = 0; y < (int)picture->height; y++) {
        if (!fill_row(picture->pixels + y * picture->stride, mask->pixels + y * mask->stride,
                      (int)picture->width))
            continue;
        for (int gap = last.b; gap < y && last.a < last.b; gap++) /* between two parts: of the one above */
            memcpy(picture->pixels + gap * picture->stride,
                   picture->pixels + mirror_into(last, gap) * picture->stride, (size_t)picture->stride);
        last = (struct range){last.b == y && last.a < last.b ? last.a : y, y + 1};
        rows = (struct range){stz_min(rows.a, y), y + 1};
    }
    for (int y = 0; y < (int)picture->height && rows.a < rows.b; y++)
        if (y < rows.a || y >= rows.b)
            memcpy(picture->pixels + y * picture->stride,
                   picture->pixels + mirror_into(rows, y) * picture->stride, (size_t)picture->stride);
    return rows.a < rows.b;
}

stylize_status stz_part_take(const stz_env *env, const stylize_image *picture, const stylize_image *mask,
                             size_t number, stylize_image *out, stylize_error *err)
{
    char what[32];
    stylize_image where = {0};
    snprintf(what, sizeof what, "style mask %zu", number);
    stylize_status status = stz_mask_read(env, mask, what, picture->width, picture->height, &where, err);
    if (status == STYLIZE_OK)
        status = stz_image_alloc(env->pool, picture->width, picture->height, STYLIZE_FORMAT_RGB8, out, err);
    if (status == STYLIZE_OK) {
        stz_extract(picture, 0, 0, out);
        if (!fill_rows(out, &where)) {
            stylize_image_free(out);
            status = stz_fail(err, STYLIZE_ERR_INVALID,
                              "%s is black all over; what is to be read must be white", what);
        }
    }
    stylize_image_free(&where);
    return status;
}
