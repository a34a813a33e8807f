#include "job/layers.h"

#include <stdio.h>
#include <string.h>

static stylize_status check_mask(const stz_env *env, const stylize_image *mask, const char *kind,
                                 size_t number, stylize_error *err)
{
    char what[32];
    stylize_image checked;
    if (!mask)
        return STYLIZE_OK;
    snprintf(what, sizeof what, "%s %zu", kind, number);
    stylize_status status = stz_image_check(mask, what, &checked, err);
    if (status == STYLIZE_OK && !stz_is_encoded(checked.format))
        status = stz_limits_pixels(&env->limits, what, checked.width, checked.height, err);
    return status;
}

/* One layer of all styles with the mask of style i; the styles go to the job's from `at` on. */
static stz_layer take_layer(stz_job *job, const stylize_style_ref *styles, stz_style *const *library,
                            const size_t *numbers, bool *taken, size_t i, size_t at)
{
    const stylize_request *r = &job->req;
    stz_layer layer = {.mask = r->masks ? r->masks[numbers[i]] : NULL, .number = numbers[i] + 1, .first = at};
    double sum = 0;
    for (size_t k = i; k < r->style_count; k++) {
        if (taken[k] || (r->masks && r->masks[numbers[k]] != layer.mask))
            continue;
        taken[k] = true;
        job->styles[at + layer.count] = styles[k];
        job->parts[at + layer.count] =
            (stz_style_part){r->style_masks ? r->style_masks[numbers[k]] : NULL, numbers[k] + 1};
        job->library[at + layer.count++] = library[k];
        sum += (double)styles[k].weight;
    }
    for (size_t k = at; k < at + layer.count; k++)
        job->styles[k].weight = (float)((double)job->styles[k].weight / sum);
    layer.share = (float)sum;
    return layer;
}

stylize_status stz_layers_take(const stz_env *env, stz_job *job, const size_t *numbers, stylize_error *err)
{
    const stylize_request *r = &job->req;
    const size_t count = r->style_count;
    stylize_style_ref styles[STYLIZE_STYLES_MAX];
    stz_style *library[STYLIZE_STYLES_MAX];
    bool taken[STYLIZE_STYLES_MAX] = {false};
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        const stylize_image *part = r->style_masks ? r->style_masks[numbers[i]] : NULL;
        stylize_status status =
            check_mask(env, r->masks ? r->masks[numbers[i]] : NULL, "mask", numbers[i] + 1, err);
        if (status == STYLIZE_OK)
            status = check_mask(env, part, "style mask", numbers[i] + 1, err);
        if (status == STYLIZE_OK && part && job->library[i] && r->method != STYLIZE_METHOD_OPTIMIZE)
            status =
                stz_fail(err, STYLIZE_ERR_UNSUPPORTED,
                         "style mask %zu: style \"%.80s\" was read when it was made; give its artwork as a "
                         "picture, or take method optimize",
                         numbers[i] + 1, job->styles[i].id);
        if (status != STYLIZE_OK)
            return status;
        sum += (double)job->styles[i].weight;
    }
    memcpy(styles, job->styles, sizeof styles);
    memcpy(library, job->library, sizeof library);
    job->layer_count = 0;
    for (size_t i = 0, at = 0; i < count; i++) {
        if (taken[i])
            continue;
        stz_layer *layer = &job->layers[job->layer_count++];
        *layer = take_layer(job, styles, library, numbers, taken, i, at);
        layer->share = (float)((double)layer->share / sum);
        at += layer->count;
    }
    return STYLIZE_OK;
}
