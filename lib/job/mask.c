#include "job/mask.h"

#include <stdio.h>
#include <string.h>

#define SHARE_ONE 4096 /* a share of 1 in whole numbers: times 255 and 255 again it fits 32 bits */

/* ------------------------------------------------------------------ layers */

static stylize_status check_mask(const stylize_ctx *ctx, const stylize_image *mask, size_t number,
                                 stylize_error *err)
{
    char what[32];
    stylize_image checked;
    snprintf(what, sizeof what, "mask %zu", number);
    stylize_status status = stz_image_check(mask, what, &checked, err);
    if (status == STYLIZE_OK && !stz_is_encoded(checked.format))
        status = stz_limits_pixels(&ctx->limits, what, checked.width, checked.height, err);
    return status;
}

/* One layer of all styles with the mask of style i; the styles go to the job's from `at` on. */
static stz_layer take_layer(stz_job *job, const stylize_style_ref *styles, stz_style *const *library,
                            bool *taken, size_t i, size_t at)
{
    const stylize_request *r = &job->req;
    stz_layer layer = {.mask = r->masks ? r->masks[i] : NULL, .number = i + 1, .first = at};
    double sum = 0;
    for (size_t k = i; k < r->style_count; k++) {
        if (taken[k] || (r->masks && r->masks[k] != layer.mask))
            continue;
        taken[k] = true;
        job->styles[at + layer.count] = styles[k];
        job->library[at + layer.count++] = library[k];
        sum += (double)styles[k].weight;
    }
    for (size_t k = at; k < at + layer.count; k++)
        job->styles[k].weight = (float)((double)job->styles[k].weight / sum);
    layer.share = (float)sum;
    return layer;
}

stylize_status stz_layers_take(stylize_ctx *ctx, stz_job *job, double sum, stylize_error *err)
{
    const size_t count = job->req.style_count;
    stylize_style_ref styles[STYLIZE_STYLES_MAX];
    stz_style *library[STYLIZE_STYLES_MAX];
    bool taken[STYLIZE_STYLES_MAX] = {false};
    for (size_t i = 0; job->req.masks && i < count; i++)
        if (job->req.masks[i]) {
            const stylize_status status = check_mask(ctx, job->req.masks[i], i + 1, err);
            if (status != STYLIZE_OK)
                return status;
        }
    memcpy(styles, job->styles, sizeof styles);
    memcpy(library, job->library, sizeof library);
    job->layer_count = 0;
    for (size_t i = 0, at = 0; i < count; i++) {
        if (taken[i])
            continue;
        stz_layer *layer = &job->layers[job->layer_count++];
        *layer = take_layer(job, styles, library, taken, i, at);
        layer->share = (float)((double)layer->share / sum);
        at += layer->count;
    }
    return STYLIZE_OK;
}

/* ------------------------------------------------------------------ masks */

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

stylize_status stz_mask_load(stylize_ctx *ctx, const stz_job *job, const stz_layer *layer, stylize_image *out,
                             stylize_error *err)
{
    char what[32];
    stylize_image in, decoded = {0}, gray = {0};
    snprintf(what, sizeof what, "mask %zu", layer->number);
    stylize_status status = stz_image_check(layer->mask, what, &in, err);
    if (status == STYLIZE_OK && stz_is_encoded(in.format)) {
        status = stz_codec_decode(in.pixels, in.size, &ctx->limits, NULL, ctx->pool, &decoded, err);
        status = stz_about(err, status, what);
        in = decoded;
    }
    if (status == STYLIZE_OK && in.format != STYLIZE_FORMAT_GRAY8) {
        status = stz_image_alloc(ctx->pool, in.width, in.height, STYLIZE_FORMAT_GRAY8, &gray, err);
        if (status == STYLIZE_OK) {
            to_gray(&in, &gray);
            in = gray;
        }
    }
    stylize_image_free(&decoded);
    if (status == STYLIZE_OK) {
        const stz_fit fit = stz_fit_cover(in.width, in.height, job->content.width, job->content.height);
        status = stz_resize(&in, fit.source, fit.width, fit.height, ctx->pool, out, err);
    }
    stylize_image_free(&gray);
    return status;
}

bool stz_mask_empty(const stylize_image *mask)
{
    uint8_t all = 0;
    for (uint32_t y = 0; y < mask->height && !all; y++)
        for (uint32_t x = 0; x < mask->width; x++)
            all |= mask->pixels[y * mask->stride + x];
    return !all;
}

/* ------------------------------------------------------------------ stack */

/* A row of a new painting into the mean so far. Where the mask is black nothing changes. */
static void mean_row(uint8_t *mean, const uint8_t *added, const uint8_t *mask, uint32_t *weight,
                     uint32_t share, uint32_t width)
{
    for (uint32_t x = 0; x < width; x++, mean += 3, added += 3) {
        const uint32_t more = share * (mask ? mask[x] : 255);
        if (!more)
            continue;
        const uint32_t before = weight[x], sum = before + more;
        weight[x] = sum;
        for (int c = 0; c < 3; c++)
            mean[c] = (uint8_t)((mean[c] * before + added[c] * more + sum / 2) / sum);
    }
}

static void cover_row(uint8_t *coverage, const uint8_t *mask, uint32_t width)
{
    for (uint32_t x = 0; x < width; x++)
        coverage[x] = (uint8_t)stz_min(coverage[x] + mask[x], 255);
}

/* The first painting is the picture; its weights, if others follow, its mask. */
static stylize_status begin(stylize_ctx *ctx, stz_stack *stack, const stylize_image *painting, bool only,
                            stylize_error *err)
{
    const size_t bytes = (size_t)painting->width * painting->height * sizeof(uint32_t);
    if (only)
        return STYLIZE_OK;
    stack->weight = stz_pool_get(ctx->pool, STZ_MEM_SCRATCH, bytes);
    if (!stack->weight)
        return stz_nomem(err, bytes);
    memset(stack->weight->data, 0, bytes);
    return STYLIZE_OK;
}

stylize_status stz_stack_add(stylize_ctx *ctx, stz_stack *stack, stylize_image *painting, stylize_image *mask,
                             float share, bool only, stylize_error *err)
{
    const bool first = !stack->picture.pixels;
    stylize_status status = first ? begin(ctx, stack, painting, only, err) : STYLIZE_OK;
    if (status != STYLIZE_OK)
        return status;
    const uint32_t width = painting->width, height = painting->height;
    const uint32_t whole = (uint32_t)(share * SHARE_ONE + 0.5f), part = whole ? whole : 1;
    if (first)
        stack->picture = *painting;
    for (uint32_t y = 0; stack->weight && y < height; y++)
        mean_row(stack->picture.pixels + y * stack->picture.stride, painting->pixels + y * painting->stride,
                 mask ? mask->pixels + y * mask->stride : NULL,
                 (uint32_t *)(void *)stack->weight->data + (size_t)y * width, part, width);
    if (!first)
        stylize_image_free(painting);
    *painting = (stylize_image){0};
    if (!mask) {
        stylize_image_free(&stack->coverage);
    } else if (first) {
        stack->coverage = *mask;
        *mask = (stylize_image){0};
    } else {
        for (uint32_t y = 0; stack->coverage.pixels && y < height; y++)
            cover_row(stack->coverage.pixels + y * stack->coverage.stride, mask->pixels + y * mask->stride,
                      width);
    }
    return STYLIZE_OK;
}

static void show_row(uint8_t *painted, const uint8_t *content, int bpp, const uint8_t *coverage,
                     uint32_t width)
{
    for (uint32_t x = 0; x < width; x++, painted += 3, content += bpp)
        for (int c = 0; c < 3; c++)
            painted[c] = (uint8_t)((painted[c] * coverage[x] + content[c] * (255 - coverage[x]) + 127) / 255);
}

void stz_stack_finish(stz_stack *stack, const stylize_image *content, stylize_image *out)
{
    const stylize_image *p = &stack->picture, *c = &stack->coverage;
    const int bpp = stz_bytes_per_pixel(content->format);
    for (uint32_t y = 0; p->pixels && c->pixels && y < p->height; y++)
        show_row(p->pixels + y * p->stride, content->pixels + y * content->stride, bpp,
                 c->pixels + y * c->stride, p->width);
    *out = *p;
    stack->picture = (stylize_image){0};
}

void stz_stack_free(stz_stack *stack)
{
    stylize_image_free(&stack->picture);
    stylize_image_free(&stack->coverage);
    stz_buf_unref(stack->weight);
    *stack = (stz_stack){0};
}
