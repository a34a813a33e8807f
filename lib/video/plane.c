#include "video/plane.h"

#include <stdlib.h>
#include <string.h>

#define WORK_SIDE  512 /* motion is looked for at half the size, or less for a longer side beyond it */
#define LEAST_SIDE 12  /* of the shorter side of a pyramid's smallest level */

static size_t floats_of(int width, int height)
{
    return (size_t)stz_round_up(width + 2 * STZ_PLANE_PAD, 16) * (size_t)(height + 2 * STZ_PLANE_PAD);
}

stylize_status stz_pyramid_create(stz_pyramid *p, int width, int height, stylize_error *err)
{
    *p = (stz_pyramid){.width = width, .height = height, .scale = 2};
    while (stz_max(width, height) / p->scale > WORK_SIDE)
        p->scale *= 2;
    size_t floats = 16;
    int w = stz_max(1, width / p->scale), h = stz_max(1, height / p->scale);
    for (; p->count < STZ_PYRAMID_LEVELS; p->count++, w /= 2, h /= 2) {
        if (p->count && stz_min(w, h) < LEAST_SIDE)
            break;
        p->level[p->count] =
            (stz_plane){.width = w, .height = h, .row = stz_round_up(w + 2 * STZ_PLANE_PAD, 16)};
        floats += floats_of(w, h);
    }
    p->memory = calloc(floats, sizeof(float));
    if (!p->memory)
        return stz_nomem(err, floats * sizeof(float));
    float *at = p->memory;
    for (int i = 0; i < p->count; i++) {
        stz_plane *l = &p->level[i];
        l->at = at + STZ_PLANE_PAD * l->row + STZ_PLANE_PAD;
        at += floats_of(l->width, l->height);
    }
    return STYLIZE_OK;
}

void stz_pyramid_free(stz_pyramid *p)
{
    free(p->memory);
    p->memory = NULL;
}

static void pad(const stz_plane *l)
{
    for (int y = 0; y < l->height; y++) {
        float *row = l->at + y * l->row;
        for (int x = 1; x <= STZ_PLANE_PAD; x++) {
            row[-x] = row[0];
            row[l->width - 1 + x] = row[l->width - 1];
        }
    }
    const size_t bytes = (size_t)(l->width + 2 * STZ_PLANE_PAD) * sizeof(float);
    float *first = l->at - STZ_PLANE_PAD, *last = first + (l->height - 1) * l->row;
    for (int y = 1; y <= STZ_PLANE_PAD; y++) {
        memcpy(first - y * l->row, first, bytes);
        memcpy(last + y * l->row, last, bytes);
    }
}

/* Means of scale x scale pixels. What is left at the right and below takes no part. */
static void reduce_luma(const stz_pyramid *p, const uint8_t *luma, ptrdiff_t stride)
{
    const stz_plane *l = &p->level[0];
    const int s = p->scale;
    const float share = 1.0f / (float)(s * s);
    for (int y = 0; y < l->height; y++) {
        float *to = l->at + y * l->row;
        for (int x = 0; x < l->width; x++) {
            int sum = 0;
            for (int dy = 0; dy < s; dy++)
                for (int dx = 0; dx < s; dx++)
                    sum += luma[(ptrdiff_t)stz_min(y * s + dy, p->height - 1) * stride +
                                stz_min(x * s + dx, p->width - 1)];
            to[x] = (float)sum * share;
        }
    }
}

static void reduce_plane(const stz_plane *from, const stz_plane *to)
{
    for (int y = 0; y < to->height; y++) {
        const float *a = from->at + 2 * y * from->row, *b = a + from->row;
        float *out = to->at + y * to->row;
        for (int x = 0; x < to->width; x++)
            out[x] = ((a[2 * x] + a[2 * x + 1]) + (b[2 * x] + b[2 * x + 1])) * 0.25f;
    }
}

void stz_pyramid_fill(stz_pyramid *p, const uint8_t *luma, ptrdiff_t stride)
{
    reduce_luma(p, luma, stride);
    pad(&p->level[0]);
    for (int i = 1; i < p->count; i++) {
        reduce_plane(&p->level[i - 1], &p->level[i]);
        pad(&p->level[i]);
    }
}
