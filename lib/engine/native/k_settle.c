/* Gradients settle: see stz_settle. */
#include "engine/native/k_internal.h"

/* Row y of plane k of g. */
static float *row_of(const stz_settle *s, int k, int y)
{
    return s->g + k * s->g_layout.plane + y * s->g_layout.row;
}

static void add_floats(float *to, const float *from, int count)
{
    int i = 0;
    for (; i + STZ_LANES <= count; i += STZ_LANES)
        st(to + i, ld(to + i) + ld(from + i));
    for (; i < count; i++)
        to[i] += from[i];
}

/* Adds to row y of plane k what mirrors it beyond the border: whole rows, then pixels left and right. */
static void fold_row(const stz_settle *s, int k, int y)
{
    const int block = s->g_layout.block, height = s->g_layout.height, width = s->g_layout.width;
    const int border = s->border;
    float *row = row_of(s, k, y);
    if (y <= border || y >= height - 1 - border)
        for (int b = 1; b <= border; b++) {
            const ptrdiff_t start = -(ptrdiff_t)border * block;
            if (reflect(-b, height) == y)
                add_floats(row + start, row_of(s, k, -b) + start, (width + 2 * border) * block);
            if (reflect(height - 1 + b, height) == y)
                add_floats(row + start, row_of(s, k, height - 1 + b) + start, (width + 2 * border) * block);
        }
    for (int b = 1; b <= border; b++) {
        add_floats(row + (ptrdiff_t)reflect(-b, width) * block, row - (ptrdiff_t)b * block, block);
        add_floats(row + (ptrdiff_t)reflect(width - 1 + b, width) * block,
                   row + (ptrdiff_t)(width - 1 + b) * block, block);
    }
}

/* Row y of the result from g, whose pixels may be wider, or twice as many. The last vector of a pixel may
 * reach into the next one, which is written after it; but the next row may be another item's. */
static void repack_row(const stz_settle *s, int y)
{
    const int wide = s->g_layout.block, block = s->layout.block, f = s->upsample;
    for (int k = 0; k < s->planes; k++) {
        const float *g = s->g + y * f * s->g_layout.row;
        float *out = s->out + k * s->layout.plane + y * s->layout.row;
        for (int x = 0; x < s->width; x++, out += block)
            for (int i = 0; i < block; i += STZ_LANES) {
                const int channel = k * block + i;
                const float *p =
                    g + channel / wide * s->g_layout.plane + channel % wide + (ptrdiff_t)x * f * wide;
                vf v = ld(p);
                if (f == 2)
                    v = v + ld(p + wide) + (ld(p + s->g_layout.row) + ld(p + s->g_layout.row + wide));
                if (i + STZ_LANES <= block || x + 1 < s->width) {
                    st(out + i, v);
                    continue;
                }
                float lanes[STZ_LANES];
                st(lanes, v);
                memcpy(out + i, lanes, sizeof *out * (size_t)(block - i));
            }
    }
}

/* One vector of each unit of a row: the rest of the work. sums: of the item. */
INLINE void settle_lane(const stz_settle *s, const bool add, const bool mask, const bool base, int k, int y,
                        int l, float *sums)
{
    const ptrdiff_t row = s->out ? s->layout.row : s->g_layout.row;
    const ptrdiff_t plane = s->out ? s->layout.plane : s->g_layout.plane;
    float *g = (s->out ? s->out : s->g) + k * plane + y * row + l;
    const float *other = add ? s->add + k * s->add_plane + y * s->add_row + l : g;
    const float *x = s->x ? s->x + k * s->layout.plane + y * s->layout.row + l : g;
    const float *b = base ? s->base + k * s->base_layout.plane + y * s->base_layout.row + l : g;
    const int at = k * s->unit + l, steps = s->width * s->layout.block / s->unit;
    const vf low = bc(s->low);
    const vf scale = s->x ? ld(s->scale + at) : zero(), shift = s->x ? ld(s->shift + at) : zero();
    const vf mean = s->records ? ld(s->mean + at) : zero();
    vf sum = zero(), product = zero();
    for (int i = 0; i < steps; i++) {
        const ptrdiff_t o = (ptrdiff_t)i * s->unit;
        vf v = ld(g + o);
        if (add)
            v = v + ld(other + o);
        if (!s->x) {
            st(g + o, v);
            continue;
        }
        const vf t = ld(x + o);
        vf in = fma_(t, scale, shift);
        if (base)
            in = in + ld(b + o);
        const vf passed = where_above(in, low, v);
        if (mask)
            v = passed;
        if (add || mask)
            st(g + o, v);
        sum = sum + passed;
        product = fma_(passed, t - mean, product);
    }
    if (!s->records)
        return;
    float *second = sums + s->planes * s->unit + at;
    st(sums + at, ld(sums + at) + sum);
    st(second, ld(second) + product);
}

static void settle_row(const stz_settle *s, int y, float *sums)
{
    for (int k = 0; k < s->planes; k++)
        for (int l = 0; l < s->unit; l += STZ_LANES) {
            if (s->base)
                settle_lane(s, s->add != NULL, s->mask, true, k, y, l, sums);
            else if (s->add)
                settle_lane(s, true, s->mask, false, k, y, l, sums);
            else
                settle_lane(s, false, s->mask, false, k, y, l, sums);
        }
}

void K(settle)(void *arg, int item, void *scratch)
{
    const stz_settle *s = arg;
    const int first = item * s->band, last = stz_min(first + s->band, s->height);
    const size_t count = 2 * (size_t)s->planes * (size_t)s->unit;
    float *sums = s->records ? s->records + (size_t)item * count : NULL;
    const int g_planes = (s->g_layout.channels + s->g_layout.block - 1) / s->g_layout.block;
    if (sums)
        memset(sums, 0, count * sizeof *sums);
    for (int y = first; y < last; y++) {
        for (int i = 0; s->border && i < s->upsample; i++)
            for (int k = 0; k < g_planes; k++)
                fold_row(s, k, y * s->upsample + i);
        if (s->out)
            repack_row(s, y);
        if (s->add || s->x)
            settle_row(s, y, sums);
    }
}
