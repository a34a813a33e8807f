#include "job/tile.h"

/* Where a tile begins and ends along one axis. */
static void axis(int index, int core, int size, const stz_tiling *t, int *at, int *length, int *outer,
                 int *outer_length)
{
    *at = index * core;
    *length = stz_min(core, size - *at);
    *outer = stz_max(*at - t->margin, 0);
    int end = *at + *length + t->margin;
    if (end >= size)
        end = stz_round_up(size, t->multiple); /* padded by reflection, like the whole picture */
    if (end - *outer < t->min_side)
        *outer = stz_max(end - t->min_side, 0);
    *outer_length = stz_max(end - *outer, t->min_side);
}

stz_tile stz_tiling_at(const stz_tiling *t, int index)
{
    stz_tile tile;
    axis(index % t->columns, t->core_w, t->width, t, &tile.x, &tile.w, &tile.ox, &tile.ow);
    axis(index / t->columns, t->core_h, t->height, t, &tile.y, &tile.h, &tile.oy, &tile.oh);
    return tile;
}

stz_rect stz_tile_part(const stz_tiling *t, const stz_tile *tile)
{
    return (stz_rect){.x = (uint32_t)tile->ox,
                      .y = (uint32_t)tile->oy,
                      .width = (uint32_t)stz_min(tile->ow, t->width - tile->ox),
                      .height = (uint32_t)stz_min(tile->oh, t->height - tile->oy)};
}

static int greatest_divisor(int a, int b) { return b ? greatest_divisor(b, a % b) : a; }

static int core_of(int size, int count, int grid) { return stz_round_up((size + count - 1) / count, grid); }

static uint64_t tile_memory(const stz_net *net, const stz_tiling *t)
{
    const int w = stz_min(t->core_w + 2 * t->margin, stz_round_up(t->width, t->multiple));
    const int h = stz_min(t->core_h + 2 * t->margin, stz_round_up(t->height, t->multiple));
    return stz_net_memory(net, (uint32_t)w, (uint32_t)h) + 2 * (uint64_t)w * (uint64_t)h * 3;
}

stylize_status stz_tiling_plan(const stz_net *net, int width, int height, uint64_t budget, stz_tiling *out,
                               stylize_error *err)
{
    const stz_model *m = net->model;
    const int grid = m->grid / greatest_divisor(m->grid, m->multiple) * m->multiple;
    stz_tiling t = {.width = width,
                    .height = height,
                    .multiple = m->multiple,
                    .min_side = m->min_side,
                    .margin = stz_round_up(m->receptive_radius, grid)};
    int columns = 1, rows = 1;
    for (;;) {
        t.core_w = core_of(width, columns, grid);
        t.core_h = core_of(height, rows, grid);
        if (tile_memory(net, &t) <= budget)
            break;
        if (t.core_w <= grid && t.core_h <= grid)
            return stz_fail(err, STYLIZE_ERR_LIMIT,
                            "a memory budget of %llu bytes is too small for model \"%s\"",
                            (unsigned long long)budget, m->name);
        if (t.core_w >= t.core_h) /* as square as may be: least margin for the area */
            columns++;
        else
            rows++;
    }
    t.columns = (width + t.core_w - 1) / t.core_w;
    t.rows = (height + t.core_h - 1) / t.core_h;
    *out = t;
    return STYLIZE_OK;
}
