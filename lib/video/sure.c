/* How far the flow of each pixel can be relied on. */
#include "video/flow.h"

#include <math.h>

/* Strict where it is seen, in brightness; generous with the motion itself: on what is smooth it is vague, and no harm. */
#define AGREE_PART  0.03f /* forth and back may differ by this part of their squared lengths */
#define AGREE_LEAST 3.0f  /* and this, squared pixels of the grid */
#define EDGE_PART   0.1f  /* the same of the squared slope of the flow, where objects pass each other */
#define EDGE_LEAST  0.3f
#define LEVELS_SURE 6.0f /* difference of brightness that leaves a pixel sure */
#define LEVELS_LOST 18.0f
#define SLANT_PART  0.2f

static float square(float x) { return x * x; }

/* 1 up to `low`, 0 from `high` on. */
static float fall(float x, float low, float high)
{
    return x <= low ? 1 : x >= high ? 0 : (high - x) / (high - low);
}

static float at(const float *p, ptrdiff_t row, float fx, float fy)
{
    const float upper = p[0] + fx * (p[1] - p[0]), lower = p[row] + fx * (p[row + 1] - p[row]);
    return upper + fy * (lower - upper);
}

static float edge(const stz_field *f, int x, int y)
{
    const int left = stz_max(x - 1, 0), right = stz_min(x + 1, f->width - 1);
    const int up = stz_max(y - 1, 0), down = stz_min(y + 1, f->height - 1);
    const float *u = f->u, *v = f->v;
    const ptrdiff_t row = f->row;
    return (square(u[y * row + right] - u[y * row + left]) + square(v[y * row + right] - v[y * row + left]) +
            square(u[down * row + x] - u[up * row + x]) + square(v[down * row + x] - v[up * row + x])) *
           0.25f;
}

/* One pixel; *levels: by how much its brightness differs from where it came from. */
static float sure_at(const stz_field *back, const stz_field *forth, const stz_plane *now,
                     const stz_plane *before, int x, int y, float *levels)
{
    const ptrdiff_t n = y * back->row + x;
    const float u = back->u[n], v = back->v[n];
    const float fx = (float)x + u, fy = (float)y + v;
    *levels = 255;
    if (!(fx >= 0 && fy >= 0 && fx <= (float)(back->width - 1) && fy <= (float)(back->height - 1)))
        return 0;
    const int ix = stz_min((int)fx, stz_max(back->width - 2, 0)),
              iy = stz_min((int)fy, stz_max(back->height - 2, 0));
    const ptrdiff_t from = iy * forth->row + ix;
    const float px = fx - (float)ix, py = fy - (float)iy;
    const float there_u = at(forth->u + from, forth->row, px, py),
                there_v = at(forth->v + from, forth->row, px, py);
    /* A small part of a pixel's error is as good as none, and moves brightness by as much of the slope. */
    const float *here = now->at + y * now->row + x;
    const float slant = fabsf(here[1] - here[-1]) + fabsf(here[now->row] - here[-now->row]);
    const float difference = fabsf(at(before->at + iy * before->row + ix, before->row, px, py) - here[0]);
    *levels = fmaxf(0, difference - SLANT_PART * slant);
    const float length = square(u) + square(v);
    const float apart = square(u + there_u) + square(v + there_v);
    const float allowed = AGREE_PART * (length + square(there_u) + square(there_v)) + AGREE_LEAST;
    const float slope = edge(back, x, y), gentle = EDGE_PART * length + EDGE_LEAST;
    return fall(apart, allowed, 3 * allowed) * fall(slope, gentle, 3 * gentle);
}

/* Brightness is judged by the mean over 3x3 pixels: noise of one says nothing. */
static float mean_levels(const float *levels, int width, int height, ptrdiff_t row, int x, int y)
{
    float sum = 0;
    for (int dy = -1; dy <= 1; dy++)
        for (int dx = -1; dx <= 1; dx++)
            sum += levels[stz_clamp(y + dy, 0, height - 1) * row + stz_clamp(x + dx, 0, width - 1)];
    return sum / 9;
}

void stz_sure(stz_field *back, const stz_field *forth, const stz_plane *now, const stz_plane *before,
              float *scratch)
{
    for (int y = 0; y < back->height; y++)
        for (int x = 0; x < back->width; x++)
            back->sure[y * back->row + x] =
                sure_at(back, forth, now, before, x, y, &scratch[y * back->row + x]);
    double sum = 0;
    for (int y = 0; y < back->height; y++)
        for (int x = 0; x < back->width; x++) {
            float *sure = &back->sure[y * back->row + x];
            *sure *= fall(mean_levels(scratch, back->width, back->height, back->row, x, y), LEVELS_SURE,
                          LEVELS_LOST);
            sum += (double)*sure;
        }
    back->mean = (float)(sum / ((double)back->width * back->height));
}
