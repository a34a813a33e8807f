#include "job/mask.h"

#include <stdio.h>

#include "codec/codec.h"
#include "image/deep.h"

/* Grey as it is seen; what is transparent is black. */
static void to_gray(const stylize_image *in, const stylize_image *out)
{
    const int bpp = stz_bytes_per_pixel(in->format);
    for (uint32_t y = 0; y < in->height; y++) {
        const uint8_t *from = in->pixels + y * in->stride;
        uint8_t *to = out->pixels + y * out->stride;
        for (uint32_t x = 0; x < in->width; x++, from += bpp) {
            const int gray = stz_luma(from);
            to[x] = (uint8_t)(bpp == 4 ? (gray * from[3] + 127) / 255 : gray);
        }
    }
}

stylize_status stz_mask_read(const stz_env *env, const stylize_image *mask, const char *what, uint32_t width,
                             uint32_t height, stylize_image *out, stylize_error *err)
{
    stylize_image in, decoded = {0}, gray = {0};
    stylize_status status = stz_image_check(mask, what, &in, err);
    if (status == STYLIZE_OK && stz_is_encoded(in.format)) {
        status = stz_codec_decode(in.pixels, in.size, &env->limits, NULL, env->pool, &decoded, err);
        status = stz_about(err, status, what);
        in = decoded;
    }
    if (status == STYLIZE_OK && stz_is_deep(in.format)) { /* pixels of the caller's: nothing was decoded */
        status = stz_narrow(&in, env->pool, &decoded, err);
        in = decoded;
    }
    if (status == STYLIZE_OK && in.format != STYLIZE_FORMAT_GRAY8) {
        status = stz_image_alloc(env->pool, in.width, in.height, STYLIZE_FORMAT_GRAY8, &gray, err);
        if (status == STYLIZE_OK) {
            to_gray(&in, &gray);
            in = gray;
        }
    }
    stylize_image_free(&decoded);
    if (status == STYLIZE_OK) {
        const stz_fit fit = stz_fit_cover(in.width, in.height, width, height);
        status = stz_resize(&in, fit.source, fit.width, fit.height, env->pool, out, err);
    }
    stylize_image_free(&gray);
    return status;
}

stylize_status stz_mask_load(const stz_env *env, const stz_job *job, const stz_layer *layer,
                             stylize_image *out, stylize_error *err)
{
    char what[32];
    snprintf(what, sizeof what, "mask %zu", layer->number);
    return stz_mask_read(env, layer->mask, what, job->content.width, job->content.height, out, err);
}

bool stz_mask_empty(const stylize_image *mask)
{
    uint8_t all = 0;
    for (uint32_t y = 0; y < mask->height && !all; y++)
        for (uint32_t x = 0; x < mask->width; x++)
            all |= mask->pixels[y * mask->stride + x];
    return !all;
}
