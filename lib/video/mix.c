#include "video/mix.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of the painting before, at stability 1: the new one must come in, or errors would stay for ever. */
#define MOST 0.92f

void stz_mix_free(stz_mix *m)
{
    free(m->before);
    free(m->next);
    free(m->row);
    free(m->low);
    *m = (stz_mix){0};
}

/* Cubic convolution (Keys 1981); a little sharper than Catmull and Rom's, as a painting is moved many times. */
static void fill_taps(stz_warp_taps *t)
{
    const float a = -0.75f;
    for (int phase = 0; phase < STZ_WARP_PHASES; phase++) {
        const float f = (float)phase / STZ_WARP_PHASES, g = 1 - f;
        float w[STZ_WARP_TAPS] = {a * f * g * g, ((a + 2) * f - (a + 3)) * f * f + 1, 0, a * g * f * f};
        w[2] = 1 - w[0] - w[1] - w[3];
        for (int i = 0; i < 4 * STZ_WARP_TAPS; i++)
            t->across[phase][i] = w[i / 4];
        for (int i = 0; i < 8 * STZ_WARP_TAPS; i++)
            t->down[phase][i] = w[i / 8];
    }
}

static stylize_status reserve(stz_mix *m, const stylize_image *painting, stylize_error *err)
{
    const int width = (int)painting->width, height = (int)painting->height;
    if (m->width == width && m->height == height)
        return STYLIZE_OK;
    stz_mix_free(m);
    /* Two vectors past the last pixel may be read. */
    const size_t numbers = (size_t)width * (size_t)height * 4 + 16, n = (size_t)width;
    m->before = calloc(numbers, sizeof *m->before);
    m->next = calloc(numbers, sizeof *m->next);
    m->row = calloc(5 * n + 16, sizeof *m->row); /* three rows, one of the grid, and `part` */
    m->low = calloc(2 * n, sizeof *m->low);
    if (!m->before || !m->next || !m->row || !m->low) {
        stz_mix_free(m);
        return stz_nomem(err, 2 * numbers * sizeof *m->before);
    }
    m->part = m->row + 3 * n;
    m->between = m->part + n;
    m->high = m->low + n;
    fill_taps(&m->taps);
    m->kernels = stz_video_kernels_get();
    m->width = width;
    m->height = height;
    return STYLIZE_OK;
}

stylize_status stz_mix_begin(stz_mix *m, const stylize_image *painting, stylize_error *err)
{
    m->begun = false;
    const stylize_status status = reserve(m, painting, err);
    if (status != STYLIZE_OK)
        return status;
    const int bytes = stz_bytes_per_pixel(painting->format);
    for (int y = 0; y < m->height; y++) {
        const uint8_t *from = painting->pixels + y * painting->stride;
        int16_t *to = m->before + (size_t)y * (size_t)m->width * 4;
        for (int x = 0; x < m->width; x++, from += bytes, to += 4)
            for (int c = 0; c < 3; c++)
                to[c] = (int16_t)(from[c] * STZ_PAINT_ONE);
    }
    m->begun = true;
    return STYLIZE_OK;
}

/* From a painting's pixels to the grid: the painting may have another size than the frame, or be a part of it. */
typedef struct axis {
    float first, step; /* pixels of the grid */
    int n;
} axis;

static axis axis_of(uint32_t from, uint32_t part, int pixels, int scale, int n)
{
    const float step = (float)part / (float)pixels / (float)scale;
    return (axis){(float)from / (float)scale + 0.5f * step - 0.5f, step, n};
}

/* Returns how far the pixel lies from the grid's `low` towards `high`. */
static float place_of(const axis *a, int x, int *low, int *high)
{
    const float at = fmaxf(a->first + (float)x * a->step, 0);
    *low = stz_min((int)at, a->n - 1);
    *high = stz_min(*low + 1, a->n - 1);
    return at - (float)(int)at;
}

/* Paintings that are mixed differ, so what a share takes of the flicker grows slowly at first. */
static float share_of(float stability)
{
    const float rest = 1 - stability;
    return MOST * (1 - rest * sqrtf(rest));
}

float stz_mix_next(stz_mix *m, const stylize_image *painting, const stz_field *field, float stability)
{
    const int bytes = stz_bytes_per_pixel(painting->format);
    const stz_rect part =
        stz_fit_cover(field->frame_width, field->frame_height, painting->width, painting->height).source;
    const axis across = axis_of(part.x, part.width, m->width, field->scale, field->width);
    const axis down = axis_of(part.y, part.height, m->height, field->scale, field->height);
    for (int x = 0; x < m->width; x++)
        m->part[x] = place_of(&across, x, &m->low[x], &m->high[x]);
    stz_spread spread = {.factor = {1 / across.step, 1 / down.step, share_of(stability)},
                         .grid = field->width,
                         .width = m->width,
                         .between = m->between,
                         .low = m->low,
                         .high = m->high,
                         .across = m->part,
                         .out = m->row};
    double sum = 0;
    for (int y = 0; y < m->height; y++) {
        const uint8_t *now = painting->pixels + y * painting->stride;
        int16_t *out = m->next + (size_t)y * (size_t)m->width * 4;
        int low, high;
        spread.part = place_of(&down, y, &low, &high);
        const float *const planes[3] = {field->u, field->v, field->sure};
        for (int i = 0; i < 3; i++) {
            spread.upper[i] = planes[i] + low * field->row;
            spread.lower[i] = planes[i] + high * field->row;
        }
        sum += m->kernels->spread(&spread);
        const stz_warp w = {&m->taps, m->before, m->width, m->height,         now,
                            bytes,    out,       m->row,   m->row + m->width, m->row + 2 * m->width,
                            y};
        m->kernels->warp(&w);
    }
    for (int y = 0; y < m->height; y++) {
        const stz_show s = {m->next, m->width, m->height, painting->pixels + y * painting->stride, bytes, y};
        m->kernels->show(&s);
    }
    int16_t *used = m->before;
    m->before = m->next;
    m->next = used;
    return (float)(sum / ((double)m->width * m->height));
}
