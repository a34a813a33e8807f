/* Runs a planned network: layer after layer, each a section of the team. */
#ifndef STZ_RUN_H
#define STZ_RUN_H

#include "engine/native/net.h"

/* One picture through a generator. */
stylize_status stz_run_apply(stz_part *part, const stz_apply *job, stz_pool *pool, const stz_exec *exec,
                             stylize_error *err);
/* A style picture through an encoder; the generator paints the probe, if the encoder has one. */
stylize_status stz_run_encode(stz_part *encoder, stz_part *generator, const stz_view *style, float *code,
                              stz_pool *pool, const stz_exec *exec, stylize_error *err);

/* For measurements: called after each layer with its index and nanoseconds, if not NULL. On the way back with the
 * index and once the number of layers more for the adjoint convolution, twice for its settling. */
extern void (*stz_run_trace)(int layer, uint64_t ns);

#endif
