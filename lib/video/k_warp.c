/* The painting before, moved along, and mixed with the new one. */
#include "video/kernels.h"

#include <math.h>

#include "video/lanes.h"

#define TAPS       STZ_WARP_TAPS
#define HALF_SHARP 20 /* levels that paintings are apart where half of the sharpening is due */

typedef float v4 __attribute__((vector_size(16)));
typedef int32_t i4 __attribute__((vector_size(16)));
typedef int16_t s4 __attribute__((vector_size(8)));

INLINE v4 halves(v8 v)
{
    v4 half[2];
    memcpy(half, &v, sizeof half);
    return half[0] + half[1];
}

/* Two pixels of the painting lie in a vector; its halves are added in the end. */
INLINE v4 moved_inside(const stz_warp *w, int ix, int iy, const float *wx, const float *wy)
{
    const ptrdiff_t row = (ptrdiff_t)w->width * 4;
    const int16_t *p = w->before + (iy - 1) * row + (ptrdiff_t)(ix - 1) * 4;
    v8 left = bc8(0), right = left;
    for (int i = 0; i < TAPS; i++, p += row) {
        const v8 down = ld8(wy + 8 * i);
        left += ld_s8(p) * down;
        right += ld_s8(p + 8) * down;
    }
    return halves(left * ld8(wx) + right * ld8(wx + 8));
}

INLINE int held(int i, int n) { return i < 0 ? 0 : i < n ? i : n - 1; }

static v4 moved_at_edge(const stz_warp *w, int ix, int iy, const float *wx, const float *wy)
{
    v4 sum = {0, 0, 0, 0};
    for (int i = 0; i < TAPS; i++)
        for (int j = 0; j < TAPS; j++) {
            const int x = held(ix - 1 + j, w->width), y = held(iy - 1 + i, w->height);
            const int16_t *p = w->before + ((ptrdiff_t)y * w->width + x) * 4;
            for (int c = 0; c < 3; c++)
                sum[c] += (float)p[c] * wx[4 * j] * wy[8 * i];
        }
    return sum;
}

INLINE int floor_of(float x)
{
    const int i = (int)x;
    return i - (x < (float)i);
}

INLINE v4 moved(const stz_warp *w, float x, float y)
{
    const int px = floor_of(x * STZ_WARP_PHASES + 0.5f), py = floor_of(y * STZ_WARP_PHASES + 0.5f);
    const int ix = px >> STZ_WARP_BITS, iy = py >> STZ_WARP_BITS;
    const float *wx = w->taps->across[px & (STZ_WARP_PHASES - 1)],
                *wy = w->taps->down[py & (STZ_WARP_PHASES - 1)];
    if (ix >= 1 && iy >= 1 && ix + 2 < w->width && iy + 2 < w->height)
        return moved_inside(w, ix, iy, wx, wy);
    return moved_at_edge(w, held(ix, w->width), held(iy, w->height), wx, wy);
}

INLINE v4 held_levels(v4 v)
{
    const v4 most = {255 * STZ_PAINT_ONE, 255 * STZ_PAINT_ONE, 255 * STZ_PAINT_ONE, STZ_SHARE_ONE};
    const i4 above = v > most, below = v < (v4){0, 0, 0, 0};
    return (v4)(~below & ((above & (i4)most) | (~above & (i4)v)));
}

void K(video_warp)(const stz_warp *w)
{
    for (int x = 0; x < w->width; x++) {
        const uint8_t *now = w->now + (ptrdiff_t)x * w->bytes;
        const float share = w->share[x];
        v4 mixed = {(float)now[0], (float)now[1], (float)now[2], 0};
        mixed *= (v4){STZ_PAINT_ONE, STZ_PAINT_ONE, STZ_PAINT_ONE, 0};
        float sharpen = 0;
        if (share > 0) {
            const v4 apart = moved(w, (float)x + w->u[x], (float)w->y + w->v[x]) - mixed;
            const float levels = fabsf(apart[0]) + fabsf(apart[1]) + fabsf(apart[2]);
            mixed += (v4){share, share, share, share} * apart;
            sharpen = share * levels / (levels + HALF_SHARP * 3 * STZ_PAINT_ONE);
        }
        mixed[3] = sharpen * STZ_SHARE_ONE;
        mixed = held_levels(mixed + (v4){0.5f, 0.5f, 0.5f, 0.5f});
        const s4 out = __builtin_convertvector(__builtin_convertvector(mixed, i4), s4);
        memcpy(w->out + (ptrdiff_t)x * 4, &out, sizeof out);
    }
}

/* Rows of the grid are brought together first, so that only one remains to be looked at across. */
double K(video_spread)(const stz_spread *s)
{
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        const float *a = s->upper[i], *b = s->lower[i];
        const v8 part = bc8(s->part * s->factor[i]), rest = bc8((1 - s->part) * s->factor[i]);
        for (int x = 0; x < s->grid; x += 8)
            st8(s->between + x, ld8(a + x) * rest + ld8(b + x) * part);
        float *out = s->out + (ptrdiff_t)i * s->width;
        for (int x = 0; x < s->width; x++) {
            const float low = s->between[s->low[x]], high = s->between[s->high[x]];
            out[x] = low + s->across[x] * (high - low);
        }
    }
    const float *share = s->out + (ptrdiff_t)2 * s->width;
    for (int x = 0; x < s->width; x++)
        sum += (double)share[x];
    return sum;
}

#define SHARPEN 0.3f /* of the difference from the mean of 3x3 pixels, at most */

/* Column sums of the binomial 1 2 1, of two pixels. */
INLINE v8 column(const int16_t *above, const int16_t *here, const int16_t *below, ptrdiff_t at)
{
    const v8 middle = ld_s8(here + at);
    return ld_s8(above + at) + ld_s8(below + at) + middle + middle;
}

INLINE void show_pair(const stz_show *s, const int16_t *const rows[3], int x, ptrdiff_t left, ptrdiff_t right)
{
    const ptrdiff_t at = (ptrdiff_t)x * 4;
    const v8 here = ld_s8(rows[1] + at), middle = column(rows[0], rows[1], rows[2], at);
    const v8 mean = (column(rows[0], rows[1], rows[2], left) + column(rows[0], rows[1], rows[2], right) +
                     middle + middle) *
                    bc8(1.0f / 16);
    const float a = here[3] * (SHARPEN / STZ_SHARE_ONE), b = here[7] * (SHARPEN / STZ_SHARE_ONE);
    const v8 level = bc8(1.0f / STZ_PAINT_ONE);
    const v8 sharp = (here + (here - mean) * (v8){a, a, a, a, b, b, b, b}) * level + bc8(0.5f);
    const i8 bytes = __builtin_convertvector(max8(min8(sharp, bc8(255)), bc8(0)), i8);
    uint8_t *out = s->out + (ptrdiff_t)x * s->bytes;
    for (int c = 0; c < 3; c++)
        out[c] = (uint8_t)bytes[c];
    if (x + 1 < s->width)
        for (int c = 0; c < 3; c++)
            out[s->bytes + c] = (uint8_t)bytes[4 + c];
}

void K(video_show)(const stz_show *s)
{
    const ptrdiff_t row = (ptrdiff_t)s->width * 4;
    const int16_t *here = s->painting + s->y * row;
    const int16_t *const rows[3] = {s->y ? here - row : here, here, s->y + 1 < s->height ? here + row : here};
    for (int x = 0; x < s->width; x += 2) {
        const ptrdiff_t at = (ptrdiff_t)x * 4;
        show_pair(s, rows, x, x ? at - 4 : at, x + 2 < s->width ? at + 4 : at);
    }
}
