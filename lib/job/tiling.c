/* Tilings as bytes, to be sent to other machines. The tiles themselves are in tile.c. */
#include "job/tiling.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "job/paint.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define ORDER    0x01020304u
#define SIDE_MAX (1 << 20)

/* What the bytes begin with; the style code and the statistics follow. */
struct head {
    char magic[8];
    uint32_t order; /* read back as another number where the bytes of a number lie the other way round */
    uint32_t form;
    char version[16];
    char model[64];
    int32_t width, height, core_w, core_h, columns, rows, margin, multiple, min_side;
    int32_t code_length, stats_length;
    int32_t reserved;
    uint64_t check; /* of everything, with 0 here */
};
_Static_assert(sizeof(struct head) == 152, "no padding in what is stored");

static uint64_t check_of(const void *data, size_t size)
{
    struct head head;
    memcpy(&head, data, sizeof head);
    head.check = 0;
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    XXH3_64bits_update(&state, &head, sizeof head);
    XXH3_64bits_update(&state, (const uint8_t *)data + sizeof head, size - sizeof head);
    return XXH3_64bits_digest(&state);
}

static bool within(int32_t v, int32_t least, int32_t most) { return v >= least && v <= most; }

static bool sound(const struct head *h, size_t size)
{
    if (!within(h->width, 1, SIDE_MAX) || !within(h->height, 1, SIDE_MAX) ||
        !within(h->core_w, 1, SIDE_MAX) || !within(h->core_h, 1, SIDE_MAX) ||
        !within(h->margin, 0, SIDE_MAX) || !within(h->multiple, 1, 4096) ||
        !within(h->min_side, 1, SIDE_MAX) || !within(h->code_length, 0, SIDE_MAX) ||
        !within(h->stats_length, 0, SIDE_MAX) || h->reserved)
        return false;
    const int columns = (h->width + h->core_w - 1) / h->core_w,
              rows = (h->height + h->core_h - 1) / h->core_h;
    if (h->columns != columns || h->rows != rows || (int64_t)columns * rows > SIDE_MAX)
        return false;
    if (!h->stats_length ? columns * rows != 1
                         : h->margin % h->multiple || h->core_w % h->multiple || h->core_h % h->multiple)
        return false;
    return size == sizeof *h + ((size_t)h->code_length + (size_t)h->stats_length) * sizeof(float);
}

static bool finite_numbers(const uint8_t *from, int n)
{
    for (int i = 0; i < n; i++) {
        float v;
        memcpy(&v, from + (size_t)i * sizeof v, sizeof v);
        if (!isfinite(v))
            return false;
    }
    return true;
}

stylize_status stz_tiling_read(const void *data, size_t size, stz_tiling_view *out, stylize_error *err)
{
    struct head h;
    if (!data || size < sizeof h)
        return stz_fail(err, STYLIZE_ERR_INVALID, "a tiling is missing, or has %zu bytes only", size);
    memcpy(&h, data, sizeof h);
    if (memcmp(h.magic, "STZTILE", sizeof h.magic) || h.order != ORDER || h.form != 1 ||
        h.version[sizeof h.version - 1] || h.model[sizeof h.model - 1])
        return stz_fail(err, STYLIZE_ERR_INVALID, "this is no tiling that stylize_tiling_create made");
    if (strcmp(h.version, stylize_version()))
        return stz_fail(err, STYLIZE_ERR_INVALID, "the tiling was made by version %s, this is %s", h.version,
                        stylize_version());
    const uint8_t *numbers = (const uint8_t *)data + sizeof h;
    if (!sound(&h, size) || h.check != check_of(data, size) ||
        !finite_numbers(numbers, h.code_length + h.stats_length))
        return stz_fail(err, STYLIZE_ERR_INVALID, "the tiling is damaged");
    *out = (stz_tiling_view){
        .t = {h.width, h.height, h.core_w, h.core_h, h.columns, h.rows, h.margin, h.multiple, h.min_side},
        .code_length = h.code_length,
        .stats_length = h.stats_length,
        .code = numbers,
        .stats = numbers + (size_t)h.code_length * sizeof(float)};
    memcpy(out->model, h.model, sizeof h.model);
    return STYLIZE_OK;
}

stylize_status stylize_tiling_get(const void *data, size_t size, uint32_t index, stylize_tile *tile,
                                  stylize_error *err)
{
    if (!tile || tile->struct_size < sizeof(size_t))
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
    stz_struct_write(tile, &found, sizeof found);
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
    struct stz_shared share = {0};
    stylize_status status = stz_queue_share(ctx, req, &share, err);
    if (status != STYLIZE_OK) {
        free(share.data);
        return status;
    }
    *data = share.data;
    *size = share.size;
    return STYLIZE_OK;
}

/* Whether the tiling fits the network that it names, as this machine has it. */
static bool fits(const stz_tiling_view *v, const stz_model *m)
{
    const stz_tiling *t = &v->t;
    if (m->optimizes || v->code_length != m->code_length || t->multiple != m->multiple ||
        t->min_side != m->min_side)
        return false;
    return !v->stats_length ||
           (v->stats_length == m->stats_length && t->margin >= m->receptive_radius &&
            t->margin % m->grid == 0 && t->core_w % m->grid == 0 && t->core_h % m->grid == 0);
}

stylize_status stz_tiling_open(stylize_ctx *ctx, stz_job *job, const stz_model **model, stylize_error *err)
{
    const stylize_request *r = &job->req;
    if (r->styles || r->style_count || r->method || r->output_size || r->output_width || r->output_height)
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "styles, method and output size are in the tiling; the request must leave them out");
    stz_tiling_view view;
    stylize_status status = stz_tiling_read(r->tiling, r->tiling_size, &view, err);
    if (status != STYLIZE_OK)
        return status;
    const int count = view.t.columns * view.t.rows;
    if (r->tile >= (uint32_t)count)
        return stz_fail(err, STYLIZE_ERR_NOT_FOUND, "tile %u of a tiling that has %d", r->tile, count);
    *model = stz_style_lib_find_model(ctx->styles, view.model);
    if (!*model)
        return stz_fail(err, STYLIZE_ERR_NOT_FOUND, "the tiling is for model \"%.63s\", which is not here",
                        view.model);
    if (!fits(&view, *model))
        return stz_fail(err, STYLIZE_ERR_MODEL, "the tiling was made with another model \"%s\"", view.model);
    job->tile = stz_tiling_at(&view.t, (int)r->tile);
    job->part = stz_tile_part(&view.t, &job->tile);
    return STYLIZE_OK;
}

stylize_status stz_tiling_make(stylize_ctx *ctx, stz_job *job, const float *code, uint64_t budget,
                               const stz_exec *exec, stylize_error *err)
{
    const stz_model *m = job->net->model;
    const int width = (int)job->content.width, height = (int)job->content.height;
    const bool tiled = stz_paint_memory(job->net, job->content.width, job->content.height) > budget;
    stz_tiling t = {.width = width,
                    .height = height,
                    .core_w = width,
                    .core_h = height,
                    .columns = 1,
                    .rows = 1,
                    .multiple = m->multiple,
                    .min_side = m->min_side};
    stylize_status status = tiled ? stz_tiling_plan(job->net, width, height, budget, &t, err) : STYLIZE_OK;
    if (status != STYLIZE_OK)
        return status;
    const int stats_length = tiled ? m->stats_length : 0;
    const size_t code_bytes = (size_t)m->code_length * sizeof(float);
    const size_t bytes = sizeof(struct head) + code_bytes + (size_t)stats_length * sizeof(float);
    uint8_t *data = malloc(bytes);
    if (!data)
        return stz_nomem(err, bytes);
    struct head h = {.magic = "STZTILE",
                     .order = ORDER,
                     .form = 1,
                     .width = width,
                     .height = height,
                     .core_w = t.core_w,
                     .core_h = t.core_h,
                     .columns = t.columns,
                     .rows = t.rows,
                     .margin = t.margin,
                     .multiple = t.multiple,
                     .min_side = t.min_side,
                     .code_length = m->code_length,
                     .stats_length = stats_length};
    strncpy(h.version, stylize_version(), sizeof h.version - 1);
    memcpy(h.model, m->name, sizeof h.model);
    if (code_bytes)
        memcpy(data + sizeof h, code, code_bytes);
    /* Aligned: malloc's block, a head of 152 bytes, whole floats. */
    if (tiled)
        status = stz_thumbnail_stats(ctx, job, code, budget, exec,
                                     (float *)(void *)(data + sizeof h + code_bytes), err);
    if (status != STYLIZE_OK) {
        free(data);
        return status;
    }
    memcpy(data, &h, sizeof h);
    h.check = check_of(data, bytes);
    memcpy(data, &h, sizeof h);
    *job->share = (stz_shared){data, bytes};
    return STYLIZE_OK;
}

stylize_status stz_tiling_paint(stylize_ctx *ctx, stz_job *job, float *code, uint64_t budget,
                                const stz_exec *exec, stylize_error *err)
{
    stz_tiling_view view; /* again: the memory is the caller's, and may not be what it was */
    stylize_status status = stz_tiling_read(job->req.tiling, job->req.tiling_size, &view, err);
    if (status == STYLIZE_OK && !fits(&view, job->net->model))
        status = stz_fail(err, STYLIZE_ERR_INVALID, "the tiling changed while it was in use");
    if (status != STYLIZE_OK)
        return status;
    const size_t need = stz_paint_memory(job->net, (uint32_t)job->tile.ow, (uint32_t)job->tile.oh);
    if (need > budget)
        return stz_fail(err, STYLIZE_ERR_LIMIT, "the tile needs %zu bytes and the memory budget is %llu",
                        need, (unsigned long long)budget);
    memcpy(code, view.code, (size_t)view.code_length * sizeof(float));
    if (!view.stats_length)
        return stz_paint_whole(ctx, job, code, exec, err);
    const size_t bytes = (size_t)view.stats_length * sizeof(float);
    stz_buf *stats = stz_pool_get(ctx->pool, STZ_MEM_SCRATCH, bytes);
    if (!stats)
        return stz_nomem(err, bytes);
    memcpy(stats->data, view.stats, bytes);
    status = stz_paint_tile(ctx, job, &job->tile, (int)job->part.x, (int)job->part.y, code,
                            (const float *)(const void *)stats->data, exec, err);
    stz_buf_unref(stats);
    return status;
}
