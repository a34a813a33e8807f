/* A tiling as bytes, to be sent to other machines. */
#ifndef STZ_TILING_BYTES_H
#define STZ_TILING_BYTES_H

#include "job/tile.h"

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

/* A tiling to be written: the numbers lie in data, and are filled before it is sealed. */
typedef struct stz_tiling_bytes {
    void *data; /* from malloc */
    size_t size;
    float *code, *stats;
} stz_tiling_bytes;

/* stats: with room for statistics; without, it is one tile with statistics of its own. */
stylize_status stz_tiling_new(const stz_tiling *t, const stz_model *model, bool stats, stz_tiling_bytes *out,
                              stylize_error *err);
/* The checksum; nothing is changed after it. */
void stz_tiling_seal(const stz_tiling_bytes *bytes);

#endif
