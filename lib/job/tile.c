/* Pictures that are too large for the memory budget in one piece. */
#include "job/tile.h"

#include <math.h>

#include "image/canvas.h"
#include "job/paint.h"

#define THUMBNAIL_SIDE 1024 /* longer side of the picture that gives the statistics */

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

static uint64_t tile_memory(const stz_ctx_net *net, const stz_tiling *t)
{
    const int w = stz_min(t->core_w + 2 * t->margin, stz_round_up(t->width, t->multiple));
    const int h = stz_min(t->core_h + 2 * t->margin, stz_round_up(t->height, t->multiple));
    return stz_paint_memory(net, (uint32_t)w, (uint32_t)h) + 2 * (uint64_t)w * (uint64_t)h * 3;
}

stylize_status stz_tiling_plan(const stz_ctx_net *net, int width, int height, uint64_t budget,
                               stz_tiling *out, stylize_error *err)
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

stylize_status stz_thumbnail_stats(stylize_ctx *ctx, stz_job *job, const float *code, uint64_t budget,
                                   const stz_exec *exec, float *stats, stylize_error *err)
{
    const stz_ctx_net *net = job->net;
    const stz_model *m = net->model;
    const stylize_image *c = &job->work;
    double scale = fmin(1.0, (double)THUMBNAIL_SIDE / stz_max((int)c->width, (int)c->height));
    int w, h;
    for (;; scale *= 0.9) {
        w = stz_max((int)(c->width * scale) / m->multiple * m->multiple,
                    stz_round_up(m->min_side, m->multiple));
        h = stz_max((int)(c->height * scale) / m->multiple * m->multiple,
                    stz_round_up(m->min_side, m->multiple));
        if (scale < 0.02 || stz_paint_memory(net, (uint32_t)w, (uint32_t)h) <= budget)
            break;
    }
    stylize_image small = {0}, rgb = {0};
    stylize_status status = stz_resize(c, (stz_rect){0, 0, c->width, c->height}, (uint32_t)w, (uint32_t)h,
                                       ctx->pool, &small, err);
    if (status == STYLIZE_OK)
        status = stz_image_alloc(ctx->pool, (uint32_t)w, (uint32_t)h, STYLIZE_FORMAT_RGB8, &rgb, err);
    if (status == STYLIZE_OK) {
        stz_extract(&small, 0, 0, &rgb);
        const stz_apply apply = {
            .in = stz_view_of(&rgb), .out = {NULL, 0, w, h, STZ_U8}, .code = code, .stats_out = stats};
        status = net->engine->table->apply(net->engine->state, net->net, &apply, 1, exec, err);
    }
    stylize_image_free(&small);
    stylize_image_free(&rgb);
    return status;
}

stylize_status stz_paint_tile(stylize_ctx *ctx, stz_job *job, const stz_tile *tile, int x, int y,
                              const float *code, const float *stats, const stz_exec *exec, stylize_error *err)
{
    const stz_ctx_net *net = job->net;
    stylize_image in, out;
    const uint32_t w = (uint32_t)tile->ow, h = (uint32_t)tile->oh;
    stylize_status status = stz_image_alloc(ctx->pool, w, h, STYLIZE_FORMAT_RGB8, &in, err);
    if (status != STYLIZE_OK)
        return status;
    status = stz_image_alloc(ctx->pool, w, h, STYLIZE_FORMAT_RGB8, &out, err);
    if (status == STYLIZE_OK) {
        stz_extract(&job->work, tile->ox - x, tile->oy - y, &in);
        const stz_apply apply = {
            .in = stz_view_of(&in), .out = stz_view_of(&out), .code = code, .stats = stats};
        status = net->engine->table->apply(net->engine->state, net->net, &apply, 1, exec, err);
        if (status == STYLIZE_OK)
            stz_copy_rgb(&out, tile->x - tile->ox, tile->y - tile->oy, &job->painted, tile->x - x,
                         tile->y - y, tile->w, tile->h);
        stylize_image_free(&out);
    }
    stylize_image_free(&in);
    return status;
}

static stylize_status paint_tiles(stylize_ctx *ctx, stz_job *job, const stz_tiling *t, const float *code,
                                  const float *stats, const stz_exec *exec, stylize_error *err)
{
    const int count = t->columns * t->rows;
    stylize_status status = STYLIZE_OK;
    job->report.tiles = (job->report.tiles > 1 ? job->report.tiles : 0) + (uint32_t)count; /* of all layers */
    for (int i = 0; i < count && status == STYLIZE_OK; i++) {
        const stz_tile tile = stz_tiling_at(t, i);
        if (stz_cancelled(exec))
            status = stz_fail(err, STYLIZE_ERR_CANCELLED, "the request was cancelled");
        else
            status = stz_paint_tile(ctx, job, &tile, 0, 0, code, stats, exec, err);
        if (status == STYLIZE_OK && !stz_job_painted(job, (float)(i + 1) / (float)count))
            status = stz_fail(err, STYLIZE_ERR_CANCELLED, "the request was cancelled");
    }
    return status;
}

stylize_status stz_paint_tiled(stylize_ctx *ctx, stz_job *job, const float *code, uint64_t budget,
                               const stz_exec *exec, stylize_error *err)
{
    const stz_model *m = job->net->model;
    const int width = (int)job->work.width, height = (int)job->work.height;
    if (!m->stats_length)
        return stz_fail(
            err, STYLIZE_ERR_LIMIT,
            "model \"%s\" cannot work in tiles: %dx%d needs %zu bytes and the memory budget is %llu", m->name,
            width, height, stz_paint_memory(job->net, (uint32_t)width, (uint32_t)height),
            (unsigned long long)budget);
    stz_tiling tiling;
    stylize_status status = stz_tiling_plan(job->net, width, height, budget, &tiling, err);
    if (status != STYLIZE_OK)
        return status;
    stz_buf *stats = stz_pool_get(ctx->pool, STZ_MEM_SCRATCH, (size_t)m->stats_length * sizeof(float));
    if (!stats)
        return stz_nomem(err, (uint64_t)m->stats_length * sizeof(float));
    float *values = (float *)(void *)stats->data;
    status = stz_thumbnail_stats(ctx, job, code, budget, exec, values, err);
    if (status == STYLIZE_OK)
        status = paint_tiles(ctx, job, &tiling, code, values, exec, err);
    stz_buf_unref(stats);
    return status;
}
