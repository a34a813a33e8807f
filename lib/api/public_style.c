/* The public functions on styles, and warm-up. */
#include <string.h>

#include "job/code.h"
#include "sched/queue.h"

stylize_status stylize_style_list(stylize_ctx *ctx, const char *lang, stylize_style_info **list,
                                  size_t *count, stylize_error *err)
{
    if (!ctx || !list || !count)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is NULL", !ctx ? "ctx" : !list ? "list" : "count");
    *list = NULL;
    *count = 0;
    return stz_style_lib_list(ctx->env.styles, lang, list, count, err);
}

struct add {
    stz_net *net;
    const stylize_image *picture;
    const stylize_style_info *info;
};

static stylize_status add_task(stz_env *env, const stz_exec *exec, void *arg, stylize_error *err)
{
    const struct add *add = arg;
    const stz_model *model = add->net->model;
    const size_t bytes = (size_t)model->code_length * sizeof(float);
    stz_buf *code = stz_pool_get(env->pool, STZ_MEM_SCRATCH, bytes);
    if (!code)
        return stz_nomem(err, bytes);
    float *values = (float *)(void *)code->data;
    stylize_status status = stz_picture_code(env, add->net, add->picture, NULL, exec, values, NULL, err);
    if (status == STYLIZE_OK)
        status = stz_style_lib_add(env->styles, add->info, model, values, err);
    stz_buf_unref(code);
    return status;
}

stylize_status stylize_style_add(stylize_ctx *ctx, const stylize_style_info *info,
                                 const stylize_image *picture, stylize_error *err)
{
    if (!ctx || !info || !info->id || !picture)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is NULL",
                        !ctx       ? "ctx"
                        : !picture ? "picture"
                                   : "the style's id");
    const stz_model *encoder = stz_style_lib_encoder(ctx->env.styles);
    if (!encoder)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED,
                        "no network for pictures as style is in the model folder");
    stz_style *there = stz_style_lib_find(ctx->env.styles, info->id); /* before the work, not after it */
    if (there) {
        stz_style_unref(there);
        return stz_fail(err, STYLIZE_ERR_EXISTS, "style \"%.80s\" is there already", info->id);
    }
    struct add add = {stz_nets_find(&ctx->env.nets, encoder), picture, info};
    return stz_queue_task(ctx, add.net, add_task, &add, err);
}

stylize_status stylize_style_remove(stylize_ctx *ctx, const char *id, stylize_error *err)
{
    if (!ctx || !id)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is NULL", ctx ? "id" : "ctx");
    return stz_style_lib_remove(ctx->env.styles, id, err);
}

#define WARM_UP_RUNS 3

static stylize_status warm(stylize_ctx *ctx, const stylize_style_ref *style, const stylize_image *empty,
                           stylize_error *err)
{
    stylize_request req;
    stylize_request_init(&req, sizeof req);
    req.content = empty;
    req.styles = style;
    req.style_count = 1;
    stylize_status status = STYLIZE_OK;
    for (int i = 0; i < WARM_UP_RUNS && status == STYLIZE_OK; i++) {
        stylize_image out = {0};
        status = stylize_ctx_run(ctx, &req, &out, err);
        stylize_image_free(&out);
    }
    return status;
}

/* Each network once: by the first style that it paints. */
static stylize_status warm_all(stylize_ctx *ctx, const stylize_image *empty, stylize_error *err)
{
    stylize_style_info *list;
    size_t count;
    stylize_status status = stz_style_lib_list(ctx->env.styles, NULL, &list, &count, err);
    for (size_t i = 0; i < count && status == STYLIZE_OK; i++) {
        bool seen = false;
        for (size_t k = 0; k < i; k++)
            seen |= !strcmp(list[k].model, list[i].model);
        const stylize_style_ref style = {.id = list[i].id, .weight = 1};
        if (!seen)
            status = warm(ctx, &style, empty, err);
    }
    stylize_free(list);
    const stylize_style_ref picture = {.picture = empty, .weight = 1};
    if (status == STYLIZE_OK && stz_style_lib_encoder(ctx->env.styles))
        status = warm(ctx, &picture, empty, err);
    return status;
}

stylize_status stylize_ctx_warm_up(stylize_ctx *ctx, const char *style, uint32_t size, stylize_error *err)
{
    if (!ctx)
        return stz_fail(err, STYLIZE_ERR_INVALID, "ctx is NULL");
    if (!size)
        size = 512;
    if (size < 32 || size > ctx->env.limits.max_side || (uint64_t)size * size > ctx->env.limits.max_pixels)
        return stz_fail(err, STYLIZE_ERR_INVALID, "size is %u; 32 to %u pixels are allowed", size,
                        ctx->env.limits.max_side);
    stylize_image empty;
    stylize_status status = stz_image_alloc(ctx->env.pool, size, size, STYLIZE_FORMAT_RGB8, &empty, err);
    if (status != STYLIZE_OK)
        return status;
    memset(empty.pixels, 128, empty.size);
    stylize_image input = empty;
    input.owner = NULL;
    if (!style) {
        status = warm_all(ctx, &input, err);
    } else {
        const stylize_style_ref ref = {*style ? style : NULL, *style ? NULL : &input, 1};
        status = warm(ctx, &ref, &input, err);
    }
    stylize_image_free(&empty);
    return status;
}
