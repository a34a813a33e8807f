/* The torch engine's part of the method optimize. */
#include <string.h>

#include "engine/torch/torch_engine.h"

stylize_status stz_torch_load_loss(torch_engine *e, const stz_model *m, const char *path, torch_net *net,
                                   stylize_error *err)
{
    stz_torch_loss_spec spec = {
        .path = path,
        .layers = m->layers,
        .multiple = m->multiple,
        .radius = m->receptive_radius,
        .range = m->range,
        .mean = {m->mean[0], m->mean[1], m->mean[2]},
        .std = {m->std[0], m->std[1], m->std[2]},
    };
    memcpy(spec.style_weights, m->style_weights, sizeof spec.style_weights);
    memcpy(spec.content_weights, m->content_weights, sizeof spec.content_weights);
    reason why;
    const int code = e->plugin->loss_load(e->torch[0], &spec, &net->loss, stz_torch_listen(&why));
    return code == STZ_TORCH_OK ? STYLIZE_OK : stz_torch_fail_net(err, code, m->name, why.text);
}

typedef struct watcher {
    const stz_optimize *job;
    const stz_exec *exec;
} watcher;

static int watch(void *user, int evaluations, int shown)
{
    const watcher *w = user;
    if (stz_cancelled(w->exec))
        return 1;
    return w->job->progress && !w->job->progress(w->job->user, (uint32_t)evaluations, shown != 0);
}

static bool sides_fit(const stz_view *v, int multiple)
{
    return v->data && v->width >= multiple && v->height >= multiple && v->width % multiple == 0 &&
           v->height % multiple == 0 && stz_torch_fits(v);
}

static const char *wrong_job(const torch_net *net, const stz_optimize *job)
{
    if (!sides_fit(&job->content, net->multiple) || !sides_fit(&job->out, net->multiple))
        return "the picture's sides are not multiples of what the network needs";
    if (job->content.width != job->out.width || job->content.height != job->out.height ||
        job->out.elem != STZ_U8)
        return "the result must be bytes and have the content's size";
    if (job->style_count < 1 || job->style_count > STYLIZE_STYLES_MAX || job->iterations < 1)
        return "there is no style, or nothing to do";
    for (int i = 0; i < job->style_count; i++)
        if (!sides_fit(&job->styles[i], net->multiple))
            return "a style picture's sides are not multiples of what the network needs";
    return NULL;
}

stylize_status stz_torch_optimize_picture(void *engine, void *net, const stz_optimize *job,
                                          const stz_exec *exec, stylize_error *err)
{
    const torch_net *n = net;
    const char *wrong = n->loss ? wrong_job(n, job) : "it is no loss network";
    if (wrong)
        return stz_torch_fail_net(err, STYLIZE_ERR_INVALID, n->name, wrong);
    if (job->fine)
        return stz_torch_fail_net(err, STYLIZE_ERR_UNSUPPORTED, n->name,
                                  "this engine optimizes in 8 bits; output_depth 16 needs the native one");
    stz_torch_style styles[STYLIZE_STYLES_MAX];
    for (int i = 0; i < job->style_count; i++) {
        const stz_view *v = &job->styles[i];
        styles[i] = (stz_torch_style){stz_torch_picture_of(v), v->width, v->height, job->weights[i]};
    }
    watcher w = {job, exec};
    const stz_torch_optimize_job task = {
        .content = stz_torch_picture_of(&job->content),
        .out = stz_torch_picture_of(&job->out),
        .start = job->start,
        .width = job->out.width,
        .height = job->out.height,
        .styles = styles,
        .style_count = job->style_count,
        .adam = job->adam,
        .evaluations = (int)job->iterations,
        .seed = job->seed,
        .memory = job->memory,
        .progress = watch,
        .user = &w,
        .picture_every = (int)job->show_every,
    };
    reason why;
    const int code = ((torch_engine *)engine)->plugin->optimize(n->loss, &task, stz_torch_listen(&why));
    if (code != STZ_TORCH_OK)
        return stz_torch_fail_net(err, code, n->name, why.text);
    return stz_cancelled(exec) ? stz_torch_cancelled(err) : STYLIZE_OK;
}
