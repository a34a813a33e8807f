/* How a picture is cut into tiles. */
#ifndef STZ_TILE_H
#define STZ_TILE_H

#include "engine/net.h"
#include "image/image.h"

/* Tiles share out the picture: columns x rows cores of core_w x core_h pixels (the last of a row or
 * column may be smaller), origins on the network's grid. The engine sees each core with a margin of
 * at least the receptive radius, except at the picture's own border, so that in the core it computes
 * exactly what it would in the whole picture. */
typedef struct stz_tiling {
    int width, height; /* the picture */
    int core_w, core_h;
    int columns, rows;
    int margin;
    int multiple, min_side;
} stz_tiling;

typedef struct stz_tile {
    int x, y, w, h;     /* core, in the picture */
    int ox, oy, ow, oh; /* what the engine sees: core and margins, up to the network's multiple */
} stz_tile;

/* The largest tiles that stay within the budget; LIMIT if even the smallest do not. */
stylize_status stz_tiling_plan(const stz_net *net, int width, int height, uint64_t budget, stz_tiling *out,
                               stylize_error *err);
stz_tile stz_tiling_at(const stz_tiling *t, int index);
/* The part of the picture that a tile is painted from: what the engine sees, without the padding. */
stz_rect stz_tile_part(const stz_tiling *t, const stz_tile *tile);

#endif
