/* Gradients of weights, layer by layer. */
#include <string.h>

#include "engine/native/back.h"
#include "engine/native/conv_plan.h"

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
    const stz_weight_points m = stz_weight_points_of(&wide);
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
                           STZ_WEIGHT_TILES,
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

void stz_back_layer_weights(const stz_kept_run *k, int i, const stz_conv_run *gradient, float *weights)
{
    const stz_plan *p = k->run.plan;
    const stz_layer *l = &p->net->layers[i];
    const stz_op *op = &p->net->graph->ops[l->op];
    if (p->convs[i].kind == STZ_CONV_SAME) {
        weights_among_points(k, i, gradient, weights + stz_back_weight_place(p->net->graph, l->op));
        return;
    }
    stz_weight_gradient w = stz_weight_plan(p, i);
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
