#include "job/whole.h"

#include "image/canvas.h"

stylize_status stz_paint_whole(const stz_env *env, stz_job *job, const float *code, const stz_exec *exec,
                               stylize_error *err)
{
    stz_canvas canvas;
    const stz_net *net = job->net;
    stylize_status status =
        stz_canvas_open(&canvas, &job->work, &job->painted, net->model->multiple, env->pool, err);
    if (status != STYLIZE_OK)
        return status;
    const stz_apply apply = {.in = stz_view_of(&canvas.in), .out = stz_view_of(&canvas.out), .code = code};
    status = net->engine->table->apply(net->engine->state, net->net, &apply, 1, exec, err);
    stz_canvas_close(&canvas, &job->painted);
    return status;
}
