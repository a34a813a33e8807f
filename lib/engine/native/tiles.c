#include "engine/native/tiles.h"

int stz_plan_tile, stz_plan_group;

/* Larger tiles multiply less, but waste more at the
 * right and bottom of small pictures, and round three times as much: what is noise in the first layers
 * behind the picture has the most layers before it to grow in, so those have small tiles. */
int stz_plan_tile_of(int layer, int height, int width)
{
    if (stz_plan_tile)
        return stz_plan_tile;
    if (layer == 1 || layer == 2)
        return 4;
    const double t6 = (double)((height + 5) / 6) * ((width + 5) / 6) * 64;
    const double t4 = (double)((height + 3) / 4) * ((width + 3) / 4) * 36;
    return t6 <= t4 ? 6 : 4;
}
