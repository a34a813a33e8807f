#include "job/refine.h"

#include <math.h>
#include <string.h>

#include "image/canvas.h"
#include "image/deep.h"
#include "job/picture.h"
#include "job/way.h"

#define SOFT 2.0  /* scaled up by more than this a painting is refined */
#define OVER 0.5f /* how strongly it is painted over */

static double growth(const stz_job *job) { return (double)job->content.width / job->work.width; }

bool stz_refines(const stz_job *job) { return !job->net->model->optimizes && growth(job) > SOFT * 1.01; }

static inline int sample(const uint8_t *p, int i, bool deep)
{
    uint16_t v;
    if (!deep)
        return p[i];
    memcpy(&v, p + 2 * i, sizeof v);
    return v;
}

/* BT.601, in 256ths. */
static inline int luminance(const uint8_t *p, bool deep)
{
    return 77 * sample(p, 0, deep) + 150 * sample(p, 1, deep) + 29 * sample(p, 2, deep);
}

static inline void brighten(uint8_t *p, int by, bool deep)
{
    for (int i = 0; i < 3; i++) {
        const int v = stz_clamp(sample(p, i, deep) + by, 0, deep ? 65535 : 255);
        if (deep)
            memcpy(p + 2 * i, &(uint16_t){(uint16_t)v}, 2);
        else
            p[i] = (uint8_t)v;
    }
}

/* A row of n pixels, of so many bytes each. */
static inline void row_detail(const uint8_t *fine, int fine_bytes, const uint8_t *coarse, int coarse_bytes,
                              uint8_t *painting, uint32_t n, bool deep)
{
    for (uint32_t x = 0; x < n; x++, fine += fine_bytes, coarse += coarse_bytes, painting += deep ? 6 : 3)
        brighten(painting, (luminance(fine, deep) - luminance(coarse, deep)) / 256, deep);
}

/* What the photograph has at this size and the smaller one `coarse`, scaled up, has not. Only light and dark: the colours
 * are the painting's. */
static void add_detail(const stylize_image *fine, const stylize_image *coarse, const stylize_image *painting)
{
    const int fb = stz_bytes_per_pixel(fine->format), cb = stz_bytes_per_pixel(coarse->format);
    for (uint32_t y = 0; y < painting->height; y++) {
        const uint8_t *f = fine->pixels + y * fine->stride, *c = coarse->pixels + y * coarse->stride;
        uint8_t *p = painting->pixels + y * painting->stride;
        if (stz_is_deep(painting->format))
            row_detail(f, fb, c, cb, p, painting->width, true);
        else
            row_detail(f, fb, c, cb, p, painting->width, false);
    }
}

/* The painting so far, scaled up, with the detail between the photograph `before` and that of this size. */
static stylize_status prime(const stz_env *env, const stylize_image *painted, const stylize_image *before,
                            const stylize_image *photo, stylize_image *out, stylize_error *err)
{
    stylize_image soft;
    stylize_status status = stz_resize_whole(painted, photo->width, photo->height, env->pool, out, err);
    if (status == STYLIZE_OK) {
        status = stz_resize_whole(before, photo->width, photo->height, env->pool, &soft, err);
        if (status == STYLIZE_OK) {
            add_detail(photo, &soft, out);
            stylize_image_free(&soft);
        } else {
            stylize_image_free(out);
        }
    }
    return status;
}

/* Paints `primed` over by half; it is then job->painted. */
static stylize_status paint_over(const stz_env *env, stz_job *job, const stylize_image *primed,
                                 const stz_layer *layer, const float *code, const stz_exec *exec,
                                 stylize_error *err)
{
    stylize_image_free(&job->painted);
    stylize_status status =
        stz_image_alloc(env->pool, primed->width, primed->height, primed->format, &job->painted, err);
    if (status != STYLIZE_OK)
        return status;
    job->work = *primed;
    job->work.owner = NULL;
    stz_way_each(job);
    status = stz_paint_picture(env, job, job->each, layer, code, exec, err);
    if (status != STYLIZE_OK)
        return status;
    if (job->deep)
        stz_blend_deep(primed, &job->painted, OVER, 0);
    else
        stz_blend_rgb(primed->pixels, primed->stride, 3, job->painted.pixels, job->painted.stride,
                      (int)primed->width, (int)primed->height, OVER, 0);
    return STYLIZE_OK;
}

/* One size on the way. photo: that of it, `before` that of the size before. */
static stylize_status step(const stz_env *env, stz_job *job, const stylize_image *before,
                           const stylize_image *photo, const stz_layer *layer, const float *code,
                           const stz_exec *exec, stylize_error *err)
{
    stylize_image primed;
    stylize_status status = prime(env, &job->painted, before, photo, &primed, err);
    if (status == STYLIZE_OK) {
        status = paint_over(env, job, &primed, layer, code, exec, err);
        stylize_image_free(&primed);
    }
    return status;
}

static stylize_status climb(const stz_env *env, stz_job *job, const stz_layer *layer, const float *code,
                            const stz_exec *exec, stylize_error *err)
{
    const stylize_image first = job->work;
    const int steps = (int)lround(log2(growth(job)));
    const double factor = pow(growth(job), 1.0 / steps); /* of each size to the one before */
    stylize_image before = first, photo = {0};
    stylize_status status = STYLIZE_OK;
    before.owner = NULL; /* the job's */
    for (int i = 1; i <= steps && status == STYLIZE_OK; i++) {
        const double grown = pow(factor, i), left = pow(factor, i - steps);
        if (i == steps) {
            photo = job->content;
            photo.owner = NULL;
        } else {
            status = stz_resize_whole(&job->content, (uint32_t)lround(first.width * grown),
                                      (uint32_t)lround(first.height * grown), env->pool, &photo, err);
        }
        /* The last size is most of the work. */
        job->pass_from = (float)(left * left / (factor * factor));
        job->pass_share = (float)(left * left) - job->pass_from;
        if (status == STYLIZE_OK)
            status = step(env, job, &before, &photo, layer, code, exec, err);
        stylize_image_free(&before);
        before = photo;
    }
    stylize_image_free(&before);
    job->work = first;
    job->pass_from = job->pass_share = 0;
    stz_way_each(job);
    return status;
}

stylize_status stz_paint_refined(const stz_env *env, stz_job *job, const stz_layer *layer, const float *code,
                                 const stz_exec *exec, stylize_error *err)
{
    job->pass_share = (float)pow(growth(job), -2);
    const stylize_status status = stz_paint_picture(env, job, job->each, layer, code, exec, err);
    return status == STYLIZE_OK ? climb(env, job, layer, code, exec, err) : status;
}
