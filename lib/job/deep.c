#include "job/deep.h"

#include <string.h>

#include "image/deep.h"
#include "image/strength.h"

stylize_status stz_deep_check(const stz_job *job, stylize_error *err)
{
    const char *what = job->content_in.memory != STYLIZE_MEMORY_HOST ? "pictures in CUDA memory"
                       : job->req.tiling || job->share               ? "a tiling"
                       : job->target.pixels                          ? "memory of the caller's for the result"
                                                                     : NULL;
    if (!job->deep || !what)
        return STYLIZE_OK;
    return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "output_depth 16 cannot be combined with %s", what);
}

stylize_status stz_deep_content(const stz_env *env, const stz_job *job, const stylize_image *in,
                                stylize_image *own, stylize_error *err)
{
    *own = (stylize_image){0};
    if (stz_is_deep(in->format) == job->deep)
        return STYLIZE_OK;
    return job->deep ? stz_widen(in, env->pool, own, err) : stz_narrow(in, env->pool, own, err);
}

stylize_status stz_deep_apply(const stz_env *env, stz_job *job, stz_rect outer, stz_rect inner,
                              const float *code, const float *stats, const stz_exec *exec, stylize_error *err)
{
    const stz_net *net = job->net;
    const int w = (int)outer.width, h = (int)outer.height;
    const size_t n = (size_t)w * (size_t)h * 3;
    stz_buf *buf = stz_pool_get(env->pool, STZ_MEM_SCRATCH, 2 * n * sizeof(float));
    if (!buf)
        return stz_nomem(err, 2 * n * sizeof(float));
    float *in = (float *)(void *)buf->data, *out = in + n;
    const ptrdiff_t stride = (ptrdiff_t)w * 3 * (ptrdiff_t)sizeof(float);
    stz_extract_deep(&job->work, (int)outer.x, (int)outer.y, w, h, in);
    const stz_apply apply = {
        .in = {in, stride, w, h, STZ_F32}, .out = {out, stride, w, h, STZ_F32}, .code = code, .stats = stats};
    const stylize_status status =
        net->engine->table->apply(net->engine->state, net->net, &apply, 1, exec, err);
    if (status == STYLIZE_OK)
        stz_place_deep(out + ((size_t)(inner.y - outer.y) * outer.width + (inner.x - outer.x)) * 3, w,
                       &job->painted, (int)inner.x, (int)inner.y, (int)inner.width, (int)inner.height);
    stz_buf_unref(buf);
    return status;
}

/* Auto is found by 8 bits: it looks at structure, not at shades. */
static stylize_status choose_strength(const stz_env *env, stz_job *job, stylize_error *err)
{
    stylize_image content = {0}, painted = {0};
    stylize_status status = stz_narrow(&job->content, env->pool, &content, err);
    if (status == STYLIZE_OK)
        status = stz_narrow(&job->painted, env->pool, &painted, err);
    if (status == STYLIZE_OK)
        status = stz_strength_choose(&content, &painted, env->pool, &job->report.strength, err);
    stylize_image_free(&content);
    stylize_image_free(&painted);
    return status;
}

static void join_alpha(const stylize_image *rgb, const stylize_image *rgba, const stylize_image *out)
{
    for (uint32_t y = 0; y < out->height; y++) {
        const uint8_t *c = rgb->pixels + y * rgb->stride, *a = rgba->pixels + y * rgba->stride;
        uint8_t *o = out->pixels + y * out->stride;
        for (uint32_t x = 0; x < out->width; x++, c += 6, a += 8, o += 8) {
            memcpy(o, c, 6);
            memcpy(o + 6, a + 6, 2);
        }
    }
}

stylize_status stz_deep_finish(const stz_env *env, stz_job *job, stylize_image *out, stylize_error *err)
{
    stylize_status status = STYLIZE_OK;
    if (job->req.strength == STYLIZE_STRENGTH_AUTO)
        status = choose_strength(env, job, err);
    if (status != STYLIZE_OK)
        return status;
    stz_blend_deep(&job->content, &job->painted, job->report.strength, job->req.preserve_color);
    if (job->content.format == STYLIZE_FORMAT_RGB16) {
        *out = job->painted;
        job->painted = (stylize_image){0};
        return STYLIZE_OK;
    }
    status =
        stz_image_alloc(env->pool, job->content.width, job->content.height, STYLIZE_FORMAT_RGBA16, out, err);
    if (status == STYLIZE_OK)
        join_alpha(&job->painted, &job->content, out);
    return status;
}
