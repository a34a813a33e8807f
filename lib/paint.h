/* The pieces of the engine step. */
#ifndef STZ_PAINT_H
#define STZ_PAINT_H

#include "ctx.h"

/* Bytes the engine needs for a picture of this size before padding. */
size_t stz_paint_memory(const stz_ctx_net *net, uint32_t width, uint32_t height);
/* In one piece, into job->painted. */
stylize_status stz_paint_whole(stylize_ctx *ctx, stz_job *job, const float *code, const stz_exec *exec,
                               stylize_error *err);
/* In tiles that keep the engine within `budget` bytes, with the instance-norm statistics of a
 * thumbnail, into job->painted. */
stylize_status stz_paint_tiled(stylize_ctx *ctx, stz_job *job, const float *code, uint64_t budget,
                               const stz_exec *exec, stylize_error *err);

#endif
