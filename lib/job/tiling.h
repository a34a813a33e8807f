/* A tiling as bytes: what a machine needs to paint any tile of a picture that it never saw whole. */
#ifndef STZ_TILING_H
#define STZ_TILING_H

#include "sched/ctx.h"

/* A tiling that was read: geometry, and where the numbers lie in the caller's memory (not aligned). */
typedef struct stz_tiling_view {
    stz_tiling t;
    char model[64];
    int code_length;
    int stats_length; /* 0: one tile, the whole picture with statistics of its own */
    const uint8_t *code, *stats;
} stz_tiling_view;

/* Checks every byte of it; INVALID if it is damaged or was made by another version. */
stylize_status stz_tiling_read(const void *data, size_t size, stz_tiling_view *out, stylize_error *err);

/* What a job that makes a tiling gives to its caller, who frees data. */
struct stz_shared {
    void *data;
    size_t size;
};

/* For a request with a tiling: finds its network, the tile, and the part of the content it needs. */
stylize_status stz_tiling_open(stylize_ctx *ctx, stz_job *job, const stz_model **model, stylize_error *err);
/* The engine steps of a job that makes a tiling, and of one that paints a tile. */
stylize_status stz_tiling_make(stylize_ctx *ctx, stz_job *job, const float *code, uint64_t budget,
                               const stz_exec *exec, stylize_error *err);
stylize_status stz_tiling_paint(stylize_ctx *ctx, stz_job *job, float *code, uint64_t budget,
                                const stz_exec *exec, stylize_error *err);

#endif
