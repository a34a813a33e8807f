#include "job/request.h"

#include <math.h>
#include <string.h>

#include "base/tagged.h"
#include "job/deep.h"
#include "job/layers.h"
#include "job/tiling.h"

static stylize_status check_size(const stz_env *env, const stylize_request *r, stylize_error *err)
{
    const uint32_t max = env->limits.max_side;
    if (!r->output_width != !r->output_height)
        return stz_fail(err, STYLIZE_ERR_INVALID, "output_width and output_height must be given together");
    if (r->output_width && r->output_size)
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "output_size and output_width x output_height exclude each other");
    const uint32_t sides[] = {r->output_size, r->output_width, r->output_height};
    for (size_t i = 0; i < STZ_LEN(sides); i++)
        if (sides[i] && (sides[i] < 16 || sides[i] > max))
            return stz_fail(err, sides[i] < 16 ? STYLIZE_ERR_INVALID : STYLIZE_ERR_LIMIT,
                            "output size is %u; 16 to %u pixels a side are allowed", sides[i], max);
    if ((uint64_t)r->output_width * r->output_height > env->limits.max_pixels)
        return stz_fail(err, STYLIZE_ERR_LIMIT, "output size is %ux%u; at most %llu pixels are allowed",
                        r->output_width, r->output_height, (unsigned long long)env->limits.max_pixels);
    return STYLIZE_OK;
}

static stylize_status check_strokes(const stylize_request *r, stylize_error *err)
{
    if (!(r->style_scale >= 0.5f && r->style_scale <= 8))
        return stz_fail(err, STYLIZE_ERR_INVALID, "style_scale is %g; 0.5 to 8 is allowed",
                        (double)r->style_scale);
    if (r->look && (r->look < 64 || r->look > 65535 || r->style_scale != 1))
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "look is %u; 64 to 65535 pixels are allowed, without style_scale", r->look);
    return STYLIZE_OK;
}

/* The result's format and what it has to hold. */
static stylize_status check_output(const stylize_request *r, stylize_error *err)
{
    switch (r->output_format) {
    case STYLIZE_FORMAT_RGB8:
    case STYLIZE_FORMAT_JPEG:
    case STYLIZE_FORMAT_PNG:
    case STYLIZE_FORMAT_WEBP:
    case STYLIZE_FORMAT_TIFF:
    case STYLIZE_FORMAT_AVIF:
        break;
    default:
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "output_format %d is not allowed; RGB8, JPEG, PNG, WEBP, TIFF and AVIF are",
                        (int)r->output_format);
    }
    if (r->output_depth != 0 && r->output_depth != 8 && r->output_depth != 16)
        return stz_fail(err, STYLIZE_ERR_INVALID, "output_depth is %u; 8 and 16 are allowed",
                        r->output_depth);
    if (r->output_depth == 16 && stz_is_encoded(r->output_format) && r->output_format != STYLIZE_FORMAT_PNG &&
        r->output_format != STYLIZE_FORMAT_TIFF)
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "output_depth 16 is for PNG, TIFF and pixels; JPEG, WebP and AVIF have 8");
    if (r->keep_metadata > STYLIZE_METADATA_ALL)
        return stz_fail(err, STYLIZE_ERR_INVALID, "keep_metadata is %u; 0 to %d are allowed",
                        r->keep_metadata, STYLIZE_METADATA_ALL);
    if (r->keep_metadata && r->output_format == STYLIZE_FORMAT_RGB8)
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "keep_metadata needs an encoded output_format; pixels have no metadata");
    return STYLIZE_OK;
}

static stylize_status check_values(const stz_env *env, const stylize_request *r, stylize_error *err)
{
    if (!(r->strength >= 0 && r->strength <= 1) && r->strength != STYLIZE_STRENGTH_AUTO)
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "strength is %g; 0 to 1 is allowed, or STYLIZE_STRENGTH_AUTO", (double)r->strength);
    if (r->strength == STYLIZE_STRENGTH_AUTO && r->tiling)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED,
                        "strength auto is found in the whole painting; a tile needs a number");
    if (r->method < STYLIZE_METHOD_AUTO || r->method > STYLIZE_METHOD_OPTIMIZE)
        return stz_fail(err, STYLIZE_ERR_INVALID, "method %d is not known", (int)r->method);
    if (r->quality < 0 || r->quality > 100)
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "quality is %d; 1 to 100, or 0 for the default, are allowed", r->quality);
    if (!(r->preserve_color >= 0 && r->preserve_color <= 1))
        return stz_fail(err, STYLIZE_ERR_INVALID, "preserve_color is %g; 0 to 1 is allowed",
                        (double)r->preserve_color);
    const stylize_status output = check_output(r, err);
    if (output != STYLIZE_OK)
        return output;
    if (r->memory_budget && r->memory_budget < 32u << 20)
        return stz_fail(err, STYLIZE_ERR_INVALID, "memory_budget is %llu bytes; at least 33554432 are needed",
                        (unsigned long long)r->memory_budget);
    if (r->iterations > 100000)
        return stz_fail(err, STYLIZE_ERR_INVALID, "iterations is %u; at most 100000 are allowed",
                        r->iterations);
    if (r->optimizer != STYLIZE_OPTIMIZER_LBFGS && r->optimizer != STYLIZE_OPTIMIZER_ADAM)
        return stz_fail(err, STYLIZE_ERR_INVALID, "optimizer %d is not known", (int)r->optimizer);
    const bool reserved = r->reserved || r->reserved2;
    if (reserved || ((r->tile || r->tiling_size) && !r->tiling))
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s",
                        reserved ? "the request's reserved members are not 0" : "a tile needs a tiling");
    if (r->report && !stz_tagged_set(r->report))
        return stz_fail(err, STYLIZE_ERR_INVALID, "report's struct_size is not set");
    const stylize_status status = check_strokes(r, err);
    return status ? status : check_size(env, r, err);
}

static stylize_status check_content(const stz_env *env, stz_job *job, stylize_error *err)
{
    if (!job->req.content)
        return stz_fail(err, STYLIZE_ERR_INVALID, "the request has no content picture");
    stylize_status status =
        stz_image_check_at(job->req.content, "content", STZ_ANYWHERE, &job->content_in, err);
    if (status != STYLIZE_OK || stz_is_encoded(job->content_in.format))
        return status;
    const stylize_image *c = &job->content_in;
    return stz_limits_pixels(&env->limits, "content", c->width, c->height, err);
}

/* The caller's memory for the result, from the request or from stylize_ctx_run. */
static stylize_status check_target(stz_job *job, stylize_error *err)
{
    const stylize_image *given = job->req.target;
    if (given && (job->target.pixels || job->share))
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s",
                        job->share ? "a tiling has no picture for the request's target"
                                   : "memory for the result is given twice, as target and as result");
    const stylize_image target = given ? *given : job->target;
    if (!given && !target.pixels)
        return STYLIZE_OK;
    const stylize_status status = stz_image_check_at(&target, "result", STZ_ANYWHERE, &job->target, err);
    if (status == STYLIZE_OK && target.format != STYLIZE_FORMAT_RGB8 && target.format != STYLIZE_FORMAT_RGBA8)
        return stz_fail(err, STYLIZE_ERR_INVALID, "result's own memory must be RGB8 or RGBA8");
    job->target.owner = NULL; /* the caller's, also if it is a picture of the library's */
    return status;
}

/* Style i of the request becomes style `at` of the job, with a reference to it if it is the library's. */
static stylize_status take_style(const stz_env *env, stz_job *job, size_t i, size_t at, stylize_error *err)
{
    stylize_style_ref *s = &job->styles[at];
    *s = job->req.styles[i];
    if (!s->id == !s->picture)
        return stz_fail(err, STYLIZE_ERR_INVALID, "style %zu needs an id or a picture, and not both", i + 1);
    if (!(s->weight > 0 && isfinite(s->weight)))
        return stz_fail(err, STYLIZE_ERR_INVALID, "the weight of style %zu is %g; 0 or above is allowed",
                        i + 1, (double)s->weight);
    if (s->picture) {
        stylize_image checked;
        return stz_image_check(s->picture, "style picture", &checked, err);
    }
    job->library[at] = stz_style_lib_find(env->styles, s->id);
    if (!job->library[at])
        return stz_fail(err, STYLIZE_ERR_NOT_FOUND, "style \"%.80s\" is not in the library", s->id);
    s->id = stz_style_id(job->library[at]);
    return STYLIZE_OK;
}

/* Takes the styles that have a weight, puts those of one mask together. */
static stylize_status take_styles(const stz_env *env, stz_job *job, stylize_error *err)
{
    const stylize_request *r = &job->req;
    if (!r->styles || !r->style_count)
        return stz_fail(err, STYLIZE_ERR_INVALID, "the request has no style");
    if (r->style_count > STYLIZE_STYLES_MAX)
        return stz_fail(err, STYLIZE_ERR_INVALID, "a blend of %zu styles; at most %d are allowed",
                        r->style_count, STYLIZE_STYLES_MAX);
    size_t numbers[STYLIZE_STYLES_MAX], count = 0;
    for (size_t i = 0; i < r->style_count; i++) {
        if (r->styles[i].weight == 0) /* takes no part */
            continue;
        const stylize_status status = take_style(env, job, i, count, err);
        if (status != STYLIZE_OK)
            return status;
        numbers[count++] = i;
    }
    if (!count)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s",
                        r->style_count > 1 ? "the weights of all styles are 0; one must be above 0"
                                           : "the weight of the style is 0; it must be above 0");
    job->req.style_count = count;
    return stz_layers_take(env, job, numbers, err);
}

/* Whether one network can paint all styles of the job; otherwise which one it cannot. */
static bool paints_all(const stz_job *job, const stz_model *model, const char **missing)
{
    for (size_t i = 0; i < job->req.style_count; i++) {
        const stz_style *style = job->library[i];
        *missing = style ? stz_style_id(style) : "a picture";
        if (style ? model->code_length && !stz_style_code(style, model) : !model->encodes)
            return false;
        if (style && !model->code_length && (job->req.style_count > 1 || stz_style_model(style) != model))
            return false;
    }
    return true;
}

/* The method optimize looks at pictures only: of a library style, at its artwork. */
static stylize_status choose_loss(const stz_env *env, const stz_job *job, const stz_model **out,
                                  stylize_error *err)
{
    *out = stz_style_lib_loss(env->styles);
    if (!*out)
        return stz_fail(
            err, STYLIZE_ERR_UNSUPPORTED,
            "method optimize needs a loss network, and the model folder has none; use fast or any");
    for (size_t i = 0; i < job->req.style_count; i++)
        if (job->library[i] && !stz_style_artwork(job->library[i]))
            return stz_fail(err, STYLIZE_ERR_UNSUPPORTED,
                            "style \"%s\" has no artwork in the library, which method optimize needs; "
                            "give the picture itself as the style",
                            stz_style_id(job->library[i]));
    return STYLIZE_OK;
}

static stylize_status choose_model(const stz_env *env, const stz_job *job, const stz_model **out,
                                   stylize_error *err)
{
    const stz_model *encoder = stz_style_lib_encoder(env->styles);
    const stz_model *own = job->library[0] ? stz_style_model(job->library[0]) : NULL;
    const char *missing = "";
    if (job->req.method == STYLIZE_METHOD_OPTIMIZE)
        return choose_loss(env, job, out, err);
    bool pictures = false;
    for (size_t i = 0; i < job->req.style_count; i++)
        pictures |= job->styles[i].picture != NULL;
    if (job->req.method == STYLIZE_METHOD_FAST && pictures)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED,
                        "method fast paints library styles only; use any for a picture as style");
    if (job->req.method != STYLIZE_METHOD_ANY && own && paints_all(job, own, &missing)) {
        *out = own;
        return STYLIZE_OK;
    }
    if (job->req.method != STYLIZE_METHOD_FAST && !encoder)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED,
                        "no network for pictures as style is in the model folder");
    if (job->req.method != STYLIZE_METHOD_FAST && paints_all(job, encoder, &missing)) {
        *out = encoder;
        return STYLIZE_OK;
    }
    return stz_fail(err, STYLIZE_ERR_UNSUPPORTED,
                    job->req.style_count > 1 ? "style \"%s\" has no code for the network that the blend needs"
                                             : "style \"%s\" cannot be painted by this method",
                    missing);
}

static stylize_status choose_styles(const stz_env *env, stz_job *job, const stz_model **model,
                                    stylize_error *err)
{
    stylize_status status = take_styles(env, job, err);
    return status == STYLIZE_OK ? choose_model(env, job, model, err) : status;
}

stylize_status stz_job_fill(const stz_env *env, stz_job *job, const stylize_request *req, stylize_error *err)
{
    if (!req)
        return stz_fail(err, STYLIZE_ERR_INVALID, "request is NULL");
    if (!stz_tagged_read(STZ_TAG_REQUEST, &job->req, req))
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "the request is not initialised, or from a newer header; "
                        "call stylize_request_init first");
    const stz_model *model = NULL;
    stylize_status status;
    job->deep = job->req.output_depth == 16;
    if (job->req.style_scale == 0)
        job->req.style_scale = 1;
    if ((job->req.style_scale != 1 || job->req.look || job->req.masks) && (job->share || job->req.tiling))
        return stz_fail(
            err, STYLIZE_ERR_UNSUPPORTED,
            "a tiling is of one painting at the output's size; style_scale must be 1, look 0 and masks NULL");
    if (job->share && job->req.tiling)
        return stz_fail(err, STYLIZE_ERR_INVALID, "a tiling is made for a whole picture, not for a tile");
    if ((status = check_values(env, &job->req, err)) || (status = check_content(env, job, err)) ||
        (status = check_target(job, err)) ||
        (status = job->req.tiling ? stz_tiling_open(env, job, &model, err)
                                  : choose_styles(env, job, &model, err))) {
        stz_job_release(job);
        return status;
    }
    status = stz_deep_check(job, err);
    if (status != STYLIZE_OK) {
        stz_job_release(job);
        return status;
    }
    if (job->share && model->optimizes) {
        stz_job_release(job);
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED,
                        "method optimize looks at the whole picture in each step; it cannot be shared out");
    }
    if (!job->req.tiling)
        job->req.styles = job->styles;
    job->req.masks = job->req.style_masks = NULL; /* the layers and parts have them */
    if (job->share)
        job->req.strength = 1; /* at 0 there would be nothing to paint, and so no statistics */
    job->net = stz_nets_find(&env->nets, model);
    job->progress = -1;
    job->report = (stylize_report){.struct_size = sizeof job->report, .tiles = 1, .batch_size = 1};
    job->report.strength = job->req.strength == STYLIZE_STRENGTH_AUTO ? 1 : job->req.strength;
    memcpy(job->report.model, model->name, sizeof job->report.model);
    return STYLIZE_OK;
}
