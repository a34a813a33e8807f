/* The pieces of the engine step. */
#ifndef STZ_PAINT_H
#define STZ_PAINT_H

#include "sched/ctx.h"

/* Bytes the engine needs for a picture of this size before padding. */
size_t stz_paint_memory(const stz_ctx_net *net, uint32_t width, uint32_t height);
/* In one piece, job->work into job->painted. */
stylize_status stz_paint_whole(stylize_ctx *ctx, stz_job *job, const float *code, const stz_exec *exec,
                               stylize_error *err);
/* The statistics of all instance norms, from a small version of the content. */
stylize_status stz_thumbnail_stats(stylize_ctx *ctx, stz_job *job, const float *code, uint64_t budget,
                                   const stz_exec *exec, float *stats, stylize_error *err);
/* As the budget allows, or step by step if the network optimises, into job->painted. */
stylize_status stz_paint_picture(stylize_ctx *ctx, stz_job *job, const stz_layer *layer, const float *code,
                                 uint64_t budget, const stz_exec *exec, stylize_error *err);
/* One tile into job->painted. The job's work and painting begin at (x, y) of the picture. */
stylize_status stz_paint_tile(stylize_ctx *ctx, stz_job *job, const stz_tile *tile, int x, int y,
                              const float *code, const float *stats, const stz_exec *exec,
                              stylize_error *err);
/* In tiles that keep the engine within `budget` bytes, with the instance-norm statistics of a
 * thumbnail, into job->painted. */
stylize_status stz_paint_tiled(stylize_ctx *ctx, stz_job *job, const float *code, uint64_t budget,
                               const stz_exec *exec, stylize_error *err);

/* For a composed job: makes job->painted; compose.c. */
stylize_status stz_paint_composed(stylize_ctx *ctx, stz_job *job, float *code, uint64_t budget,
                                  const stz_exec *exec, stylize_error *err);

/* With a loss network, step by step, into job->painted; optimize.c. */
stylize_status stz_paint_optimized(stylize_ctx *ctx, stz_job *job, const stz_layer *layer, uint64_t budget,
                                   const stz_exec *exec, stylize_error *err);

#endif
