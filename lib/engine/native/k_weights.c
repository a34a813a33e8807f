/*
 * Weight transforms: from OIHW to a panel for each transform point, done once when a layer is first
 * used at a tile size. In double precision, a vector of output channels at a time.
 */
#include "engine/native/k_internal.h"
#include "engine/native/wino.h"

typedef double vd __attribute__((vector_size(STZ_LANES * 8)));

/* G[a][k] = a^k / product over the other points b of (a - b), for taps k < r; the last point is infinity. */
void K(weight_matrix)(int n, int r, double g[8][3])
{
    const double *points = stz_wino_points(n);
    for (int i = 0; i < n - 1; i++) {
        double product = 1, power = 1;
        for (int j = 0; j < n - 1; j++)
            if (j != i)
                product *= points[i] - points[j];
        for (int k = 0; k < r; k++, power *= points[i])
            g[i][k] = power / product;
    }
    for (int k = 0; k < r; k++)
        g[n - 1][k] = k == r - 1;
}

/* Rows of the transform of one direction: for each point one filter, or two: the even and odd part of a
 * stride-2 convolution (depth), the even and odd output phase of an upsampled one (columns). */
struct axis {
    int filters[8];
    double g[8][2][3];
};

static void axis_init(const stz_conv *c, struct axis *axis)
{
    double g[8][3];
    const int n = c->n;
    const bool two = c->kind == STZ_CONV_DOWN || c->kind == STZ_CONV_UP || c->kind == STZ_CONV_SPREAD;
    K(weight_matrix)(n, two ? 2 : 3, g);
    *axis = (struct axis){0};
    for (int p = 0; p < n; p++) {
        double(*o)[3] = axis->g[p];
        axis->filters[p] = 1;
        if (c->kind == STZ_CONV_DOWN) { /* even: taps 0 and 2, odd: tap 1, nothing at infinity */
            axis->filters[p] = p < n - 1 ? 2 : 1;
            o[0][0] = g[p][0];
            o[0][2] = g[p][1];
            o[1][1] = g[p][0];
        } else if (c->kind == STZ_CONV_SPREAD) { /* even: w0, w2; odd: w1, 0 */
            axis->filters[p] = 2;
            o[0][0] = g[p][0];
            o[0][2] = g[p][1];
            o[1][1] = g[p][0];
        } else if (c->kind == STZ_CONV_UP) { /* even: w0, w1 + w2; odd: w0 + w1, w2; the same at 1 */
            axis->filters[p] = p == 1 ? 1 : 2;
            o[0][0] = g[p][0];
            o[0][1] = o[0][2] = g[p][1];
            o[1][0] = o[1][1] = g[p][0];
            o[1][2] = g[p][1];
        } else {
            memcpy(o[0], g[p], sizeof g[p]);
        }
    }
}

/* Taps of kernel window (ky, kx), 3x3, of one input channel for a vector of columns. */
static void load_taps(const stz_weight_job *j, int column, int channel, int ky, int kx, vd w[3][3])
{
    const int k = j->kernel;
    for (int l = 0; l < STZ_LANES; l++) {
        const int o = j->column_of[column + l];
        const float *s =
            j->source + ((ptrdiff_t)stz_max(o, 0) * j->in_channels + channel) * k * k + ky * k + kx;
        for (int y = 0; y < 3; y++)
            for (int x = 0; x < 3; x++)
                w[y][x][l] = o < 0 ? 0 : (double)s[y * k + x];
    }
}

/* Where the panels of point p start, in floats from the start of a column block. */
static size_t panel_starts(const stz_conv *c, size_t start[STZ_POINTS])
{
    size_t at = 0;
    for (int p = 0; p < c->points; p++) {
        start[p] = at;
        at += (size_t)c->depth[p] * (size_t)c->panels[p] * (size_t)c->vectors * STZ_LANES;
    }
    return at;
}

static void transform_channel(const stz_weight_job *j, const struct axis *axis, const size_t *start,
                              vd w[3][3], int index, float *out)
{
    const stz_conv *c = j->conv;
    const int width = c->vectors * STZ_LANES, slot = stz_round_up(j->in_channels, STZ_LANES);
    for (int py = 0; py < c->n; py++)
        for (int fy = 0; fy < axis->filters[py]; fy++) {
            const double *gy = axis->g[py][fy];
            vd row[3];
            for (int x = 0; x < 3; x++)
                row[x] = w[0][x] * gy[0] + w[1][x] * gy[1] + w[2][x] * gy[2];
            for (int px = 0; px < c->n; px++)
                for (int fx = 0; fx < axis->filters[px]; fx++) {
                    const int p = py * c->n + px, f = fy * axis->filters[px] + fx;
                    const double *gx = axis->g[px][fx];
                    const vd u = row[0] * gx[0] + row[1] * gx[1] + row[2] * gx[2];
                    const bool phases = c->kind == STZ_CONV_UP || c->kind == STZ_CONV_SPREAD;
                    const size_t k = phases ? (size_t)f * (size_t)c->depth[p] + (size_t)index
                                     : c->kind == STZ_CONV_DOWN ? (size_t)f * (size_t)slot + (size_t)index
                                                                : (size_t)index;
                    st(out + start[p] + k * (size_t)width, __builtin_convertvector(u, vf));
                }
        }
}

/* 9x9 to the picture: [point][shift x][channel][shift y][3], one float at a time: it is small. */
static void last9(const stz_weight_job *j)
{
    double g[8][3];
    const stz_conv *c = j->conv;
    const int n = c->n, channels = j->in_channels;
    K(weight_matrix)(n, 3, g);
    float *out = j->out;
    for (int p = 0; p < n * n; p++)
        for (int sx = 0; sx < 3; sx++)
            for (int ch = 0; ch < channels; ch++)
                for (int sy = 0; sy < 3; sy++)
                    for (int o = 0; o < 3; o++) {
                        const float *s =
                            j->source + ((ptrdiff_t)o * channels + j->channel_of[ch]) * 81 + 27 * sy + 3 * sx;
                        double sum = 0;
                        for (int y = 0; y < 3; y++)
                            for (int x = 0; x < 3; x++)
                                sum += g[p / n][y] * g[p % n][x] * (double)s[y * 9 + x];
                        *out++ = (float)sum;
                    }
}

void K(weights)(const stz_weight_job *j)
{
    const stz_conv *c = j->conv;
    if (c->kind == STZ_CONV_LAST9) {
        last9(j);
        return;
    }
    struct axis axis;
    axis_init(c, &axis);
    size_t start[STZ_POINTS];
    const size_t block_size = panel_starts(c, start);
    const int segments = c->kind == STZ_CONV_FIRST9 ? 3 : 1;
    vd w[3][3];
    for (int block = 0; block < c->blocks; block++)
        for (int v = 0; v < c->vectors; v++)
            for (int s = 0; s < segments * segments; s++)
                for (int ch = 0; ch < j->in_channels; ch++) {
                    load_taps(j, (block * c->vectors + v) * STZ_LANES, j->channel_of[ch], s / segments * 3,
                              s % segments * 3, w);
                    transform_channel(j, &axis, start, w, s * j->in_channels + ch,
                                      j->out + (size_t)block * block_size + (size_t)v * STZ_LANES);
                }
}
