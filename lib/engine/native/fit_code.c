/* The style code, by L-BFGS on a few pictures: the loss is the same function in every step. */
#include <math.h>
#include <string.h>

#include "engine/native/fit.h"
#include "engine/native/search.h"

#define HISTORY  20
#define SETTLED  2e-3 /* a fall of the loss in SETTLING steps that is not worth more, a part of it */
#define SETTLING 16

typedef struct code_search {
    stz_fitting *f;
    size_t length;   /* of a vector */
    float *gradient; /* of one picture */
    double best, then[SETTLING];
} code_search;

/* The mean over the pictures; the first comes last, so that its painting is what lies there. */
static stylize_status all_pictures(code_search *s, const float *code, float *gradient, double *loss)
{
    stz_fitting *f = s->f;
    const int count = f->fit->pictures, length = f->generator->graph.code_length;
    memset(gradient, 0, sizeof *gradient * s->length);
    *loss = 0;
    for (int i = count - 1; i >= 0; i--) {
        double own = 0;
        stz_objective_content_bytes(&f->objective, f->contents + (size_t)i * f->content_bytes);
        const stylize_status status =
            stz_fit_evaluate(f, stz_fit_picture(f, i), code, s->gradient, NULL, &own);
        if (status)
            return status;
        *loss += own / count;
        for (int k = 0; k < length; k++)
            gradient[k] += s->gradient[k] / (float)count;
    }
    return STYLIZE_OK;
}

/* Whether so little was won of late that more steps are not worth their time. */
static bool settled(code_search *s, uint32_t made)
{
    double *then = &s->then[made % SETTLING];
    const bool flat = made > SETTLING && *then - s->best < SETTLED * *then;
    *then = s->best;
    return flat;
}

static bool ask(void *user, const float *x, float *gradient, double *loss)
{
    code_search *s = user;
    stz_style_fit *fit = s->f->fit;
    s->f->status = all_pictures(s, x, gradient, loss);
    if (s->f->status)
        return false;
    fit->code_made++;
    if (fit->code_made == 1 || *loss < s->best) {
        s->best = *loss;
        memcpy(fit->code, x, sizeof *x * (size_t)s->f->generator->graph.code_length);
    }
    if (fit->code_made == 1)
        fit->first_loss = *loss;
    fit->code_loss = s->best;
    const stz_fit_state state = {false, fit->code_made, s->best, s->f->painted, s->f->side};
    if (!stz_fit_tell(s->f, &state) || fit->code_made >= fit->code_steps)
        return false;
    fit->code_settled = settled(s, fit->code_made);
    return !fit->code_settled;
}

/* The start whose paintings of one picture are nearest. */
static stylize_status choose_start(code_search *s, float *code)
{
    stz_fitting *f = s->f;
    const stz_style_fit *fit = f->fit;
    double best = INFINITY;
    stz_objective_content_bytes(&f->objective, f->contents);
    for (int i = 0; i < fit->start_count; i++) {
        double loss;
        if (!stz_fit_begins(f))
            return f->status;
        const stylize_status status = stz_fit_paint(f, stz_fit_picture(f, 0), fit->starts[i]);
        if (status)
            return status;
        f->status = stz_objective_evaluate(&f->objective, f->painted, f->gradient, &loss, f->err);
        if (f->status)
            return f->status;
        if (!(loss < best))
            continue;
        best = loss;
        memcpy(code, fit->starts[i], sizeof *code * (size_t)f->generator->graph.code_length);
    }
    return isfinite(best) ? STYLIZE_OK : stz_fail(f->err, STYLIZE_ERR_ENGINE, "the loss is not finite");
}

stylize_status stz_fit_code(stz_fitting *f)
{
    const size_t length = (size_t)stz_round_up(f->generator->graph.code_length, STZ_CHUNK);
    const size_t vectors = stz_search_vectors(false, HISTORY) + 2,
                 records = stz_search_records(length, HISTORY);
    const size_t bytes = vectors * length * sizeof(float) + records * sizeof(double);
    stz_buf *memory = stz_pool_get(f->pool, STZ_MEM_SCRATCH, bytes);
    if (!memory)
        return stz_nomem(f->err, bytes);
    float *x = (float *)(void *)memory->data;
    memset(x, 0, vectors * length * sizeof *x);
    code_search s = {.f = f, .length = length, .gradient = x + length};
    f->status = choose_start(&s, x);
    if (!f->status)
        stz_search_lbfgs(&(stz_search){.kernels = f->generator->kernels,
                                       .team = f->exec->team,
                                       .length = length,
                                       .ask = ask,
                                       .user = &s,
                                       .x = x,
                                       .history = HISTORY,
                                       .vectors = x + 2 * length,
                                       .records = (double *)(void *)(x + vectors * length)});
    /* A search that ends by itself has found nothing better along its last line. */
    f->fit->code_settled |=
        !f->status && f->answer == STZ_FIT_GO_ON && f->fit->code_made < f->fit->code_steps;
    stz_buf_unref(memory);
    return f->status;
}
