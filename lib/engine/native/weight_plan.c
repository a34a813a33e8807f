#include "engine/native/weight_plan.h"

#define ITEMS_MAX    16
#define PIXELS_MIN   512        /* of an item: the sums that it leaves must be worth their memory */
#define RECORDS_MOST (8u << 20) /* bytes: large layers are cut into fewer items */

static size_t op_count(const stz_op *op)
{
    if (op->kind == STZ_OP_NORM)
        return op->gamma ? 2 * (size_t)op->out : 0;
    if (op->kind != STZ_OP_CONV)
        return 0;
    return (size_t)op->out * (size_t)op->in * (size_t)(op->kernel * op->kernel) +
           (op->bias ? (size_t)op->out : 0);
}

size_t stz_back_weight_place(const stz_graph *graph, int op)
{
    size_t at = 0;
    for (int i = 0; i < op; i++)
        at += op_count(&graph->ops[i]);
    return at;
}

size_t stz_back_weight_count(const stz_graph *graph) { return stz_back_weight_place(graph, graph->count); }

stz_weight_gradient stz_weight_plan(const stz_plan *p, int i)
{
    const stz_layer *l = &p->net->layers[i];
    const stz_conv *c = &p->convs[i];
    const bool last9 = l->kind == STZ_CONV_LAST9;
    const int kernel = p->net->graph->ops[l->op].kernel;
    stz_weight_gradient w = {.kernel = kernel,
                             .stride = l->kind == STZ_CONV_DOWN ? 2 : 1,
                             .upsample = l->kind == STZ_CONV_UP ? 2 : 1,
                             .columns = c->columns,
                             .step =
                                 last9 ? stz_round_up(l->in_channels, p->kernels->lanes) : l->in_channels};
    const size_t columns = (size_t)(last9 ? w.step : w.columns),
                 rows = (size_t)kernel * (size_t)(last9 ? 3 : w.step);
    w.bias_at = (size_t)kernel * rows * columns;
    w.record = (w.bias_at + (size_t)stz_max(w.columns, 16) + 15) / 16 * 16;
    w.v_at = (size_t)(STZ_WEIGHT_PIECE + 8) * (size_t)stz_max(w.columns, 16);
    const int most = stz_clamp((int)(RECORDS_MOST / (w.record * sizeof(float))), 1, ITEMS_MAX);
    w.band = stz_max((c->out_height + most - 1) / most, (PIXELS_MIN + c->out_width - 1) / c->out_width);
    w.items = (c->out_height + w.band - 1) / w.band;
    return w;
}

#define CHUNK_MOST (stz_cpu_l2() / 2) /* bytes of what is transformed at once: measured */

static size_t odd_lines(size_t floats) { return ((floats + 15) / 16 | 1) * 16; }

stz_weight_points stz_weight_points_of(const stz_conv *c)
{
    const int all = c->tiles_y * c->tiles_x, groups = (all + STZ_WEIGHT_TILES - 1) / STZ_WEIGHT_TILES;
    const size_t tile = (size_t)(c->v_row[0] + c->columns), points = (size_t)c->points;
    const int fit = (int)(CHUNK_MOST / (points * tile * sizeof(float))) / STZ_WEIGHT_TILES * STZ_WEIGHT_TILES;
    stz_weight_points m = {.tiles = stz_clamp(fit, STZ_WEIGHT_TILES, groups * STZ_WEIGHT_TILES)};
    m.v_point = odd_lines((size_t)m.tiles * (size_t)c->v_row[0]);
    m.d_point = odd_lines((size_t)m.tiles * (size_t)c->columns);
    m.d_at = points * m.v_point;
    m.products_at = m.d_at + points * m.d_point;
    m.bias_at = m.products_at + points * (size_t)c->in_channels * (size_t)c->columns;
    m.floats = m.bias_at + (size_t)groups * (size_t)c->columns + 16;
    return m;
}

size_t stz_back_record_bytes(const stz_plan *plan)
{
    size_t most = 0;
    for (int i = 0; i < plan->net->count; i++) {
        const stz_weight_gradient w = stz_weight_plan(plan, i);
        const bool points = plan->convs[i].kind == STZ_CONV_SAME;
        const size_t floats =
            points ? stz_weight_points_of(&plan->convs[i]).floats : w.record * (size_t)w.items;
        most = floats > most ? floats : most;
    }
    return most * sizeof(float);
}

size_t stz_back_weight_scratch(const stz_plan *plan)
{
    size_t most = 0;
    for (int i = 0; i < plan->net->count; i++) {
        const stz_weight_gradient w = stz_weight_plan(plan, i);
        const size_t pixels = (size_t)(STZ_WEIGHT_PIECE * w.stride + w.kernel);
        const size_t floats = w.v_at + pixels * (size_t)w.step + 64;
        most = floats > most ? floats : most;
    }
    return most;
}
