/* The public functions on styles of one's own. */
#include <math.h>

#include "base/tagged.h"
#include "job/learn.h"
#include "sched/guest.h"
#include "style/save.h"

#define SCALE_MIN 0.25f
#define SCALE_MAX 8.0f

stylize_status stylize_fit_init(stylize_fit *f, size_t size)
{
    return stz_tagged_init(STZ_TAG_FIT, f, size) ? STYLIZE_OK : STYLIZE_ERR_INVALID;
}

static stylize_status check(const stylize_ctx *ctx, const stylize_fit *f, stylize_error *err)
{
    const stylize_status status = stz_style_info_check(f->info, err);
    if (status)
        return status;
    if (!f->picture)
        return stz_fail(err, STYLIZE_ERR_INVALID, "picture is NULL");
    if ((int)f->effort < STYLIZE_EFFORT_FAST || (int)f->effort > STYLIZE_EFFORT_BEST)
        return stz_fail(err, STYLIZE_ERR_INVALID, "effort is %d; 0 (fast), 1 (good) and 2 (best) are allowed",
                        (int)f->effort);
    if (f->style_scale != 0 && !(f->style_scale >= SCALE_MIN && f->style_scale <= SCALE_MAX))
        return stz_fail(err, STYLIZE_ERR_INVALID, "style_scale is %g; %g to %g are allowed",
                        (double)f->style_scale, (double)SCALE_MIN, (double)SCALE_MAX);
    if (f->content_count && !f->contents)
        return stz_fail(err, STYLIZE_ERR_INVALID, "contents is NULL, content_count is %zu", f->content_count);
    if (f->memory_budget && f->memory_budget < (UINT64_C(32) << 20))
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "memory_budget is %llu; 33554432 bytes (32 MiB) or more are allowed",
                        (unsigned long long)f->memory_budget);
    if (!ctx->style_dir)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED,
                        "there is no style folder; set the option style_dir or STYLIZE_STYLES");
    if (!stz_learn_base(ctx->env.styles) || !stz_style_lib_loss(ctx->env.styles))
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "the model folder has no %s",
                        stz_style_lib_loss(ctx->env.styles) ? "network that a style code steers"
                                                            : "loss network");
    return STYLIZE_OK;
}

typedef struct fitting {
    stz_net *loss;
    const char *dir;
    stylize_fit *fit;
} fitting;

static stylize_status fit_task(stz_env *env, const stz_exec *exec, void *arg, stylize_error *err)
{
    const fitting *f = arg;
    return stz_learn_style(env, f->loss, f->dir, f->fit, exec, err);
}

stylize_status stylize_style_fit(stylize_ctx *ctx, stylize_fit *f, stylize_error *err)
{
    if (!ctx || !f)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is NULL", ctx ? "f" : "ctx");
    stylize_fit own;
    if (!stz_tagged_read(STZ_TAG_FIT, &own, f))
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "the fit is not initialised, or from a newer header; call stylize_fit_init first");
    stylize_status status = check(ctx, &own, err);
    if (status)
        return status;
    stz_style *there = stz_style_lib_find(ctx->env.styles, own.info->id); /* before the work, not after it */
    if (there) {
        stz_style_unref(there);
        return stz_fail(err, STYLIZE_ERR_EXISTS, "style \"%.80s\" is there already", own.info->id);
    }
    fitting task = {stz_nets_find(&ctx->env.nets, stz_style_lib_loss(ctx->env.styles)), ctx->style_dir, &own};
    status = stz_guest_run(ctx, task.loss, fit_task, &task, err);
    if (!status)
        stz_tagged_write(STZ_TAG_FIT, f, &own);
    return status;
}

stylize_status stylize_style_delete(stylize_ctx *ctx, const char *id, stylize_error *err)
{
    if (!ctx || !id)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is NULL", ctx ? "id" : "ctx");
    stz_style *style = stz_style_lib_find(ctx->env.styles, id);
    if (!style)
        return stz_fail(err, STYLIZE_ERR_NOT_FOUND, "there is no style \"%.80s\"", id);
    stylize_status status = STYLIZE_OK;
    if (!stz_style_own_folder(style) || !ctx->style_dir)
        status = stz_fail(err, STYLIZE_ERR_INVALID, "\"%.80s\" is not a style of one's own", id);
    if (!status)
        status = stz_style_folder_remove(ctx->style_dir, id, err);
    if (!status)
        status = stz_style_lib_remove(ctx->env.styles, id, err);
    stz_style_unref(style);
    return status;
}
