/* Gradients of weights, layer by layer. */
#include <string.h>

#include "engine/native/back.h"

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

static stz_weight_gradient job_of(const stz_plan *p, int i)
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

/* ------------------------------------------------------------------ among the points of a transform */

#define CHUNK_MOST (stz_cpu_l2() / 2) /* bytes of what is transformed at once: measured */
#define TILES      8                  /* of an item that transforms */

static size_t odd_lines(size_t floats) { return ((floats + 15) / 16 | 1) * 16; }

/* Where the parts of the buffer lie, in floats, and the tiles of a chunk. */
typedef struct tile_memory {
    int tiles;
    size_t v_point, d_point, d_at, products_at, bias_at, floats;
} tile_memory;

static tile_memory memory_of(const stz_conv *c)
{
    const int all = c->tiles_y * c->tiles_x, groups = (all + TILES - 1) / TILES;
    const size_t tile = (size_t)(c->v_row[0] + c->columns), points = (size_t)c->points;
    const int fit = (int)(CHUNK_MOST / (points * tile * sizeof(float))) / TILES * TILES;
    tile_memory m = {.tiles = stz_clamp(fit, TILES, groups * TILES)};
    m.v_point = odd_lines((size_t)m.tiles * (size_t)c->v_row[0]);
    m.d_point = odd_lines((size_t)m.tiles * (size_t)c->columns);
    m.d_at = points * m.v_point;
    m.products_at = m.d_at + points * m.d_point;
    m.bias_at = m.products_at + points * (size_t)c->in_channels * (size_t)c->columns;
    m.floats = m.bias_at + (size_t)groups * (size_t)c->columns + 16;
    return m;
}

static void sum_bias(const stz_tile_gradient *g, int groups, float *out)
{
    for (int n = 0; n < g->columns; n++) {
        double sum = 0;
        for (int i = 0; i < groups; i++)
            sum += (double)g->bias[i * g->columns + n];
        if (g->column_of[n] >= 0)
            out[g->column_of[n]] = (float)sum;
    }
}

static void weights_among_points(const stz_kept_run *k, int i, const stz_conv_run *gradient, float *out)
{
    const stz_plan *p = k->run.plan;
    const stz_layer *l = &p->net->layers[i];
    const stz_op *op = &p->net->graph->ops[l->op];
    const stz_kernels *kernels = p->kernels;
    stz_conv wide = p->convs[i];
    stz_conv_run input = stz_run_conv(&k->run, i);
    const tile_memory m = memory_of(&wide);
    const int all = wide.tiles_y * wide.tiles_x;
    float *memory = (float *)(void *)k->records->data;
    int column_of[STZ_ADJOINT_VECTORS * 16], channel_of[STZ_ADJOINT_VECTORS * 16];
    stz_plan_columns(l, &wide, kernels, column_of);
    stz_plan_channels(l, channel_of);
    for (int q = 0; q < wide.points; q++)
        wide.v_offset[q] = (ptrdiff_t)((size_t)q * m.v_point);
    wide.store = false; /* what it stored lies there */
    input.conv = &wide;
    stz_tile_gradient g = {&input,
                           gradient,
                           wide.columns,
                           0,
                           0,
                           TILES,
                           memory,
                           memory + m.d_at,
                           (ptrdiff_t)m.d_point,
                           memory + m.products_at,
                           memory + m.bias_at,
                           column_of,
                           channel_of,
                           op->in,
                           out};
    for (; g.first < all; g.first += m.tiles) {
        g.tiles = stz_min(m.tiles, all - g.first);
        stz_team_run(k->run.exec->team, kernels->tile_gradients, &g, (g.tiles + g.group - 1) / g.group);
        stz_team_run(k->run.exec->team, kernels->tile_products, &g, wide.points);
    }
    stz_team_run(k->run.exec->team, kernels->tile_weights, &g, op->in);
    if (op->bias)
        sum_bias(&g, (all + g.group - 1) / g.group, out + (size_t)op->out * (size_t)op->in * 9);
}

/* ------------------------------------------------------------------ all layers */

size_t stz_back_record_bytes(const stz_plan *plan)
{
    size_t most = 0;
    for (int i = 0; i < plan->net->count; i++) {
        const stz_weight_gradient w = job_of(plan, i);
        const bool points = plan->convs[i].kind == STZ_CONV_SAME;
        const size_t floats = points ? memory_of(&plan->convs[i]).floats : w.record * (size_t)w.items;
        most = floats > most ? floats : most;
    }
    return most * sizeof(float);
}

size_t stz_back_weight_scratch(const stz_plan *plan)
{
    size_t most = 0;
    for (int i = 0; i < plan->net->count; i++) {
        const stz_weight_gradient w = job_of(plan, i);
        const size_t pixels = (size_t)(STZ_WEIGHT_PIECE * w.stride + w.kernel);
        const size_t floats = w.v_at + pixels * (size_t)w.step + 64;
        most = floats > most ? floats : most;
    }
    return most;
}

/* The sums of all items, one row of a matrix at a time. */
typedef struct merging {
    const stz_weight_gradient *w;
    const stz_op *op;
    const int *column_of;
    bool last9;
    float *out; /* OIHW, then the bias */
} merging;

/* Numbers first .. first + count - 1 of the records, at most SUMS. */
#define SUMS 256
static void sum_records(const stz_weight_gradient *w, size_t first, int count, float *out)
{
    double sums[SUMS] = {0};
    for (int item = 0; item < w->items; item++) {
        const float *record = w->records + (size_t)item * w->record + first;
        for (int i = 0; i < count; i++)
            sums[i] += (double)record[i];
    }
    for (int i = 0; i < count; i++)
        out[i] = (float)sums[i];
}

/* An item is an input channel, in the last 9x9 an output: all taps. */
static void merge_channel(void *arg, int item, void *scratch)
{
    const merging *m = arg;
    const stz_weight_gradient *w = m->w;
    const int k = w->kernel, taps = k * k, columns = m->last9 ? w->step : w->columns;
    float sums[SUMS];
    for (int tap = 0; tap < taps; tap++) {
        const int row = m->last9 ? (tap / k * k + k - 1 - tap % k) * 3 + item : tap * w->step + item;
        for (int first = 0; first < columns; first += SUMS) {
            const int count = stz_min(SUMS, columns - first);
            sum_records(w, (size_t)row * (size_t)columns + (size_t)first, count, sums);
            for (int n = 0; n < count; n++) {
                const int o = m->last9 ? item : m->column_of[first + n], i = m->last9 ? first + n : item;
                if (o >= 0 && i < m->op->in)
                    m->out[((size_t)o * (size_t)m->op->in + (size_t)i) * (size_t)taps + (size_t)tap] =
                        sums[n];
            }
        }
    }
}

void stz_back_layer_weights(const stz_kept_run *k, int i, const stz_conv_run *gradient, float *weights)
{
    const stz_plan *p = k->run.plan;
    const stz_layer *l = &p->net->layers[i];
    const stz_op *op = &p->net->graph->ops[l->op];
    if (l->kind == STZ_CONV_SAME) {
        weights_among_points(k, i, gradient, weights + stz_back_weight_place(p->net->graph, l->op));
        return;
    }
    stz_weight_gradient w = job_of(p, i);
    const stz_conv_run input = stz_run_conv(&k->run, i);
    w.input = &input;
    w.gradient = gradient;
    w.records = (float *)(void *)k->records->data;
    w.result_row = p->layouts[stz_back_result(p->net)].row;
    stz_team_run(k->run.exec->team, p->kernels->weight_gradient, &w, w.items);
    int column_of[STZ_ADJOINT_VECTORS * 16];
    merging m = {&w, op, column_of, l->kind == STZ_CONV_LAST9,
                 weights + stz_back_weight_place(p->net->graph, l->op)};
    stz_plan_columns(l, &p->convs[i], p->kernels, column_of);
    stz_team_run(k->run.exec->team, merge_channel, &m, m.last9 ? 3 : op->in);
    if (!op->bias)
        return;
    float *bias = m.out + (size_t)op->out * (size_t)op->in * (size_t)(w.kernel * w.kernel);
    for (int n = 0; n < (m.last9 ? 3 : w.columns); n++)
        if (m.last9 || column_of[n] >= 0)
            sum_records(&w, w.bias_at + (size_t)n, 1, &bias[m.last9 ? n : column_of[n]]);
}
