#include "engine/native/run.h"

#include <math.h>
#include <string.h>

#include "engine/native/means.h"
#include "engine/native/moments.h"

void (*stz_run_trace)(int layer, uint64_t ns);

/* Scale and shift of a value without a norm. */
static void fill_ones(const stz_run *r)
{
    const int n = r->plan->ones;
    float *ones = stz_run_floats(r, r->plan->ones_at);
    for (int i = 0; i < n; i++) {
        ones[i] = 1;
        ones[n + i] = 0;
    }
}

void stz_run_norm(const stz_run *r, const stz_op *op, const float **gamma, const float **beta)
{
    const float *code = r->job->code;
    *gamma = op->gamma ? op->gamma : code + op->norm_offset;
    *beta = op->beta ? op->beta : code + r->plan->net->graph->norm_channels + op->norm_offset;
}

/* Scale and shift of a norm from the statistics of its input and its gamma and beta. */
static void set_norm(const stz_run *r, const stz_op *op, const float *mean, const float *variance)
{
    const stz_graph *g = r->plan->net->graph;
    const int padded = stz_plan_padded(r->plan->kernels, op->out);
    const float *gamma, *beta;
    stz_run_norm(r, op, &gamma, &beta);
    float *scale = stz_run_floats(r, r->plan->norm_at[op->norm]), *shift = scale + padded;
    memset(scale, 0, sizeof(float) * 2 * (size_t)padded);
    for (int c = 0; c < op->out; c++) {
        const double s = (double)gamma[c] / sqrt((double)variance[c] + (double)g->eps);
        scale[c] = (float)s;
        shift[c] = (float)((double)beta[c] - (double)mean[c] * s);
    }
}

/* After a layer that feeds a norm or the code vector: its statistics, own or given. */
static void finish_layer(const stz_run *r, int index, const float *records)
{
    const stz_layer *l = &r->plan->net->layers[index];
    const stz_graph *g = r->plan->net->graph;
    const int channels = l->out_channels / (l->shuffle * l->shuffle);
    float *vector = stz_run_floats(r, r->plan->vector_at);
    if (l->norm_out >= 0 && r->job->stats) {
        const stz_op *op = &g->ops[l->norm_out];
        const float *mean = r->job->stats + op->norm_offset;
        set_norm(r, op, mean, mean + g->norm_channels);
        if (r->job->stats_out) {
            memcpy(r->job->stats_out + op->norm_offset, mean, sizeof *mean * (size_t)channels);
            memcpy(r->job->stats_out + g->norm_channels + op->norm_offset, mean + g->norm_channels,
                   sizeof *mean * (size_t)channels);
        }
        return;
    }
    if (!records)
        return;
    const double *mean, *variance;
    stz_moments_merge(l, &r->plan->convs[index], records, (double *)(void *)(r->arena + r->plan->moments_at),
                      &mean, &variance);
    if (l->append >= 0) {
        for (int c = 0; c < channels; c++) {
            vector[l->append + c] = (float)mean[c];
            vector[l->append + channels + c] = (float)sqrt(variance[c] + (double)g->eps);
        }
        return;
    }
    const stz_op *op = &g->ops[l->norm_out];
    float *means = r->job->stats_out ? r->job->stats_out + op->norm_offset : vector;
    float *variances = r->job->stats_out ? means + g->norm_channels : vector + channels;
    for (int c = 0; c < channels; c++) { /* through float, so that given statistics act just the same */
        means[c] = (float)mean[c];
        variances[c] = (float)variance[c];
    }
    set_norm(r, op, means, variances);
}

void stz_run_clear_tail(const stz_run *r, int index)
{
    if (index < 0)
        return;
    const size_t size = r->plan->kernels->elem_size, bytes = r->plan->layouts[index].count * size;
    memset((uint8_t *)stz_run_tensor(r, index) + bytes - 64, 0, 64);
}

/* The picture, or its means, as a layer reads it. */
static stz_view picture_of(const stz_run *r, const stz_layer *l)
{
    if (l->x >= 0)
        return (stz_view){0};
    if (l->pooled < 0)
        return *r->in;
    const stz_layout *means = &r->plan->layouts[l->pooled];
    return (stz_view){stz_run_tensor(r, l->pooled), means->row * (ptrdiff_t)sizeof(float), means->width,
                      means->height, STZ_F32};
}

/* The means over 2x2 pixels of what the layer reads. */
static void pool_layer(const stz_run *r, const stz_layer *l)
{
    if (l->x < 0) {
        const stz_view to = picture_of(r, l);
        stz_means(r->in, l->shrink, &to, r->exec->team);
        return;
    }
    stz_pool_run p = {r->plan->layouts[l->x], r->plan->layouts[l->pooled], stz_run_tensor(r, l->x),
                      stz_run_tensor(r, l->pooled)};
    stz_run_clear_tail(r, l->pooled);
    stz_team_run(r->exec->team, r->plan->kernels->pool, &p, p.to.height);
}

stz_conv_run stz_run_conv(const stz_run *r, int index)
{
    const stz_plan *plan = r->plan;
    const stz_layers *net = plan->net;
    const stz_layer *l = &net->layers[index];
    const stz_layer_weights *w = stz_part_weights(r->part, plan, index);
    const stz_op *norm = l->norm_in >= 0 ? &net->graph->ops[l->norm_in] : NULL;
    const float *scale = stz_run_floats(r, norm ? plan->norm_at[norm->norm] : plan->ones_at);
    const bool wants_stats = l->append >= 0 || (l->norm_out >= 0 && !r->job->stats);
    return (stz_conv_run){
        .conv = &plan->convs[index],
        .weights = w->weights,
        .bias = w->bias,
        .x = stz_run_tensor(r, l->pooled >= 0 ? l->pooled : l->x),
        .base = stz_run_tensor(r, l->base),
        .stored = stz_run_tensor(r, l->stored),
        .out = stz_run_tensor(r, l->out),
        .scale = scale,
        .shift = scale + (norm ? stz_plan_padded(plan->kernels, norm->out) : plan->ones),
        .low = l->relu_in ? 0 : -INFINITY,
        .picture_in = picture_of(r, l),
        .picture_out = l->out < 0 ? &r->job->out : NULL,
        .in_mul = net->in_mul,
        .in_add = net->in_add,
        .out_low = net->out_low,
        .out_high = net->out_high,
        .sigmoid = net->sigmoid,
        .records = wants_stats ? stz_run_floats(r, plan->records_at) : NULL,
    };
}

static void run_layer(const stz_run *r, int index)
{
    const stz_plan *plan = r->plan;
    const stz_layer *l = &plan->net->layers[index];
    stz_conv_run cr = stz_run_conv(r, index);
    stz_run_clear_tail(r, l->out);
    stz_run_clear_tail(r, l->stored);
    if (l->pooled >= 0)
        pool_layer(r, l);
    void (*const item)(void *, int, void *) = l->kind == STZ_CONV_FIRST9  ? plan->kernels->first9
                                              : l->kind == STZ_CONV_LAST9 ? plan->kernels->last9
                                                                          : plan->kernels->conv;
    stz_team_run(r->exec->team, item, &cr, cr.conv->items);
    if (l->norm_out >= 0 || l->append >= 0)
        finish_layer(r, index, cr.records);
}

stylize_status stz_run_layers(const stz_run *r, int count, stylize_error *err)
{
    fill_ones(r);
    for (int i = 0; i < count; i++) {
        if (stz_cancelled(r->exec))
            return stz_fail(err, STYLIZE_ERR_CANCELLED, "cancelled");
        const uint64_t start = stz_run_trace ? stz_now_ns() : 0;
        run_layer(r, i);
        if (r->on_tap && r->plan->net->layers[i].tap >= 0)
            r->on_tap(r->user, r, i);
        if (stz_run_trace)
            stz_run_trace(i, stz_now_ns() - start);
    }
    return STYLIZE_OK;
}

stylize_status stz_run_begin(stz_run *r, int width, int height, bool gradient, stz_pool *pool,
                             stz_buf **arena, stylize_error *err)
{
    stz_plan *plan;
    *arena = NULL;
    stylize_status status = stz_part_plan_get(r->part, width, height, gradient, &plan, err);
    if (status)
        return status;
    status = stz_team_reserve(r->exec->team, plan->scratch, err);
    if (!status && !(*arena = stz_pool_get(pool, STZ_MEM_ARENA, plan->arena)))
        status = stz_nomem(err, plan->arena);
    if (status) {
        stz_part_plan_put(r->part, plan);
        return status;
    }
    r->plan = plan;
    r->arena = (*arena)->data;
    return STYLIZE_OK;
}

void stz_run_end(const stz_run *r, stz_buf *arena)
{
    stz_buf_unref(arena);
    stz_part_plan_put(r->part, r->plan);
}

stylize_status stz_run_apply(stz_part *part, const stz_apply *job, stz_pool *pool, const stz_exec *exec,
                             stylize_error *err)
{
    stz_buf *arena;
    stz_run r = {.part = part, .job = job, .in = &job->in, .exec = exec};
    stylize_status status = stz_run_begin(&r, job->in.width, job->in.height, false, pool, &arena, err);
    if (status)
        return status;
    status = stz_run_layers(&r, job->out.data ? part->layers.count : part->layers.stat_layers, err);
    stz_run_end(&r, arena);
    return status;
}
