#include "job/finish.h"

#include <string.h>

#include "codec/codec.h"
#include "image/strength.h"
#include "job/deep.h"

static void blend(const stz_job *job)
{
    const stylize_image *c = &job->content, *p = &job->painted;
    stz_blend_rgb(c->pixels, c->stride, stz_bytes_per_pixel(c->format), p->pixels, p->stride, (int)p->width,
                  (int)p->height, job->report.strength, job->req.preserve_color);
}

/* Colour of `rgb` with the alpha of `rgba`, into `out` (which may be `rgba` itself). */
static void join_alpha(const stylize_image *rgb, const stylize_image *rgba, const stylize_image *out)
{
    for (uint32_t y = 0; y < out->height; y++) {
        const uint8_t *c = rgb->pixels + y * rgb->stride, *a = rgba->pixels + y * rgba->stride;
        uint8_t *o = out->pixels + y * out->stride;
        for (uint32_t x = 0; x < out->width; x++, c += 3, a += 4, o += 4) {
            const uint8_t alpha = a[3];
            memcpy(o, c, 3);
            o[3] = alpha;
        }
    }
}

static void copy_rows(const stylize_image *from, const stylize_image *to)
{
    const size_t row = (size_t)from->width * (size_t)stz_bytes_per_pixel(from->format);
    for (uint32_t y = 0; y < from->height; y++)
        memcpy(to->pixels + y * to->stride, from->pixels + y * from->stride, row);
}

/* The finished pixels, as RGB8 or RGBA8 like the content, moved out of the job. */
static stylize_status assemble(const stz_env *env, stz_job *job, stylize_image *out)
{
    if (job->way == STZ_WAY_DEVICE) {
        *out = job->painted;
        job->painted = (stylize_image){0};
        return STYLIZE_OK;
    }
    if (!job->painted.pixels) { /* strength 0: the content is the result */
        if (job->content.owner) {
            *out = job->content;
            job->content = (stylize_image){0};
            return STYLIZE_OK;
        }
        stylize_status status = stz_image_alloc(env->pool, job->content.width, job->content.height,
                                                job->content.format, out, &job->err);
        if (status == STYLIZE_OK)
            copy_rows(&job->content, out);
        return status;
    }
    if (job->deep)
        return stz_deep_finish(env, job, out, &job->err);
    if (job->req.strength == STYLIZE_STRENGTH_AUTO) {
        const stylize_status status =
            stz_strength_choose(&job->content, &job->painted, env->pool, &job->report.strength, &job->err);
        if (status != STYLIZE_OK)
            return status;
    }
    blend(job);
    if (job->content.format == STYLIZE_FORMAT_RGB8) {
        *out = job->painted;
        job->painted = (stylize_image){0};
        return STYLIZE_OK;
    }
    if (job->content.owner) { /* ours: no third picture needed */
        *out = job->content;
        job->content = (stylize_image){0};
        join_alpha(&job->painted, out, out);
        return STYLIZE_OK;
    }
    stylize_status status = stz_image_alloc(env->pool, job->content.width, job->content.height,
                                            STYLIZE_FORMAT_RGBA8, out, &job->err);
    if (status == STYLIZE_OK)
        join_alpha(&job->painted, &job->content, out);
    return status;
}

/* The part of a picture that is the tile, in the same memory. */
static void crop_to_tile(const stz_job *job, stylize_image *image)
{
    if (!image->pixels)
        return;
    const ptrdiff_t x = job->tile.x - (ptrdiff_t)job->part.x, y = job->tile.y - (ptrdiff_t)job->part.y;
    const int bytes = stz_bytes_per_pixel(image->format);
    image->pixels += y * image->stride + x * bytes;
    image->width = (uint32_t)job->tile.w;
    image->height = (uint32_t)job->tile.h;
    image->size = (size_t)(image->height - 1) * (size_t)image->stride + (size_t)image->width * (size_t)bytes;
}

/* With what the content's file says besides its pixels, as far as it was asked for. */
static stylize_status encode(const stz_env *env, stz_job *job, const stylize_image *pixels)
{
    const stylize_image *from = &job->content_in;
    stz_metadata metadata = {0};
    stylize_status status = STYLIZE_OK;
    if (job->req.keep_metadata && stz_is_encoded(from->format))
        status = stz_metadata_read(from->pixels, from->size, job->req.keep_metadata, env->pool, &metadata,
                                   &job->err);
    if (status == STYLIZE_OK) {
        stz_codec_to_profile(pixels, &metadata);
        status = stz_codec_encode(pixels, job->req.output_format, job->req.quality, &metadata, env->pool,
                                  &job->result, &job->err);
    }
    stz_metadata_free(&metadata);
    return status;
}

static stylize_status finish(const stz_env *env, stz_job *job)
{
    stylize_image pixels = {0};
    if (job->way == STZ_WAY_TILING) /* what the caller wanted is there already */
        return STYLIZE_OK;
    if (job->req.tiling) {
        crop_to_tile(job, &job->content);
        crop_to_tile(job, &job->painted);
    }
    stylize_status status = assemble(env, job, &pixels);
    if (status != STYLIZE_OK)
        return status;
    if (stz_is_encoded(job->req.output_format)) {
        stylize_image_free(&job->content); /* not needed any more: large pictures are tight */
        stylize_image_free(&job->painted);
        status = encode(env, job, &pixels);
        stylize_image_free(&pixels);
    } else if (job->target.pixels) {
        if (pixels.pixels != job->target.pixels)
            copy_rows(&pixels, &job->target);
        job->result = job->target;
        stylize_image_free(&pixels);
    } else {
        job->result = pixels;
    }
    if (status == STYLIZE_OK && !stz_job_progress(job, 1)) {
        stylize_image_free(&job->result);
        status = stz_fail(&job->err, STYLIZE_ERR_CANCELLED, "the request was cancelled");
    }
    return status;
}

stylize_status stz_step_finish(const stz_env *env, stz_job *job) { return job->status = finish(env, job); }
