/* The public functions on pictures: checks, then the codec. */
#include <string.h>

#include "base/tagged.h"
#include "codec/codec.h"
#include "codec/file.h"
#include "sched/sched.h"

static stylize_status check_pixels(const stylize_image *in, stylize_image *checked, stylize_error *err)
{
    stylize_status status = stz_image_check(in, "picture", checked, err);
    if (status == STYLIZE_OK && stz_is_encoded(checked->format))
        return stz_fail(err, STYLIZE_ERR_INVALID, "the picture is encoded; pixels are needed");
    return status;
}

static stylize_status check_encoded(const stylize_image *in, stylize_image *checked, stylize_error *err)
{
    stylize_status status = stz_image_check(in, "picture", checked, err);
    if (status == STYLIZE_OK && !stz_is_encoded(checked->format))
        return stz_fail(err, STYLIZE_ERR_INVALID, "the picture is not encoded; it has pixels already");
    return status;
}

/* Outputs are all zero bytes until they are filled, so that freeing them is always right. */
static stylize_status check_args(const stylize_ctx *ctx, const stylize_image *in, stylize_image *out,
                                 stylize_error *err)
{
    if (!ctx || !in || !out)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is NULL", !ctx ? "ctx" : !in ? "the picture" : "out");
    return STYLIZE_OK;
}

stylize_status stylize_image_load(stylize_ctx *ctx, const char *path, stylize_image *out, stylize_error *err)
{
    if (!ctx || !path || !out)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is NULL", !ctx ? "ctx" : !path ? "path" : "out");
    *out = (stylize_image){0};
    return stz_file_load(path, &ctx->env.limits, ctx->env.pool, out, err);
}

stylize_status stylize_image_probe(stylize_ctx *ctx, const stylize_image *in, stylize_image_info *info,
                                   stylize_error *err)
{
    if (!ctx || !in || !info)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is NULL", !ctx ? "ctx" : !in ? "the picture" : "info");
    if (!stz_tagged_set(info))
        return stz_fail(err, STYLIZE_ERR_INVALID, "info's struct_size is not set");
    stylize_image checked;
    stylize_status status = check_encoded(in, &checked, err);
    if (status != STYLIZE_OK)
        return status;
    stylize_image_info found = {.struct_size = sizeof found};
    status = stz_codec_probe(checked.pixels, checked.size, &ctx->env.limits, &found, err);
    if (status == STYLIZE_OK || (status == STYLIZE_ERR_LIMIT && found.width))
        stz_tagged_write(STZ_TAG_IMAGE_INFO, info, &found);
    return status;
}

stylize_status stylize_image_decode(stylize_ctx *ctx, const stylize_image *in, stylize_image *out,
                                    stylize_error *err)
{
    stylize_image checked;
    stylize_status status = check_args(ctx, in, out, err);
    if (status == STYLIZE_OK)
        status = check_encoded(in, &checked, err);
    if (status != STYLIZE_OK)
        return status;
    *out = (stylize_image){0};
    const stz_decode_hint hint = {.deep = ctx->opt.deep};
    return stz_codec_decode(checked.pixels, checked.size, &ctx->env.limits, &hint, ctx->env.pool, out, err);
}

stylize_status stylize_image_resize(stylize_ctx *ctx, const stylize_image *in, uint32_t width,
                                    uint32_t height, stylize_image *out, stylize_error *err)
{
    stylize_image checked;
    stylize_status status = check_args(ctx, in, out, err);
    if (status == STYLIZE_OK)
        status = check_pixels(in, &checked, err);
    if (status != STYLIZE_OK)
        return status;
    if (!width || !height)
        return stz_fail(err, STYLIZE_ERR_INVALID, "size is %ux%u; at least 1x1 is needed", width, height);
    status = stz_limits_pixels(&ctx->env.limits, "size", width, height, err);
    if (status != STYLIZE_OK)
        return status;
    *out = (stylize_image){0};
    return stz_resize_whole(&checked, width, height, ctx->env.pool, out, err);
}

stylize_status stylize_image_encode(stylize_ctx *ctx, const stylize_image *in, stylize_format format,
                                    int quality, stylize_image *out, stylize_error *err)
{
    stylize_status status = check_args(ctx, in, out, err);
    if (status != STYLIZE_OK)
        return status;
    *out = (stylize_image){0};
    return stz_codec_encode(in, format, quality, NULL, ctx->env.pool, out, err);
}

stylize_status stylize_image_save(stylize_ctx *ctx, const stylize_image *image, const char *path, int quality,
                                  stylize_error *err)
{
    if (!ctx || !image || !path)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is NULL",
                        !ctx     ? "ctx"
                        : !image ? "the picture"
                                 : "path");
    stylize_image checked, encoded = {0};
    stylize_status status = stz_image_check(image, "picture", &checked, err);
    if (status == STYLIZE_OK && !stz_is_encoded(checked.format)) {
        const stylize_format format = stz_format_of_path(path);
        if (format == STYLIZE_FORMAT_NONE)
            return stz_fail(err, STYLIZE_ERR_INVALID,
                            "\"%.160s\" has no known ending; .jpg, .jpeg, .png, .webp, .tif and .avif are",
                            path);
        status = stz_codec_encode(&checked, format, quality, NULL, ctx->env.pool, &encoded, err);
        checked = encoded;
    }
    if (status == STYLIZE_OK)
        status = stz_file_save(path, checked.pixels, checked.size, err);
    stylize_image_free(&encoded);
    return status;
}
