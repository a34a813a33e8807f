/* Tilings: what a machine needs to paint any tile of a picture that it never saw whole. */
#ifndef STZ_TILING_H
#define STZ_TILING_H

#include "job/env.h"
#include "job/job.h"

/* For a request with a tiling: finds its network, the tile, and the part of the content it needs. */
stylize_status stz_tiling_open(const stz_env *env, stz_job *job, const stz_model **model, stylize_error *err);
/* The engine steps of a job that makes a tiling, and of one that paints a tile. */
stylize_status stz_tiling_make(const stz_env *env, stz_job *job, const float *code, const stz_exec *exec,
                               stylize_error *err);
/* code: room for one of the network. */
stylize_status stz_tiling_paint(const stz_env *env, stz_job *job, float *code, const stz_exec *exec,
                                stylize_error *err);

#endif
