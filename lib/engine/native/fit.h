/*
 * A style of one's own: a generator that paints by style codes learns the style of one artwork. First only the code,
 * gamma and beta of each norm (Dumoulin, Shlens and Kudlur 2017, arXiv 1610.07629), by L-BFGS on a few pictures; then, if
 * wanted, all weights by Adam on as many as there is time for (Johnson, Alahi and Fei-Fei 2016, arXiv 1603.08155).
 */
#ifndef STZ_FIT_H
#define STZ_FIT_H

#include "engine/native/objective.h"
#include "engine/native/steady_loss.h"

/* As stz_engine.fit. generator: a network of its own, which is changed; loss and spec: a loss network and what it says
 * of the weights of its feature maps. */
stylize_status stz_fit_run(stz_native_net *generator, stz_part *loss, const stz_loss_spec *spec,
                           stz_style_fit *fit, stz_pool *pool, const stz_exec *exec, stylize_error *err);

/* ---- between the files of fitting */

typedef struct stz_fitting {
    stz_style_fit *fit;
    stz_native_net *net;
    stz_part *generator;
    stz_loss_spec spec;
    stz_optimize goal; /* the objective's job */
    stz_pool *pool;
    const stz_exec *exec;
    stylize_error *err;
    int side;
    size_t samples; /* of a picture */
    stz_objective objective;
    stz_kept_run kept;
    stz_buf *memory;
    float *pictures; /* fit->pictures of them, then one more */
    float *painted, *gradient;
    uint8_t *contents; /* what is known of each picture */
    size_t content_bytes;
    double *records;
    const float *before; /* the painting of a window beside this picture's in the same one; NULL: none */
    stz_place place, before_place;
    stylize_status status;
    stz_fit_answer answer;
} stz_fitting;

/* The code, from the nearest of those to begin with; then the whole network. */
stylize_status stz_fit_code(stz_fitting *f);
stylize_status stz_fit_network(stz_fitting *f);

/* The picture's loss and gradients: of the code, and of the weights if not NULL. Its content is the objective's. */
stylize_status stz_fit_evaluate(stz_fitting *f, const float *picture, const float *code, float *code_gradient,
                                float *weight_gradient, double *loss);
stylize_status stz_fit_paint(stz_fitting *f, const float *picture, const float *code);
/* Tells the caller; false: no more. */
bool stz_fit_tell(stz_fitting *f, const stz_fit_state *state);
/* The same before the first step, without which there is nothing that could be kept; false: cancelled. */
bool stz_fit_begins(stz_fitting *f);
static inline float *stz_fit_picture(const stz_fitting *f, int index)
{
    return f->pictures + (size_t)index * f->samples;
}

#endif
