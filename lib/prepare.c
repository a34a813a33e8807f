/* The first step of a job: its network loaded, its content decoded and of the output's size. */
#include "ctx.h"

/* Output size and the part of a w x h content that fills it. */
static stylize_status choose_fit(const stylize_ctx *ctx, const stylize_request *r, uint32_t w, uint32_t h,
                                 stz_fit *fit, stylize_error *err)
{
    *fit = r->output_width ? stz_fit_cover(w, h, r->output_width, r->output_height)
                           : stz_fit_longer(w, h, r->output_size);
    if (fit->width < 16 || fit->height < 16)
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "the output would be %ux%u; at least 16x16 pixels are needed", fit->width,
                        fit->height);
    if ((uint64_t)fit->width * fit->height > ctx->limits.max_pixels)
        return stz_fail(err, STYLIZE_ERR_LIMIT, "the output would be %ux%u; at most %llu pixels are allowed",
                        fit->width, fit->height, (unsigned long long)ctx->limits.max_pixels);
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

/* Pixels of the caller's: used where they are if they fit as they are. */
static stylize_status take_pixels(stylize_ctx *ctx, stz_job *job, const stz_fit *fit)
{
    const stylize_image *in = &job->content_in;
    if (in->format != STYLIZE_FORMAT_GRAY8 && fit->width == in->width && fit->height == in->height) {
        job->content = *in;
        job->content.owner = NULL; /* still the caller's */
        return STYLIZE_OK;
    }
    if (in->format != STYLIZE_FORMAT_GRAY8)
        return stz_resize(in, fit->source, fit->width, fit->height, ctx->pool, &job->content, &job->err);

    stylize_image gray;
    stylize_status status = stz_resize(in, fit->source, fit->width, fit->height, ctx->pool, &gray, &job->err);
    if (status != STYLIZE_OK)
        return status;
    status =
        stz_image_alloc(ctx->pool, gray.width, gray.height, STYLIZE_FORMAT_RGB8, &job->content, &job->err);
    for (uint32_t y = 0; status == STYLIZE_OK && y < gray.height; y++) {
        const uint8_t *from = gray.pixels + y * gray.stride;
        uint8_t *to = job->content.pixels + y * job->content.stride;
        for (uint32_t x = 0; x < gray.width; x++, to += 3)
            to[0] = to[1] = to[2] = from[x];
    }
    stylize_image_free(&gray);
    return status;
}

static stylize_status take_encoded(stylize_ctx *ctx, stz_job *job)
{
    const stylize_image *in = &job->content_in;
    stylize_image_info info = {.struct_size = sizeof info};
    stz_fit fit;
    stylize_status status = stz_codec_probe(in->pixels, in->size, &ctx->limits, &info, &job->err);
    if (status != STYLIZE_OK)
        return status;
    status = choose_fit(ctx, &job->req, info.width, info.height, &fit, &job->err);
    if (status != STYLIZE_OK)
        return status;
    const stz_decode_hint hint = {
        .min_width = scale_up(info.width, fit.width, fit.source.width),
        .min_height = scale_up(info.height, fit.height, fit.source.height),
    };
    stylize_image decoded;
    status = stz_codec_decode(in->pixels, in->size, &ctx->limits, &hint, ctx->pool, &decoded, &job->err);
    if (status != STYLIZE_OK)
        return status;
    if (decoded.width == fit.width && decoded.height == fit.height) {
        job->content = decoded;
        return STYLIZE_OK;
    }
    const stz_rect source = scale_rect(fit.source, info.width, info.height, decoded.width, decoded.height);
    status = stz_resize(&decoded, source, fit.width, fit.height, ctx->pool, &job->content, &job->err);
    stylize_image_free(&decoded);
    return status;
}

static stylize_status check_target(stz_job *job)
{
    const stylize_image *t = &job->target;
    if (!t->pixels)
        return STYLIZE_OK;
    if (stz_is_encoded(job->req.output_format) || t->format != job->content.format ||
        t->width != job->content.width || t->height != job->content.height)
        return stz_fail(&job->err, STYLIZE_ERR_INVALID,
                        "result's own memory is %ux%u with %d channels; the result is "
                        "%ux%u with %d",
                        t->width, t->height, stz_bytes_per_pixel(t->format), job->content.width,
                        job->content.height, stz_bytes_per_pixel(job->content.format));
    return STYLIZE_OK;
}

static stylize_status prepare(stylize_ctx *ctx, stz_job *job)
{
    stylize_status status = job->net ? stz_ctx_net_ready(ctx, job->net, &job->err) : STYLIZE_OK;
    if (status != STYLIZE_OK || job->task)
        return status;
    if (!stz_job_progress(job, 0))
        return stz_fail(&job->err, STYLIZE_ERR_CANCELLED, "the request was cancelled");
    if (stz_is_encoded(job->content_in.format)) {
        status = take_encoded(ctx, job);
    } else {
        stz_fit fit;
        status = choose_fit(ctx, &job->req, job->content_in.width, job->content_in.height, &fit, &job->err);
        if (status == STYLIZE_OK)
            status = take_pixels(ctx, job, &fit);
    }
    return status == STYLIZE_OK ? check_target(job) : status;
}

stylize_status stz_step_prepare(stylize_ctx *ctx, stz_job *job) { return job->status = prepare(ctx, job); }
