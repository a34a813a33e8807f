#include "engine/native/means.h"

typedef struct means {
    const stz_view *from, *to;
    int shrink;
} means;

/* Adds a row of samples to the sums of a row of means. */
static void add_row(const stz_view *from, int y, int shrink, float mul, int width, float *to)
{
    const uint8_t *row = (const uint8_t *)from->data + y * from->stride;
    const float *floats = (const float *)(const void *)row;
    for (int x = 0; x < width; x++, to += 3)
        for (int dx = 0; dx < shrink; dx++)
            for (int c = 0; c < 3; c++) {
                const ptrdiff_t at = ((ptrdiff_t)x * shrink + dx) * 3 + c;
                to[c] += mul * (from->elem == STZ_U8 ? (float)row[at] : floats[at]);
            }
}

static void mean_row(void *arg, int y, void *scratch)
{
    const means *m = arg;
    float *to = (float *)(void *)((uint8_t *)m->to->data + y * m->to->stride);
    const float size = (float)(m->shrink * m->shrink),
                mul = 1 / (m->from->elem == STZ_U8 ? 255 * size : size);
    for (int i = 0; i < 3 * m->to->width; i++)
        to[i] = 0;
    for (int dy = 0; dy < m->shrink; dy++)
        add_row(m->from, y * m->shrink + dy, m->shrink, mul, m->to->width, to);
}

void stz_means(const stz_view *from, int shrink, const stz_view *to, stz_team *team)
{
    means m = {from, to, shrink};
    stz_team_run(team, mean_row, &m, to->height);
}

void stz_picture_gradient_row(void *gradient, int y, void *scratch)
{
    const stz_picture_gradient *g = gradient;
    const int f = g->unshuffle, s = g->shrink, step = 3 * f * s;
    const ptrdiff_t row = (ptrdiff_t)g->layout.width * step;
    for (int n = 0; n < f * f * 3; n++) {
        const int c = n / (f * f), dy = n / f % f, dx = n % f;
        const float *from = g->from + stz_channel_offset(&g->layout, n) + y * g->layout.row;
        for (int k = 0; k < s * s; k++) {
            float *to = g->to + (((ptrdiff_t)y * s + k / s) * f + dy) * row + (k % s * f + dx) * 3 + c;
            for (int x = 0; x < g->layout.width; x++) {
                const float v = from[(ptrdiff_t)x * g->layout.block] * g->mul;
                to[(ptrdiff_t)x * step] = g->add ? to[(ptrdiff_t)x * step] + v : v;
            }
        }
    }
}

void stz_spread_row(void *spread, int y, void *scratch)
{
    const stz_spread *s = spread;
    const ptrdiff_t block = s->to.block;
    for (int k = 0; k < stz_padded_channels(&s->to) / s->to.block; k++) {
        const float *from = s->means + k * s->from.plane + y / 2 * s->from.row;
        float *to = s->map + k * s->to.plane + y * s->to.row;
        for (int x = 0; x < s->to.width; x++, to += block)
            for (ptrdiff_t n = 0; n < block; n++)
                to[n] = from[x / 2 * block + n] * .25f;
    }
}
