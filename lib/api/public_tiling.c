/* The public functions on tilings. */
#include <stdlib.h>

#include "base/tagged.h"
#include "job/tiling_bytes.h"
#include "sched/queue.h"

stylize_status stylize_tiling_get(const void *data, size_t size, uint32_t index, stylize_tile *tile,
                                  stylize_error *err)
{
    if (!tile || !stz_tagged_set(tile))
        return stz_fail(err, STYLIZE_ERR_INVALID, tile ? "tile's struct_size is not set" : "tile is NULL");
    stz_tiling_view view;
    stylize_status status = stz_tiling_read(data, size, &view, err);
    if (status != STYLIZE_OK)
        return status;
    const uint32_t count = (uint32_t)view.t.columns * (uint32_t)view.t.rows;
    if (index >= count)
        return stz_fail(err, STYLIZE_ERR_NOT_FOUND, "tile %u of a tiling that has %u", index, count);
    const stz_tile at = stz_tiling_at(&view.t, (int)index);
    const stz_rect part = stz_tile_part(&view.t, &at);
    const stylize_tile found = {.count = count,
                                .canvas_width = (uint32_t)view.t.width,
                                .canvas_height = (uint32_t)view.t.height,
                                .x = (uint32_t)at.x,
                                .y = (uint32_t)at.y,
                                .width = (uint32_t)at.w,
                                .height = (uint32_t)at.h,
                                .from_x = part.x,
                                .from_y = part.y,
                                .from_width = part.width,
                                .from_height = part.height};
    stz_tagged_write(STZ_TAG_TILE, tile, &found);
    return STYLIZE_OK;
}

stylize_status stylize_tiling_create(stylize_ctx *ctx, const stylize_request *req, void **data, size_t *size,
                                     stylize_error *err)
{
    if (!ctx || !req || !data || !size)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is NULL",
                        !ctx   ? "ctx"
                        : !req ? "request"
                               : "data or size");
    *data = NULL;
    *size = 0;
    stz_shared share = {0};
    stylize_status status = stz_queue_share(ctx, req, &share, err);
    if (status != STYLIZE_OK) {
        free(share.data);
        return status;
    }
    *data = share.data;
    *size = share.size;
    return STYLIZE_OK;
}
