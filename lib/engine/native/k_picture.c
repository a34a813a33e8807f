/* The picture's side of the first and last layer: 8-bit or float samples, pixel (un)shuffle. */
#include "engine/native/k_internal.h"
#include "engine/native/wino.h"

#define ROW_SAMPLES (2 * 9 * 3) /* of the widest window */

static const uint8_t *sample_at(const stz_view *view, int y, int x)
{
    const size_t size = view->elem == STZ_U8 ? 1 : sizeof(float);
    return (const uint8_t *)view->data + y * view->stride + (size_t)x * 3 * size;
}

/* count samples from pixel (y, x) on, as floats. Reads nothing past the last one. */
static void read_samples(const stz_conv_run *r, int y, int x, int count, float *dst)
{
    const stz_view *in = &r->picture_in;
    const float mul = in->elem == STZ_U8 ? r->in_mul / 255.f : r->in_mul;
    const vf mv = bc(mul), add = bc(r->in_add);
    const uint8_t *p = sample_at(in, y, x);
    int i = 0;
    if (in->elem == STZ_U8) {
        for (; i + STZ_LANES <= count; i += STZ_LANES)
            st(dst + i, fma_(ld_u8(p + i), mv, add));
        for (; i < count; i++)
            dst[i] = (float)p[i] * mul + r->in_add;
    } else {
        const float *f = (const float *)p;
        for (; i + STZ_LANES <= count; i += STZ_LANES)
            st(dst + i, fma_(ld(f + i), mv, add));
        for (; i < count; i++)
            dst[i] = f[i] * mul + r->in_add;
    }
}

void K(fetch_window)(const stz_conv_run *r, int y0, int x0, int rows, int cols, float *window)
{
    const stz_conv *c = r->conv;
    const int f = c->unshuffle, samples = 3 * f;
    const bool inside = x0 >= 0 && x0 + cols <= c->in.width;
    float line[2][ROW_SAMPLES];
    for (int y = 0; y < rows; y++) {
        const int sy = reflect(y0 + y, c->in.height) * f;
        for (int dy = 0; dy < f; dy++) {
            if (inside) {
                read_samples(r, sy + dy, x0 * f, cols * samples, line[dy]);
                continue;
            }
            const int left = stz_clamp(-x0, 0, cols), right = stz_clamp(c->in.width - x0, left, cols);
            for (int x = 0; x < cols; x++)
                if (x < left || x >= right)
                    read_samples(r, sy + dy, reflect(x0 + x, c->in.width) * f, samples,
                                 line[dy] + x * samples);
            if (right > left)
                read_samples(r, sy + dy, (x0 + left) * f, (right - left) * samples,
                             line[dy] + left * samples);
        }
        float *d = window + (ptrdiff_t)y * cols * STZ_PICTURE_PIX;
        if (f == 2) {
            for (int x = 0; x < cols; x++, d += STZ_PICTURE_PIX) {
                memcpy(d, line[0] + x * 6, 24);
                memcpy(d + 6, line[1] + x * 6, 24);
                memset(d + 12, 0, 16);
            }
        } else {
            for (int x = 0; x < cols; x++, d += STZ_PICTURE_PIX) {
                memset(d, 0, STZ_PICTURE_PIX * sizeof *d);
                memcpy(d, line[0] + x * 3, 12);
            }
        }
    }
}

void K(fetch_row)(const stz_conv_run *r, int y, int x0, int count, float *dst)
{
    const int width = r->conv->in.width, sy = reflect(y, r->conv->in.height);
    const int left = stz_clamp(-x0, 0, count), right = stz_clamp(width - x0, left, count);
    if (r->conv->adjoint) { /* no gradient beyond the border */
        memset(dst, 0, sizeof *dst * 3 * (size_t)count);
        if (y >= 0 && y < r->conv->in.height)
            read_samples(r, y, x0 + left, (right - left) * 3, dst + left * 3);
        return;
    }
    for (int x = 0; x < left; x++)
        read_samples(r, sy, reflect(x0 + x, width), 3, dst + x * 3);
    read_samples(r, sy, x0 + left, (right - left) * 3, dst + left * 3);
    for (int x = right; x < count; x++)
        read_samples(r, sy, reflect(x0 + x, width), 3, dst + x * 3);
}

/* Value of a sample that leaves: sigmoid or clamp, 8-bit ones from 0 to 255. */
INLINE vf finish(const stz_conv_run *r, const bool u8, vf y)
{
    if (r->sigmoid)
        y = sigmoid(y);
    y = vmin(vmax(y, bc(r->out_low)), bc(r->out_high));
    return u8 ? vmin(vmax(y * bc(255.f), zero()), bc(255.f)) : y;
}

/* Writes the columns of one vector, column `first` on, of conv pixel (y, x). With a shuffle columns 0 to
 * 5 are the two pixels above, 8 to 13 those below. */
INLINE void put(const stz_conv *c, const stz_view *out, const bool u8, int y, int x, int first, vf value)
{
    const size_t size = u8 ? 1 : sizeof(float);
    uint8_t lane[STZ_LANES * sizeof(float)];
    if (u8)
        st_u8(lane, value);
    else
        st((float *)(void *)lane, value);
    if (c->shuffle == 1) {
        if (first == 0)
            memcpy((uint8_t *)out->data + y * out->stride + (size_t)x * 3 * size, lane, 3 * size);
        return;
    }
    const int group = STZ_LANES < 8 ? STZ_LANES : 8;
    for (int g = 0; g < STZ_LANES / group; g++) {
        const int column = first + g * 8, dy = column / 8, at = column % 8;
        uint8_t *d = (uint8_t *)out->data + (2 * y + dy) * out->stride + ((size_t)x * 6 + (size_t)at) * size;
        memcpy(d, lane + (size_t)(g * 8) * size, (size_t)(group == 8 ? 6 : at ? 2 : 4) * size);
    }
}

INLINE void picture_tiles(const stz_conv_run *r, const bool u8, const int n, const int m, int t0, int count,
                          const float *mm, int block)
{
    const stz_conv *c = r->conv;
    int ty = t0 / c->tiles_x, tx = t0 % c->tiles_x;
    for (int t = 0; t < count; t++) {
        const int rows = stz_min(m, c->out_height - ty * m), cols = stz_min(m, c->out_width - tx * m);
        for (int v = 0; v < c->vectors; v++) {
            const int first = (block * c->vectors + v) * STZ_LANES;
            const float *mt = mm + ((ptrdiff_t)t * c->vectors + v) * STZ_LANES;
            const vf bias = ld(r->bias + first);
            vf tmp[6][8];
            for (int j = 0; j < n; j++) {
                vf d[8];
                UNROLL(8)
                for (int i = 0; i < n; i++)
                    d[i] = ld(mt + (i * n + j) * c->m_panel);
                at(n, d);
                UNROLL(6)
                for (int i = 0; i < m; i++)
                    tmp[i][j] = d[i];
            }
            for (int i = 0; i < rows; i++) {
                at(n, tmp[i]);
                for (int j = 0; j < cols; j++)
                    put(c, r->picture_out, u8, ty * m + i, tx * m + j, first,
                        finish(r, u8, tmp[i][j] + bias));
            }
        }
        if (++tx == c->tiles_x) {
            tx = 0;
            ty++;
        }
    }
}

#define CASES(n, m)                                                                                          \
    static void tiles_##n(const stz_conv_run *r, int t0, int count, const float *mm, int block)              \
    {                                                                                                        \
        if (r->picture_out->elem == STZ_U8)                                                                  \
            picture_tiles(r, true, n, m, t0, count, mm, block);                                              \
        else                                                                                                 \
            picture_tiles(r, false, n, m, t0, count, mm, block);                                             \
    }
CASES(6, 4)
CASES(8, 6)

void K(output_picture)(const stz_conv_run *r, int t0, int count, const float *m, int block)
{
    if (r->conv->n == 8)
        tiles_8(r, t0, count, m, block);
    else
        tiles_6(r, t0, count, m, block);
}

void K(store_row)(const stz_conv_run *r, int y, int x, const float *values, int count)
{
    const stz_view *out = r->picture_out;
    const bool u8 = out->elem == STZ_U8;
    uint8_t *d = (uint8_t *)out->data + y * out->stride + (size_t)x * 3 * (u8 ? 1 : sizeof(float));
    uint8_t lane[STZ_LANES * sizeof(float)];
    for (int i = 0; i < count; i += STZ_LANES) {
        const int n = stz_min(STZ_LANES, count - i);
        const vf v = finish(r, u8, ld(values + i));
        if (u8)
            st_u8(lane, v);
        else
            st((float *)(void *)lane, v);
        const size_t size = u8 ? 1 : sizeof(float);
        if (n == STZ_LANES)
            memcpy(d + (size_t)i * size, lane, STZ_LANES * size);
        else
            memcpy(d + (size_t)i * size, lane, (size_t)n * size);
    }
}
