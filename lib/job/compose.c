#include "job/compose.h"

#include "image/stack.h"
#include "job/code.h"
#include "job/mask.h"
#include "job/picture.h"
#include "job/refine.h"

/* Brings what was painted to the output's size. */
static stylize_status scale_painted(const stz_env *env, stz_job *job, stylize_error *err)
{
    const stylize_image *p = &job->painted;
    if (p->width == job->content.width && p->height == job->content.height)
        return STYLIZE_OK;
    stylize_image scaled;
    const stylize_status status =
        stz_resize_whole(p, job->content.width, job->content.height, env->pool, &scaled, err);
    if (status == STYLIZE_OK) {
        stylize_image_free(&job->painted);
        job->painted = scaled;
    }
    return status;
}

/* One layer into job->painted, of the output's size. */
static stylize_status paint_layer(stz_env *env, stz_job *job, const stz_layer *layer, float *code,
                                  const stz_exec *exec, stylize_error *err)
{
    stylize_status status = STYLIZE_OK;
    if (job->net->model->code_length)
        status = stz_job_code(env, job, layer, exec, code, err);
    if (status == STYLIZE_OK)
        status = stz_image_alloc(env->pool, job->work.width, job->work.height,
                                 job->deep ? STYLIZE_FORMAT_RGB16 : STYLIZE_FORMAT_RGB8, &job->painted, err);
    if (status == STYLIZE_OK && stz_refines(job))
        return stz_paint_refined(env, job, layer, code, exec, err);
    if (status == STYLIZE_OK)
        status = stz_paint_picture(env, job, job->each, layer, code, exec, err);
    return status == STYLIZE_OK ? scale_painted(env, job, err) : status;
}

/* The mask comes first: a bad one costs no painting, an empty one needs none. */
static stylize_status add_layer(stz_env *env, stz_job *job, const stz_layer *layer, stz_stack *stack,
                                float *code, const stz_exec *exec, stylize_error *err)
{
    stylize_image mask = {0};
    stylize_status status = layer->mask ? stz_mask_load(env, job, layer, &mask, err) : STYLIZE_OK;
    if (status != STYLIZE_OK || (layer->mask && stz_mask_empty(&mask)))
        goto done;
    status = paint_layer(env, job, layer, code, exec, err);
    if (status == STYLIZE_OK)
        status = stz_stack_add(env->pool, stack, &job->painted, layer->mask ? &mask : NULL, layer->share,
                               job->layer_count == 1, err);
done:
    stylize_image_free(&mask);
    return status;
}

stylize_status stz_paint_composed(stz_env *env, stz_job *job, float *code, const stz_exec *exec,
                                  stylize_error *err)
{
    stz_stack stack = {0};
    stylize_status status = STYLIZE_OK;
    for (int i = 0; i < job->layer_count && status == STYLIZE_OK; i++) {
        status = add_layer(env, job, &job->layers[i], &stack, code, exec, err);
        job->layers_done++;
        if (status == STYLIZE_OK && (stz_cancelled(exec) || !stz_job_painted(job, 0)))
            status = stz_fail(err, STYLIZE_ERR_CANCELLED, "the request was cancelled");
    }
    if (status == STYLIZE_OK)
        stz_stack_finish(&stack, &job->content, &job->painted);
    stz_stack_free(&stack);
    return status;
}
