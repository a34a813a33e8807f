#include "tiles.h"

#include <algorithm>
#include <cmath>

namespace stz
{

std::vector<Tile> cut_tiles(const stz_torch_loss &net, int64_t width, int64_t height, size_t memory)
{
    const int64_t multiple = net.spec.multiple;
    const int64_t margin = (net.spec.radius + multiple - 1) / multiple * multiple;
    if (net.bytes * static_cast<double>(width * height) <= static_cast<double>(memory))
        return {{0, 0, width, height, 0, 0, width, height}};
    int64_t side = static_cast<int64_t>(std::sqrt(static_cast<double>(memory) / net.bytes)) - 2 * margin;
    side = std::max(side / multiple * multiple, 4 * multiple);
    std::vector<Tile> tiles;
    for (int64_t y = 0; y < height; y += side)
        for (int64_t x = 0; x < width; x += side) {
            const int64_t x0 = std::max<int64_t>(x - margin, 0), y0 = std::max<int64_t>(y - margin, 0);
            const int64_t w = std::min(side, width - x), h = std::min(side, height - y);
            tiles.push_back({x0, y0, std::min(x + w + margin, width) - x0,
                             std::min(y + h + margin, height) - y0, x, y, w, h});
        }
    return tiles;
}

at::Tensor seen(const at::Tensor &x, const Tile &t)
{
    return x.slice(2, t.y, t.y + t.height).slice(3, t.x, t.x + t.width);
}

at::Tensor inner(const at::Tensor &map, const Tile &t, int64_t stride)
{
    const int64_t y = (t.inner_y - t.y) / stride, x = (t.inner_x - t.x) / stride;
    return map[0].slice(1, y, y + t.inner_height / stride).slice(2, x, x + t.inner_width / stride);
}

at::Tensor inner_of_whole(const at::Tensor &map, const Tile &t, int64_t stride)
{
    return map.slice(1, t.inner_y / stride, (t.inner_y + t.inner_height) / stride)
        .slice(2, t.inner_x / stride, (t.inner_x + t.inner_width) / stride);
}

} // namespace stz
