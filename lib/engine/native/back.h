/*
 * A network run forward and back: the gradients of a number that depends on its result, by the picture, by the style
 * code and by the weights. Kernels must be those of fp32.
 */
#ifndef STZ_BACK_H
#define STZ_BACK_H

#include "engine/native/run.h"
#include "engine/native/weight_plan.h"

/* What is known of the result, and what is wanted. Pictures are interleaved floats without gaps. */
typedef struct stz_back_job {
    const float *result; /* gradient of the painting; unused in a loss network */
    float *picture;      /* receives the gradient of the picture, or NULL */
    float *code;         /* receives that of the style code, or NULL */
    float *weights;      /* receives that of all weights, stz_back_weight_count numbers, or NULL */
    /* Loss network: adds the gradient of a feature map, which the layer wrote, to what lies at `to`; `fresh`: there
     * is nothing yet. Runs its own sections. */
    void (*on_tap)(void *user, const stz_run *r, int layer, const stz_gradient_view *to, bool fresh);
    void *user;
} stz_back_job;

/* One picture forward, kept for the way back; with `weights` their gradient can be asked for. job: in, out (float samples; a loss network has none) and code,
 * stats and stats_out NULL; it must live until end. on_tap: as in stz_run. */
typedef struct stz_kept_run {
    stz_run run;
    stz_apply job;
    stz_buf *arena, *records; /* records: of the gradients of weights */
} stz_kept_run;

stylize_status stz_kept_begin(stz_kept_run *k, stz_part *part, const stz_apply *job, bool weights,
                              stz_pool *pool, const stz_exec *exec, stylize_error *err);
stylize_status stz_kept_forward(stz_kept_run *k, stylize_error *err);
/* As often as wanted after a forward. */
stylize_status stz_kept_back(const stz_kept_run *k, const stz_back_job *job, stylize_error *err);
void stz_kept_end(stz_kept_run *k);

/* Between the files of the way back. gradient: how the gradient of what the layer wrote is read. */
void stz_back_layer_weights(const stz_kept_run *k, int layer, const stz_conv_run *gradient, float *weights);
#endif
