#include "job/prepare.h"

#include <math.h>

#include "codec/codec.h"
#include "image/canvas.h"
#include "job/deep.h"
#include "job/way.h"

/* Strokes as in a painting of that size are so much larger here; never smaller. */
static void set_scale(stylize_request *r, const stz_fit *fit)
{
    const uint32_t longer = fit->width > fit->height ? fit->width : fit->height;
    if (r->look && longer > r->look)
        r->style_scale = (float)longer / (float)r->look;
}

/* Output size, the part of a w x h content that fills it, and with it the scale of a look. */
static stylize_status choose_fit(const stz_env *env, stylize_request *r, uint32_t w, uint32_t h, stz_fit *fit,
                                 stylize_error *err)
{
    *fit = r->output_width ? stz_fit_cover(w, h, r->output_width, r->output_height)
                           : stz_fit_longer(w, h, r->output_size);
    if (!r->tiling && (fit->width < 16 || fit->height < 16)) /* a tile at the border may be smaller */
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "the output would be %ux%u; at least 16x16 pixels are needed", fit->width,
                        fit->height);
    if ((uint64_t)fit->width * fit->height > env->limits.max_pixels)
        return stz_fail(err, STYLIZE_ERR_LIMIT, "the output would be %ux%u; at most %llu pixels are allowed",
                        fit->width, fit->height, (unsigned long long)env->limits.max_pixels);
    set_scale(r, fit);
    return STYLIZE_OK;
}

/* Ceiling of a * b / c in 64 bits. */
static uint32_t scale_up(uint32_t a, uint32_t b, uint32_t c)
{
    return (uint32_t)(((uint64_t)a * b + c - 1) / c);
}

/* A rectangle of a w x h picture, on a version of it that is dw x dh. */
static stz_rect scale_rect(stz_rect r, uint32_t w, uint32_t h, uint32_t dw, uint32_t dh)
{
    if (w == dw && h == dh)
        return r;
    stz_rect s = {
        .x = (uint32_t)((uint64_t)r.x * dw / w),
        .y = (uint32_t)((uint64_t)r.y * dh / h),
        .width = scale_up(r.width, dw, w),
        .height = scale_up(r.height, dh, h),
    };
    if (s.x + s.width > dw)
        s.width = dw - s.x;
    if (s.y + s.height > dh)
        s.height = dh - s.y;
    return s;
}

/* A picture that is only the engine's to read. */
static void take_device_pixels(stz_job *job, const stz_fit *fit)
{
    const stylize_image *in = &job->content_in;
    job->content = *in;
    job->content.owner = NULL;
    job->content.width = fit->width;
    job->content.height = fit->height;
    if (in->format == STYLIZE_FORMAT_GRAY8)
        job->content.format = STYLIZE_FORMAT_RGB8;
    job->source = fit->source;
}

/* Scales what was read; grey becomes RGB. */
static stylize_status scaled(const stz_env *env, const stylize_image *in, stz_rect source, uint32_t width,
                             uint32_t height, stylize_image *out, stylize_error *err)
{
    stylize_status status = stz_resize(in, source, width, height, env->pool, out, err);
    if (status == STYLIZE_OK && in->format == STYLIZE_FORMAT_GRAY8) {
        status = stz_to_rgb(out, env->pool, err);
        if (status != STYLIZE_OK)
            stylize_image_free(out);
    }
    return status;
}

/* Where strokes are to be larger or smaller, the picture that is painted is smaller or larger than the
 * content, and comes from what was read: it may have detail that the content has no room for. */
static stylize_status take_work(const stz_env *env, stz_job *job, const stylize_image *in, stz_rect source,
                                const stz_fit *work)
{
    return work->width ? scaled(env, in, source, work->width, work->height, &job->work, &job->err)
                       : STYLIZE_OK;
}

/* Size of the picture that is painted; 0 if it is the content itself. */
static stylize_status choose_work(const stz_env *env, stz_job *job, const stz_fit *fit, stz_fit *work)
{
    const stylize_request *r = &job->req;
    *work = (stz_fit){0};
    if (r->style_scale == 1 || r->strength == 0 || job->net->model->optimizes)
        return STYLIZE_OK;
    const double shorter = stz_min((int)fit->width, (int)fit->height);
    const double scale = fmin((double)r->style_scale, shorter / 16);
    work->width = (uint32_t)lround(fit->width / scale);
    work->height = (uint32_t)lround(fit->height / scale);
    const uint32_t longer = work->width > work->height ? work->width : work->height;
    if (longer > env->limits.max_side || (uint64_t)work->width * work->height > env->limits.max_pixels)
        return stz_fail(
            &job->err, STYLIZE_ERR_LIMIT,
            "style_scale %g paints at %ux%u; at most %u pixels a side and %llu in all are allowed",
            (double)r->style_scale, work->width, work->height, env->limits.max_side,
            (unsigned long long)env->limits.max_pixels);
    return STYLIZE_OK;
}

/* Pixels of the caller's: used where they are if they fit as they are. */
static stylize_status take_pixels(const stz_env *env, stz_job *job, const stz_fit *fit)
{
    stylize_image own, in = job->content_in;
    stz_fit work;
    stylize_status status = stz_deep_content(env, job, &in, &own, &job->err);
    if (status != STYLIZE_OK)
        return status;
    if (own.pixels)
        in = own;
    status = choose_work(env, job, fit, &work);
    if (status == STYLIZE_OK)
        status = take_work(env, job, &in, fit->source, &work);
    if (status == STYLIZE_OK && in.format != STYLIZE_FORMAT_GRAY8 && fit->width == in.width &&
        fit->height == in.height) {
        job->content = in;
        job->content.owner = own.owner; /* NULL: still the caller's */
        return STYLIZE_OK;
    }
    if (status == STYLIZE_OK)
        status = scaled(env, &in, fit->source, fit->width, fit->height, &job->content, &job->err);
    stylize_image_free(&own);
    return status;
}

/* To the depth that the job works with, where the file has another. */
static stylize_status change_depth(const stz_env *env, stz_job *job, stylize_image *decoded)
{
    stylize_image own;
    const stylize_status status = stz_deep_content(env, job, decoded, &own, &job->err);
    if (status != STYLIZE_OK || own.pixels)
        stylize_image_free(decoded);
    if (status == STYLIZE_OK && own.pixels)
        *decoded = own;
    return status;
}

static stylize_status take_encoded(const stz_env *env, stz_job *job)
{
    const stylize_image *in = &job->content_in;
    stylize_image_info info = {.struct_size = sizeof info};
    stz_limits limits = env->limits;
    limits.tolerant |= job->req.tolerant != 0;
    stz_fit fit, work;
    stylize_status status = stz_codec_probe(in->pixels, in->size, &limits, &info, &job->err);
    if (status == STYLIZE_OK)
        status = choose_fit(env, &job->req, info.width, info.height, &fit, &job->err);
    if (status == STYLIZE_OK)
        status = choose_work(env, job, &fit, &work);
    if (status != STYLIZE_OK)
        return status;
    const stz_fit *larger = work.width > fit.width ? &work : &fit;
    bool damaged = false;
    const stz_decode_hint hint = {
        .damaged = &damaged,
        .deep = job->deep,
        .min_width = scale_up(info.width, larger->width, fit.source.width),
        .min_height = scale_up(info.height, larger->height, fit.source.height),
    };
    stylize_image decoded;
    status = stz_codec_decode(in->pixels, in->size, &limits, &hint, env->pool, &decoded, &job->err);
    job->report.damaged = damaged;
    if (status == STYLIZE_OK)
        status = change_depth(env, job, &decoded);
    if (status != STYLIZE_OK)
        return status;
    const stz_rect source = scale_rect(fit.source, info.width, info.height, decoded.width, decoded.height);
    status = take_work(env, job, &decoded, source, &work);
    if (status == STYLIZE_OK && decoded.width == fit.width && decoded.height == fit.height) {
        job->content = decoded;
        return STYLIZE_OK;
    }
    if (status == STYLIZE_OK)
        status = stz_resize(&decoded, source, fit.width, fit.height, env->pool, &job->content, &job->err);
    stylize_image_free(&decoded);
    return status;
}

static stylize_status check_target(stz_job *job)
{
    const stylize_image *t = &job->target;
    const uint32_t width = job->req.tiling ? (uint32_t)job->tile.w : job->content.width;
    const uint32_t height = job->req.tiling ? (uint32_t)job->tile.h : job->content.height;
    if (!t->pixels)
        return STYLIZE_OK;
    if (stz_is_encoded(job->req.output_format) || t->format != job->content.format || t->width != width ||
        t->height != height)
        return stz_fail(&job->err, STYLIZE_ERR_INVALID,
                        "result's own memory is %ux%u with %d channels; the result is "
                        "%ux%u with %d",
                        t->width, t->height, stz_bytes_per_pixel(t->format), width, height,
                        stz_bytes_per_pixel(job->content.format));
    return STYLIZE_OK;
}

static stylize_status check_part(stz_job *job)
{
    const stylize_image *c = &job->content;
    if (job->req.tiling && (c->width != job->part.width || c->height != job->part.height))
        return stz_fail(&job->err, STYLIZE_ERR_INVALID,
                        "the content is %ux%u; tile %u is painted from a part of %ux%u", c->width, c->height,
                        job->req.tile, job->part.width, job->part.height);
    return STYLIZE_OK;
}

static stylize_status prepare(stz_env *env, stz_job *job)
{
    stylize_status status = job->net ? stz_net_ready(job->net, &env->engines, &job->err) : STYLIZE_OK;
    if (status != STYLIZE_OK || job->task)
        return status;
    if (!stz_job_progress(job, 0))
        return stz_fail(&job->err, STYLIZE_ERR_CANCELLED, "the request was cancelled");
    status = stz_way_check(job);
    if (status != STYLIZE_OK)
        return status;
    if (stz_is_encoded(job->content_in.format)) {
        status = take_encoded(env, job);
    } else {
        stz_fit fit;
        status = choose_fit(env, &job->req, job->content_in.width, job->content_in.height, &fit, &job->err);
        if (status == STYLIZE_OK && job->content_in.memory == STYLIZE_MEMORY_CUDA)
            take_device_pixels(job, &fit);
        else if (status == STYLIZE_OK)
            status = take_pixels(env, job, &fit);
    }
    if (!job->work.pixels) {
        job->work = job->content;
        job->work.owner = NULL; /* the content's */
    }
    if (status == STYLIZE_OK)
        status = check_part(job);
    if (status == STYLIZE_OK)
        status = check_target(job);
    return status == STYLIZE_OK ? stz_way_decide(env, job) : status;
}

stylize_status stz_step_prepare(stz_env *env, stz_job *job) { return job->status = prepare(env, job); }
