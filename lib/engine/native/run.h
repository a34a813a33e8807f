/* Runs a planned network: layer after layer, each a section of the team. */
#ifndef STZ_RUN_H
#define STZ_RUN_H

#include "engine/native/net.h"

/* One picture through a generator. */
stylize_status stz_run_apply(stz_part *part, const stz_apply *job, stz_pool *pool, const stz_exec *exec,
                             stylize_error *err);
/* For measurements: called after each layer with its index and nanoseconds, if not NULL. On the way back with the
 * index and once the number of layers more for the adjoint convolution, twice for its settling. */
extern void (*stz_run_trace)(int layer, uint64_t ns);

/* ---- for those who run it in steps: the way back, the probe of an encoder */

/* One run. */
typedef struct stz_run {
    stz_part *part;
    stz_plan *plan;
    uint8_t *arena;
    const stz_apply *job;
    const stz_view *in;
    const stz_exec *exec;
    /* A loss network: called after each layer that makes a feature map; NULL: not wanted. */
    void (*on_tap)(void *user, const struct stz_run *r, int layer);
    void *user;
} stz_run;

static inline float *stz_run_floats(const stz_run *r, size_t at) { return (float *)(void *)(r->arena + at); }

/* NULL for an index below 0. */
static inline void *stz_run_tensor(const stz_run *r, int index)
{
    return index < 0 ? NULL : r->arena + r->plan->tensor_at[index];
}

/* What a run needs: a plan for the size, scratch of every worker, the arena. `end` gives it back. */
stylize_status stz_run_begin(stz_run *r, int width, int height, bool gradient, stz_pool *pool,
                             stz_buf **arena, stylize_error *err);
void stz_run_end(const stz_run *r, stz_buf *arena);
/* Layers 0 to count - 1. */
stylize_status stz_run_layers(const stz_run *r, int count, stylize_error *err);
/* What the convolution of a layer reads and writes. */
stz_conv_run stz_run_conv(const stz_run *r, int layer);
/* A vector may be read past the last channel of the last pixel of a tensor: what lies there must be a number. */
void stz_run_clear_tail(const stz_run *r, int tensor);
/* Gamma and beta of a norm. */
void stz_run_norm(const stz_run *r, const stz_op *op, const float **gamma, const float **beta);

#endif
