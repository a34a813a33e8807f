/* One picture on the way: painted, looked at, and back. */
#include <math.h>

#include "engine/native/fit.h"
#include "engine/native/grid_loss.h"

/* Weights of losses that see no features. */
#define GRID   1500.0
#define STEADY 75.0

stylize_status stz_fit_paint(stz_fitting *f, const float *picture, const float *code)
{
    union {
        const float *read;
        void *data;
    } in = {picture};
    f->kept.job.in.data = in.data;
    f->kept.job.code = code;
    return stz_kept_forward(&f->kept, f->err);
}

stylize_status stz_fit_evaluate(stz_fitting *f, const float *picture, const float *code, float *code_gradient,
                                float *weight_gradient, double *loss)
{
    stylize_status status = stz_fit_paint(f, picture, code);
    if (!status)
        status = stz_objective_evaluate(&f->objective, f->painted, f->gradient, loss, f->err);
    if (status)
        return status;
    *loss += stz_grid_loss(f->painted, f->side, f->side, STZ_LOSS_SCALE * GRID, f->gradient, f->records,
                           f->exec->team);
    double unsteady = 0; /* no part of the loss, which is that of a single picture */
    if (f->before)
        unsteady = stz_steady_loss(f->painted, f->place, f->before, f->before_place, f->side,
                                   STZ_LOSS_SCALE * STEADY, f->gradient, f->records, f->exec->team);
    if (!isfinite(*loss + unsteady))
        return stz_fail(f->err, STYLIZE_ERR_ENGINE, "the loss is not finite");
    const stz_back_job back = {.result = f->gradient, .code = code_gradient, .weights = weight_gradient};
    return stz_kept_back(&f->kept, &back, f->err);
}

bool stz_fit_tell(stz_fitting *f, const stz_fit_state *state)
{
    const stz_fit_answer said = f->fit->progress ? f->fit->progress(f->fit->user, state) : STZ_FIT_GO_ON;
    if (said != STZ_FIT_GO_ON) /* that it is to be kept is not forgotten until the first step is made */
        f->answer = said;
    if (f->answer == STZ_FIT_CANCEL)
        f->status = stz_fail(f->err, STYLIZE_ERR_CANCELLED, "cancelled");
    return f->answer == STZ_FIT_GO_ON;
}

bool stz_fit_begins(stz_fitting *f)
{
    const stz_fit_state none = {.side = f->side};
    return stz_fit_tell(f, &none) || f->answer != STZ_FIT_CANCEL;
}
