#include "engine/native/conv_plan.h"

#include <string.h>

/* A pixel shuffle to a tensor writes two pixels of a row side by side, so the channels are packed if
 * two pixels fill whole vectors, and padded otherwise. */
int stz_conv_shuffled_block(const stz_layer *l, const stz_kernels *k)
{
    const int channels = l->out_channels / 4;
    return channels * 2 % k->lanes == 0 ? channels : stz_round_up(channels, k->lanes);
}

int stz_conv_columns(const stz_layer *l, const stz_kernels *k)
{
    if (l->out < 0 && l->shuffle == 2)
        return 16; /* two rows of 6 samples and 2 unused ones */
    if (l->shuffle == 2)
        return 4 * stz_conv_shuffled_block(l, k);
    return stz_round_up(l->out_channels, k->lanes);
}

/* Vectors of a column block: as wide as the micro-kernel gains from. */
static int block_vectors(const stz_kernels *k, int vectors)
{
    const bool many_registers = k->rows_max[3] > 4;
    if (vectors % 3 == 0 && (many_registers || vectors % 2))
        return 3;
    return vectors % 2 == 0 ? 2 : 1;
}

static int ceil_div(int a, int b) { return (a + b - 1) / b; }

static size_t
odd_lines(size_t floats) /* whole cache lines, an odd number: parallel streams spread over the cache */
{
    return ((floats + 15) / 16 | 1) * 16;
}

static void plan_tiles(stz_conv *c, const stz_layer *l, int height, int width, int tile)
{
    c->out_height = height;
    c->out_width = width;
    switch (l->kind) {
    case STZ_CONV_SAME:
        c->m = c->step = tile;
        c->n = tile + 2;
        break;
    case STZ_CONV_DOWN:
        c->m = 4;
        c->n = 5;
        c->step = 8;
        c->out_height = (height + 1) / 2;
        c->out_width = (width + 1) / 2;
        break;
    case STZ_CONV_UP: /* a tile makes 4x4 pixels of each phase */
        c->m = 4;
        c->n = 5;
        c->step = 4;
        c->out_height = 2 * height;
        c->out_width = 2 * width;
        break;
    case STZ_CONV_SPREAD: /* height and width are those of what it writes */
        c->m = 4;
        c->n = 5;
        c->step = 4;
        break;
    case STZ_CONV_FIRST9:
        c->m = c->step = 6;
        c->n = 8;
        break;
    case STZ_CONV_LAST9:
        c->m = c->step = 3;
        c->n = 5;
        break;
    }
    c->points = c->n * c->n;
    c->tiles_y = ceil_div(c->out_height, c->m);
    c->tiles_x = ceil_div(c->out_width, c->m);
    if (l->kind == STZ_CONV_UP || l->kind == STZ_CONV_SPREAD) { /* the odd phases begin one pixel early */
        c->tiles_y = ceil_div(c->out_height + 1, 8);
        c->tiles_x = ceil_div(c->out_width + 1, 8);
    }
}

/* Depth and panels of each point, and the floats that one tile takes in V and M. */
static size_t plan_points(stz_conv *c, const stz_layer *l, const stz_kernels *k)
{
    const int padded = stz_round_up(l->in_channels, k->lanes);
    size_t floats = 0;
    int panels = 0;
    for (int p = 0; p < c->points; p++) {
        const int py = p / c->n, px = p % c->n;
        int parts = 1;
        if (l->kind == STZ_CONV_DOWN)
            parts = (py < c->n - 1 ? 2 : 1) * (px < c->n - 1 ? 2 : 1);
        c->depth[p] = parts > 1 ? parts * padded : l->in_channels;
        c->v_row[p] = parts * padded;
        c->panels[p] = l->kind == STZ_CONV_SPREAD ? 4
                       : l->kind == STZ_CONV_UP   ? (py == 1 ? 1 : 2) * (px == 1 ? 1 : 2)
                                                  : 1;
        c->panel0[p] = panels;
        panels += c->panels[p];
        c->weight_count += (size_t)c->depth[p] * (size_t)c->panels[p] * (size_t)c->columns;
        floats += (size_t)c->v_row[p];
    }
    return floats + (size_t)(panels * c->vectors * k->lanes);
}

/* V and M of a group should stay in the second-level cache beside the weights and the data that
 * pass through; but each panel of weights should be used by two row blocks at least. */
static void plan_groups(stz_conv *c, const stz_kernels *k, size_t floats, int group)
{
    const int rows = k->rows_max[c->vectors], tiles = c->tiles_y * c->tiles_x;
    size_t budget = stz_cpu_l2() * 4 / 10;
    int t = group ? group : (int)stz_min((int)(budget / (floats * sizeof(float))), 4096) / rows * rows;
    if (!group)
        t = stz_max(t, 2 * rows);
    c->items = ceil_div(tiles, t);
    c->group = ceil_div(tiles, c->items);
    c->items = ceil_div(tiles, c->group);
}

static void plan_scratch(stz_conv *c, const stz_layer *l, const stz_kernels *k)
{
    size_t at = 0;
    const int last = c->points - 1;
    const bool uniform = l->kind != STZ_CONV_DOWN;
    for (int p = 0; p < c->points; p++) {
        c->v_offset[p] = (ptrdiff_t)at;
        at += odd_lines((size_t)c->group * (size_t)c->v_row[uniform ? 0 : p]);
    }
    c->m_at = at;
    c->m_panel = (ptrdiff_t)odd_lines((size_t)(c->group * c->vectors * k->lanes));
    at += (size_t)(c->panel0[last] + c->panels[last]) * (size_t)c->m_panel;
    const int side = l->kind == STZ_CONV_DOWN ? 9 : c->n;
    /* Layouts may pad channels to the block of another layer. */
    const size_t window = odd_lines(
        (size_t)(side * side) * (size_t)stz_max(stz_round_up(l->in_channels, 3 * k->lanes), STZ_PICTURE_PIX) +
        16);
    c->window_at = at;
    c->aux_at = at + window;
    c->scratch = c->aux_at + window;
}

/* The first 9x9: rows of half tiles of the picture are transformed as they are needed. */
static void plan_first9(stz_conv *c, const stz_kernels *k)
{
    const int wide = 2 * k->rows_max[c->vectors];
    c->across = ceil_div(c->tiles_x, wide);
    c->group = ceil_div(c->tiles_x, c->across);
    c->band = stz_min(8, c->tiles_y);
    c->phases = c->band;
    c->items = c->across * ceil_div(c->tiles_y, c->band);
    c->weight_count = (size_t)c->points * 27 * (size_t)c->columns;
    for (int p = 0; p < c->points; p++) {
        c->depth[p] = 27;
        c->panels[p] = 1;
        c->panel0[p] = p;
    }
    c->strip = (2 * c->group + 1) * 3;
    c->strip = (ptrdiff_t)odd_lines((size_t)c->strip);
    c->m_panel = (ptrdiff_t)odd_lines((size_t)(c->group * c->vectors * k->lanes));
    c->m_at = odd_lines(64 * 3 * (size_t)c->strip + 16);
    c->window_at = c->m_at + odd_lines((size_t)c->points * (size_t)c->m_panel);
    c->aux_at = c->window_at + odd_lines((size_t)(2 * c->group + 3) * 9 + 32);
    c->scratch = c->aux_at + 3 * (size_t)(c->strip + 32) + 64 * (size_t)c->strip + 64;
}

/* The last 9x9: two positions more than tiles are read, and one pixel group more than positions. */
static void plan_last9(stz_conv *c, const stz_kernels *k)
{
    enum { STRIP = 96, BAND = 32 };
    const size_t channels = (size_t)c->in_channels;
    c->across = ceil_div(c->tiles_x, STRIP - 3);
    c->group = ceil_div(c->tiles_x, c->across);
    c->band = stz_clamp(ceil_div(c->tiles_y, 8), stz_min(8, c->tiles_y), BAND);
    c->items = c->across * ceil_div(c->tiles_y, c->band);
    c->weight_count = 25 * 3 * channels * 9;
    c->strip = stz_round_up(c->group + 3, k->lanes);
    const size_t strip = (size_t)c->strip, pitch = strip + 16, point = odd_lines(channels * pitch);
    for (int p = 0; p < c->points; p++)
        c->v_offset[p] = (ptrdiff_t)((size_t)p * point);
    c->m_at = 25 * point + 16;
    c->window_at = c->m_at + odd_lines(3 * 25 * 3 * strip);
    c->aux_at = c->window_at + odd_lines(5 * channels * 3 * pitch + 16);
    c->scratch = c->aux_at + 3 * (strip * 9 + (size_t)k->lanes) + 16;
}

void stz_conv_plan(stz_conv *c, const stz_layer *l, const stz_kernels *k, int height, int width, int tile,
                   int group)
{
    memset(c, 0, sizeof *c);
    c->kind = l->kind;
    c->in_channels = l->in_channels;
    c->columns = stz_conv_columns(l, k);
    c->vectors = block_vectors(k, c->columns / k->lanes);
    c->blocks = c->columns / k->lanes / c->vectors;
    c->from_picture = l->x < 0;
    c->unshuffle = l->unshuffle;
    c->add = l->base >= 0;
    c->store = l->stored >= 0;
    c->to_picture = l->out < 0;
    c->relu = l->relu;
    c->shuffle = l->shuffle;
    c->phases = l->kind == STZ_CONV_UP ? 4 : 1;
    c->in.height = height;
    c->in.width = width;
    plan_tiles(c, l, height, width, tile);
    if (l->kind == STZ_CONV_FIRST9) {
        plan_first9(c, k);
    } else if (l->kind == STZ_CONV_LAST9) {
        plan_last9(c, k);
    } else {
        plan_groups(c, k, plan_points(c, l, k), group);
        plan_scratch(c, l, k);
    }
    c->stream = c->weight_count * sizeof(float) > stz_cpu_l2() / 2;
}

void stz_layout_rows(stz_layout *l, const stz_kernels *k, int planes)
{
    const size_t line = 64 / k->elem_size; /* elements */
    l->row = (ptrdiff_t)((((size_t)l->width * (size_t)l->block + line - 1) / line | 1) * line);
    l->plane = l->row * l->height;
    l->count = (size_t)l->plane * (size_t)planes + line;
}

void stz_conv_plan_output(stz_conv *c, const stz_layer *l, const stz_kernels *k, stz_layout *out,
                          ptrdiff_t *offsets)
{
    const int lanes = k->lanes, f = l->shuffle;
    c->vector_offset = offsets;
    if (c->to_picture)
        return;
    *out = (stz_layout){
        .height = c->out_height * f, .width = c->out_width * f, .channels = l->out_channels / (f * f)};
    out->block = f == 2 ? stz_conv_shuffled_block(l, k) : c->vectors * lanes;
    stz_layout_rows(out, k, f == 2 ? 1 : c->blocks);
    c->out_row = out->row * f;
    c->out_pixel = (ptrdiff_t)out->block * f;
    for (int v = 0; v < c->columns / lanes; v++) {
        const int n = v * lanes, two = 2 * out->block;
        offsets[v] = f == 2 ? n / two * out->row + n % two : n / out->block * out->plane + n % out->block;
    }
}

void stz_plan_columns(const stz_layer *l, const stz_conv *c, const stz_kernels *k, int *column_of)
{
    const int block = l->shuffle == 2 && l->out >= 0 ? stz_conv_shuffled_block(l, k) : 0;
    for (int n = 0; n < c->columns; n++) {
        if (l->shuffle == 1) {
            column_of[n] = n < l->out_channels ? n : -1;
        } else if (l->out < 0) { /* row, pixel, colour */
            const int at = n % 8;
            column_of[n] = at < 6 ? at % 3 * 4 + n / 8 * 2 + at / 3 : -1;
        } else {
            const int channel = n % block, place = n / block;
            column_of[n] = channel < l->out_channels / 4 ? channel * 4 + place : -1;
        }
    }
}

void stz_plan_channels(const stz_layer *l, int *channel_of)
{
    for (int k = 0; k < l->in_channels; k++) /* unshuffled windows come as (row, pixel, colour) */
        channel_of[k] = l->unshuffle == 2 ? k % 3 * 4 + k / 6 * 2 + k / 3 % 2 : k;
}
