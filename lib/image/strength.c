/*
 * How strong a painting may be: so strong that enough of the content's structure stays. Pictures of much
 * fine structure, and styles of broad marks, lose it; they get less than their full strength. docs/quality.md
 * says how KEPT was chosen.
 */
#include "image/strength.h"

#define SIDE  384 /* longer side of what is looked at: structure is what is seen at this size */
#define BLOCK 8
#define STEP  4
#define KEPT  0.45 /* mean structural similarity (Wang et al. 2004) of content and result */

/* Means, variances and covariance of the brightness of a block: all that a mean of both pictures needs. */
typedef struct moments {
    double c, p, cc, pp, cp;
} moments;

static moments moments_of(const stylize_image *content, const stylize_image *painted, uint32_t x0,
                          uint32_t y0)
{
    const int from = stz_bytes_per_pixel(content->format);
    int64_t c = 0, p = 0, cc = 0, pp = 0, cp = 0; /* exact, in any order */
    for (uint32_t y = y0; y < y0 + BLOCK; y++)
        for (uint32_t x = x0; x < x0 + BLOCK; x++) {
            const int a = stz_luma(content->pixels + y * content->stride + x * (uint32_t)from);
            const int b = stz_luma(painted->pixels + y * painted->stride + x * 3);
            c += a, p += b, cc += a * a, pp += b * b, cp += a * b;
        }
    const double n = BLOCK * BLOCK;
    const double mc = (double)c / n, mp = (double)p / n;
    return (moments){mc, mp, (double)cc / n - mc * mc, (double)pp / n - mp * mp, (double)cp / n - mc * mp};
}

/* Similarity to the content of content + strength * (painted - content), mean over all blocks. */
static double similarity(const moments *m, size_t count, double strength)
{
    const double s = strength, r = 1 - s, c1 = 6.5025, c2 = 58.5225;
    double sum = 0;
    for (size_t i = 0; i < count; i++, m++) {
        const double mean = r * m->c + s * m->p;
        const double var = r * r * m->cc + 2 * r * s * m->cp + s * s * m->pp;
        const double cov = r * m->cc + s * m->cp;
        sum +=
            (2 * m->c * mean + c1) * (2 * cov + c2) / ((m->c * m->c + mean * mean + c1) * (m->cc + var + c2));
    }
    return sum / (double)count;
}

static double search(const moments *m, size_t count)
{
    double low = 0, high = 1;
    if (similarity(m, count, 1) >= KEPT)
        return 1;
    for (int i = 0; i < 14; i++) { /* to a 16384th, which is what the blend knows */
        const double middle = (low + high) / 2;
        *(similarity(m, count, middle) >= KEPT ? &low : &high) = middle;
    }
    return low;
}

static stylize_status small_copy(const stylize_image *in, stz_pool *pool, stylize_image *out,
                                 stylize_error *err)
{
    const uint32_t longer = in->width > in->height ? in->width : in->height;
    const stz_fit fit = stz_fit_longer(in->width, in->height, longer > SIDE ? SIDE : 0);
    const uint32_t w = fit.width < BLOCK ? BLOCK : fit.width, h = fit.height < BLOCK ? BLOCK : fit.height;
    return stz_resize(in, fit.source, w, h, pool, out, err);
}

stylize_status stz_strength_choose(const stylize_image *content, const stylize_image *painted, stz_pool *pool,
                                   float *strength, stylize_error *err)
{
    stylize_image c = {0}, p = {0};
    stz_buf *buf = NULL;
    stylize_status status = small_copy(content, pool, &c, err);
    if (status == STYLIZE_OK)
        status = small_copy(painted, pool, &p, err);
    if (status != STYLIZE_OK)
        goto done;
    const size_t columns = (c.width - BLOCK) / STEP + 1, rows = (c.height - BLOCK) / STEP + 1;
    buf = stz_pool_get(pool, STZ_MEM_SCRATCH, columns * rows * sizeof(moments));
    if (!buf) {
        status = stz_nomem(err, columns * rows * sizeof(moments));
        goto done;
    }
    moments *all = (moments *)(void *)buf->data;
    for (size_t i = 0; i < columns * rows; i++)
        all[i] = moments_of(&c, &p, (uint32_t)(i % columns) * STEP, (uint32_t)(i / columns) * STEP);
    *strength = (float)search(all, columns * rows);
done:
    stz_buf_unref(buf);
    stylize_image_free(&p);
    stylize_image_free(&c);
    return status;
}
