#include "job/stats.h"

#include <math.h>

#include "image/canvas.h"

bool stz_stats_frozen(const stz_model *model, uint32_t width, uint32_t height)
{
    return model->stats_length && (width > STZ_STATS_SIDE || height > STZ_STATS_SIDE);
}

void stz_stats_size(const stz_job *job, int *width, int *height)
{
    const stz_model *m = job->net->model;
    const stylize_image *c = &job->work;
    const int least = stz_round_up(m->min_side, m->multiple);
    double scale = fmin(1.0, (double)STZ_STATS_SIDE / stz_max((int)c->width, (int)c->height));
    for (;; scale *= 0.9) {
        *width = stz_max((int)(c->width * scale) / m->multiple * m->multiple, least);
        *height = stz_max((int)(c->height * scale) / m->multiple * m->multiple, least);
        if (scale < 0.02 || stz_net_memory(job->net, (uint32_t)*width, (uint32_t)*height) <= job->budget)
            return;
    }
}

stylize_status stz_job_stats(const stz_env *env, stz_job *job, const float *code, const stz_exec *exec,
                             float *stats, stylize_error *err)
{
    const stz_net *net = job->net;
    const stylize_image *c = &job->work;
    int w, h;
    stz_stats_size(job, &w, &h);
    stylize_image small = {0}, rgb = {0};
    stylize_status status = stz_resize_whole(c, (uint32_t)w, (uint32_t)h, env->pool, &small, err);
    if (status == STYLIZE_OK)
        status = stz_image_alloc(env->pool, (uint32_t)w, (uint32_t)h, STYLIZE_FORMAT_RGB8, &rgb, err);
    if (status == STYLIZE_OK) {
        stz_extract(&small, 0, 0, &rgb);
        const stz_apply apply = {
            .in = stz_view_of(&rgb), .out = {NULL, 0, w, h, STZ_U8}, .code = code, .stats_out = stats};
        status = net->engine->table->apply(net->engine->state, net->net, &apply, 1, exec, err);
    }
    stylize_image_free(&small);
    stylize_image_free(&rgb);
    return status;
}
