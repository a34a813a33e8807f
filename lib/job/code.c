#include "job/code.h"

#include <math.h>

#include "codec/codec.h"
#include "image/canvas.h"
#include "image/deep.h"
#include "job/part.h"

static bool finite_code(const float *code, int n)
{
    for (int i = 0; i < n; i++)
        if (!isfinite(code[i]))
            return false;
    return true;
}

/* A style picture of the size at which the network reads it: strokes follow that size. Very long
 * pictures are scaled further down, so that the longer side stays within four times the shorter. */
static stylize_status read_picture(const stz_env *env, const stz_model *m, const stylize_image *in,
                                   const stz_style_part *part, stylize_image *out, stylize_error *err)
{
    stylize_image decoded = {0}, pixels = *in;
    stylize_status status;
    if (stz_is_encoded(in->format)) {
        const uint32_t side = (uint32_t)m->style_size;
        const stz_decode_hint hint = {.min_width = side, .min_height = side};
        status = stz_codec_decode(in->pixels, in->size, &env->limits, &hint, env->pool, &decoded, err);
        if (status != STYLIZE_OK)
            return stz_about(err, status, "style picture");
        pixels = decoded;
    } else if (stz_is_deep(in->format)) {
        status = stz_narrow(in, env->pool, &decoded, err);
        if (status != STYLIZE_OK)
            return status;
        pixels = decoded;
    }
    if (part && part->mask) {
        stylize_image taken;
        status = stz_part_take(env, &pixels, part->mask, part->number, &taken, err);
        stylize_image_free(&decoded);
        if (status != STYLIZE_OK)
            return status;
        pixels = decoded = taken;
    }
    const double shorter = fmin(pixels.width, pixels.height), longer = fmax(pixels.width, pixels.height);
    const double scale = fmin(m->style_size / shorter, 4.0 * m->style_size / longer);
    const int mult = m->style_multiple;
    const int w = stz_max((int)lround(pixels.width * scale) / mult * mult, mult);
    const int h = stz_max((int)lround(pixels.height * scale) / mult * mult, mult);
    if (w < m->style_min_side || h < m->style_min_side)
        status = stz_fail(err, STYLIZE_ERR_INVALID,
                          "the style picture is %ux%u; its sides may differ by %d times at most",
                          pixels.width, pixels.height, 4 * m->style_size / m->style_min_side);
    else
        status = stz_resize_whole(&pixels, (uint32_t)w, (uint32_t)h, env->pool, out, err);
    stylize_image_free(&decoded);
    return status;
}

static stylize_status encode_picture(const stz_env *env, stz_net *net, const stylize_image *picture,
                                     const stz_style_part *part, const stz_exec *exec, float *code,
                                     stylize_error *err)
{
    const stz_engine *engine = net->engine->table;
    if (!engine->encode)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "engine %s cannot read style pictures", engine->name);
    stylize_image style = {0};
    stylize_status status = read_picture(env, net->model, picture, part, &style, err);
    if (status == STYLIZE_OK)
        status = stz_to_rgb(&style, env->pool, err);
    if (status == STYLIZE_OK) {
        const stz_view view = stz_view_of(&style);
        status = engine->encode(net->engine->state, net->net, &view, code, exec, err);
    }
    stylize_image_free(&style);
    if (status == STYLIZE_OK && !finite_code(code, net->model->code_length))
        status = stz_fail(err, STYLIZE_ERR_ENGINE,
                          "the style picture gave a code with numbers that are not finite");
    return status;
}

/* A part of a picture is another picture: both go into the key. */
static stz_code_key key_of(const stz_env *env, const stz_model *m, const stylize_image *picture,
                           const stylize_image *mask)
{
    const stz_code_key whole = stz_code_cache_key(env->codes, m, picture);
    if (!mask)
        return whole;
    const stz_code_key where = stz_code_cache_key(env->codes, m, mask);
    return (stz_code_key){(whole.low ^ (where.low << 21 | where.low >> 43)) + where.high,
                          (whole.high ^ (where.high << 7 | where.high >> 57)) + where.low};
}

stylize_status stz_picture_code(stz_env *env, stz_net *net, const stylize_image *picture,
                                const stz_style_part *part, const stz_exec *exec, float *code, bool *cached,
                                stylize_error *err)
{
    stylize_image mask = {0};
    stylize_image p;
    stylize_status status = stz_image_check(picture, "style picture", &p, err);
    if (status != STYLIZE_OK)
        return status;
    if (part && part->mask && (status = stz_image_check(part->mask, "style mask", &mask, err)) != STYLIZE_OK)
        return status;
    if (!cached || !env->codes)
        return encode_picture(env, net, &p, part, exec, code, err);
    stz_code_ticket ticket;
    const stz_code_key key = key_of(env, net->model, &p, part && part->mask ? &mask : NULL);
    const stz_code_state state = stz_code_cache_get(env->codes, key, exec, code, &ticket);
    *cached = state == STZ_CODE_HIT;
    if (state == STZ_CODE_CANCELLED)
        return stz_fail(err, STYLIZE_ERR_CANCELLED, "the request was cancelled");
    atomic_fetch_add(*cached ? &env->code_hits : &env->code_misses, 1);
    if (*cached)
        return STYLIZE_OK;
    status = encode_picture(env, net, &p, part, exec, code, err);
    if (status == STYLIZE_OK)
        stz_code_cache_put(env->codes, &ticket, code);
    else
        stz_code_cache_abandon(env->codes, &ticket);
    return status;
}

stylize_status stz_job_code(stz_env *env, stz_job *job, const stz_layer *layer, const stz_exec *exec,
                            float *code, stylize_error *err)
{
    const int n = job->net->model->code_length;
    stz_buf *part = stz_pool_get(env->pool, STZ_MEM_SCRATCH, (size_t)n * sizeof(float));
    if (!part)
        return stz_nomem(err, (uint64_t)n * sizeof(float));
    float *picture_code = (float *)(void *)part->data;
    stylize_status status = STYLIZE_OK;
    for (size_t i = layer->first; i < layer->first + layer->count; i++) {
        const float *from = picture_code;
        if (job->library[i]) {
            from = stz_style_code(job->library[i], job->net->model);
        } else {
            bool cached = false;
            status = stz_picture_code(env, job->net, job->styles[i].picture, &job->parts[i], exec,
                                      picture_code, &cached, err);
            if (status != STYLIZE_OK)
                break;
            job->pictures_read++;
            job->pictures_cached += cached;
        }
        const float w = job->styles[i].weight;
        for (int k = 0; k < n; k++)
            code[k] = (i > layer->first ? code[k] : 0) + w * from[k];
    }
    job->report.code_cached = job->pictures_read && job->pictures_read == job->pictures_cached;
    stz_buf_unref(part);
    return status;
}
