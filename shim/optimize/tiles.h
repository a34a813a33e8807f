/* Pictures that are too large for the memory are looked at in tiles. */
#ifndef STZ_TORCH_TILES_H
#define STZ_TORCH_TILES_H

#include <vector>

#include <ATen/ATen.h>

#include "loss.h"

namespace stz
{

/* The part of the picture that a network looks at, and the part of that which counts. */
struct Tile {
    int64_t x, y, width, height; /* seen */
    int64_t inner_x, inner_y;    /* in the picture */
    int64_t inner_width, inner_height;
};

/* Equal tiles of the size that the memory allows, one if it allows that; the margin is what the network sees
 * around a pixel. */
std::vector<Tile> cut_tiles(const stz_torch_loss &net, int64_t width, int64_t height, size_t memory);

/* What of the picture [1, 3, H, W] the network is given. */
at::Tensor seen(const at::Tensor &x, const Tile &t);

/* The part that counts, [C, h, w], of a layer's map of the tile, and of its map of the whole picture. */
at::Tensor inner(const at::Tensor &map, const Tile &t, int64_t stride);
at::Tensor inner_of_whole(const at::Tensor &map, const Tile &t, int64_t stride);

} // namespace stz
#endif
