/* How large the tiles of stride-1 layers are. */
#ifndef STZ_TILES_H
#define STZ_TILES_H

/* Tuning for tests and measurements: 0 or an output tile side (4, 6) for all stride-1 layers, and a
 * number of tiles in a group. */
extern int stz_plan_tile, stz_plan_group;

/* The side of the output tiles of a stride-1 layer. */
int stz_plan_tile_of(int layer, int height, int width);

#endif
