#include "engine/native/run.h"

#include <math.h>
#include <string.h>

#include "engine/native/moments.h"

void (*stz_run_trace)(int layer, uint64_t ns);

/* One run. */
typedef struct run {
    stz_part *part;
    stz_plan *plan;
    uint8_t *arena;
    const stz_apply *job; /* NULL: encoding */
    const stz_view *in;
    const stz_exec *exec;
} run;

static float *floats_at(const run *r, size_t at) { return (float *)(void *)(r->arena + at); }

static void *tensor(const run *r, int index)
{
    return index < 0 ? NULL : r->arena + r->plan->tensor_at[index];
}

/* Scale and shift of a value without a norm. */
static void fill_ones(const run *r)
{
    const int n = r->plan->ones;
    float *ones = floats_at(r, r->plan->ones_at);
    for (int i = 0; i < n; i++) {
        ones[i] = 1;
        ones[n + i] = 0;
    }
}

/* Scale and shift of a norm from the statistics of its input and its gamma and beta. */
static void set_norm(const run *r, const stz_op *op, const float *mean, const float *variance)
{
    const stz_graph *g = r->plan->net->graph;
    const int padded = stz_plan_padded(r->plan->kernels, op->out);
    const float *code = r->job->code;
    const float *gamma = op->gamma ? op->gamma : code + op->norm_offset;
    const float *beta = op->beta ? op->beta : code + g->norm_channels + op->norm_offset;
    float *scale = floats_at(r, r->plan->norm_at[op->norm]), *shift = scale + padded;
    memset(scale, 0, sizeof(float) * 2 * (size_t)padded);
    for (int c = 0; c < op->out; c++) {
        const double s = (double)gamma[c] / sqrt((double)variance[c] + (double)g->eps);
        scale[c] = (float)s;
        shift[c] = (float)((double)beta[c] - (double)mean[c] * s);
    }
}

/* After a layer that feeds a norm or the code vector: its statistics, own or given. */
static void finish_layer(const run *r, int index, const float *records)
{
    const stz_layer *l = &r->plan->net->layers[index];
    const stz_graph *g = r->plan->net->graph;
    const int channels = l->out_channels / (l->shuffle * l->shuffle);
    float *vector = floats_at(r, r->plan->vector_at);
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

/* A vector may be read past the last channel of the last pixel: what lies there must be a number. */
static void clear_tail(const run *r, int index)
{
    if (index < 0)
        return;
    const size_t size = r->plan->kernels->elem_size, bytes = r->plan->layouts[index].count * size;
    memset((uint8_t *)tensor(r, index) + bytes - 64, 0, 64);
}

static void run_layer(const run *r, int index)
{
    const stz_plan *plan = r->plan;
    const stz_layers *net = plan->net;
    const stz_layer *l = &net->layers[index];
    const stz_conv *c = &plan->convs[index];
    const stz_layer_weights *w = stz_part_weights(r->part, plan, index);
    const stz_op *norm = l->norm_in >= 0 ? &net->graph->ops[l->norm_in] : NULL;
    const float *scale = floats_at(r, norm ? plan->norm_at[norm->norm] : plan->ones_at);
    const bool wants_stats = l->append >= 0 || (l->norm_out >= 0 && !r->job->stats);
    stz_conv_run cr = {
        .conv = c,
        .weights = w->weights,
        .bias = w->bias,
        .x = tensor(r, l->x),
        .base = tensor(r, l->base),
        .stored = tensor(r, l->stored),
        .out = tensor(r, l->out),
        .scale = scale,
        .shift = scale + (norm ? stz_plan_padded(plan->kernels, norm->out) : plan->ones),
        .low = l->relu_in ? 0 : -INFINITY,
        .picture_in = r->in,
        .picture_out = l->out < 0 ? &r->job->out : NULL,
        .in_mul = net->in_mul,
        .in_add = net->in_add,
        .out_low = net->out_low,
        .out_high = net->out_high,
        .sigmoid = net->sigmoid,
        .records = wants_stats ? floats_at(r, plan->records_at) : NULL,
    };
    clear_tail(r, l->out);
    clear_tail(r, l->stored);
    void (*const item)(void *, int, void *) = l->kind == STZ_CONV_FIRST9  ? plan->kernels->first9
                                              : l->kind == STZ_CONV_LAST9 ? plan->kernels->last9
                                                                          : plan->kernels->conv;
    stz_team_run(r->exec->team, item, &cr, c->items);
    if (l->norm_out >= 0 || l->append >= 0)
        finish_layer(r, index, cr.records);
}

/* Layers 0 to count - 1. */
static stylize_status run_layers(const run *r, int count, stylize_error *err)
{
    fill_ones(r);
    for (int i = 0; i < count; i++) {
        if (stz_cancelled(r->exec))
            return stz_fail(err, STYLIZE_ERR_CANCELLED, "cancelled");
        const uint64_t start = stz_run_trace ? stz_now_ns() : 0;
        run_layer(r, i);
        if (stz_run_trace)
            stz_run_trace(i, stz_now_ns() - start);
    }
    return STYLIZE_OK;
}

/* What a run needs: a plan for the size, scratch of every worker, the arena. `end` gives it back. */
static stylize_status begin(run *r, int width, int height, stz_pool *pool, stz_buf **arena,
                            stylize_error *err)
{
    stz_plan *plan;
    *arena = NULL;
    stylize_status status = stz_part_plan_get(r->part, width, height, &plan, err);
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

static void end(const run *r, stz_buf *arena)
{
    stz_buf_unref(arena);
    stz_part_plan_put(r->part, r->plan);
}

stylize_status stz_run_apply(stz_part *part, const stz_apply *job, stz_pool *pool, const stz_exec *exec,
                             stylize_error *err)
{
    stz_buf *arena;
    run r = {.part = part, .job = job, .in = &job->in, .exec = exec};
    stylize_status status = begin(&r, job->in.width, job->in.height, pool, &arena, err);
    if (status)
        return status;
    status = run_layers(&r, job->out.data ? part->layers.count : part->layers.stat_layers, err);
    end(&r, arena);
    return status;
}

/* ---------------------------------------------------------------- encoding */

/* Memory of one encoding: vectors, and a painting of the probe. */
typedef struct work {
    float *wanted, *found; /* statistics of the style, of the painting */
    float *x, *y;          /* as long as the longest vector of the linear maps */
    float *painting;
} work;

/* The operation that corrects the code, or NULL. */
static const stz_op *correction(const stz_graph *graph)
{
    const stz_op *last = &graph->ops[graph->count - 1];
    return last->kind == STZ_OP_CORRECT ? last : NULL;
}

static stz_buf *work_get(const stz_graph *graph, stz_pool *pool, work *w, stylize_error *err)
{
    const stz_op *correct = correction(graph);
    size_t longest = (size_t)stz_max(graph->statistics, graph->code_length);
    for (int i = 0; i < graph->count; i++)
        if (graph->ops[i].kind == STZ_OP_LINEAR)
            longest = (size_t)graph->ops[i].out > longest ? (size_t)graph->ops[i].out : longest;
    if (correct)
        longest = (size_t)correct->hidden > longest ? (size_t)correct->hidden : longest;
    const size_t pixels = correct ? 3 * (size_t)correct->probe_width * (size_t)correct->probe_height : 0;
    const size_t bytes = sizeof(float) * (2 * (size_t)graph->statistics + 2 * longest + pixels);
    stz_buf *buf = stz_pool_get(pool, STZ_MEM_ARENA, bytes);
    if (!buf) {
        stz_nomem(err, bytes);
        return NULL;
    }
    w->wanted = (float *)(void *)buf->data;
    w->found = w->wanted + graph->statistics;
    w->x = w->found + graph->statistics;
    w->y = w->x + longest;
    w->painting = w->y + longest;
    return buf;
}

typedef struct linear_job {
    const stz_kernels *kernels;
    const float *weight, *bias, *x;
    float *y;
    int in, out;
} linear_job;

#define LINEAR_ROWS 64 /* an item's */

static void linear_item(void *arg, int item, void *scratch)
{
    const linear_job *j = arg;
    const int first = item * LINEAR_ROWS;
    j->kernels->linear(j->weight, j->bias, j->x, j->y, j->in, first, stz_min(first + LINEAR_ROWS, j->out));
}

static void run_linear(const linear_job *job, const stz_exec *exec)
{
    linear_job j = *job;
    stz_team_run(exec->team, linear_item, &j, (j.out + LINEAR_ROWS - 1) / LINEAR_ROWS);
}

static void relu(float *x, int count)
{
    for (int i = 0; i < count; i++)
        x[i] = fmaxf(x[i], 0);
}

/* Statistics at every depth of the encoder. */
static stylize_status look(stz_part *part, const stz_view *in, float *statistics, stz_pool *pool,
                           const stz_exec *exec, stylize_error *err)
{
    stz_buf *arena;
    const stz_apply none = {0};
    run r = {.part = part, .job = &none, .in = in, .exec = exec};
    stylize_status status = begin(&r, in->width, in->height, pool, &arena, err);
    if (status)
        return status;
    status = run_layers(&r, part->layers.count, err);
    if (!status)
        memcpy(statistics, floats_at(&r, r.plan->vector_at),
               sizeof *statistics * (size_t)part->graph.statistics);
    end(&r, arena);
    return status;
}

/* The operations on the vector, up to the correction. */
static void run_linears(const stz_part *part, work *w, const stz_exec *exec, float *code)
{
    const stz_graph *g = &part->graph;
    int length = g->statistics;
    memcpy(w->x, w->wanted, sizeof *w->x * (size_t)length);
    for (int i = part->layers.first_linear; i < g->count; i++) {
        const stz_op *op = &g->ops[i];
        if (op->kind == STZ_OP_RELU)
            relu(w->x, length);
        if (op->kind != STZ_OP_LINEAR)
            continue;
        run_linear(&(linear_job){part->kernels, op->weight, op->bias, w->x, w->y, op->in, op->out}, exec);
        length = op->out;
        float *t = w->x;
        w->x = w->y;
        w->y = t;
    }
    memcpy(code, w->x, sizeof *code * (size_t)length);
}

/* Paints the probe with the code, looks at the painting, and adds to the code what the painting lacks. */
static stylize_status correct_code(stz_part *encoder, stz_part *generator, const stz_op *op, const work *w,
                                   float *code, stz_pool *pool, const stz_exec *exec, stylize_error *err)
{
    const ptrdiff_t stride = (ptrdiff_t)sizeof(float) * 3 * op->probe_width;
    const stz_apply job = {
        .in = {(void *)(uintptr_t)op->probe, stride, op->probe_width, op->probe_height, STZ_F32},
        .out = {w->painting, stride, op->probe_width, op->probe_height, STZ_F32},
        .code = code};
    stylize_status status = stz_run_apply(generator, &job, pool, exec, err);
    if (!status)
        status = look(encoder, &job.out, w->found, pool, exec, err);
    if (status)
        return status;
    const stz_kernels *k = encoder->kernels;
    run_linear(&(linear_job){k, op->weight, op->bias, w->wanted, w->x, op->in, op->hidden}, exec);
    run_linear(&(linear_job){k, op->weight, op->bias, w->found, w->y, op->in, op->hidden}, exec);
    relu(w->x, op->hidden);
    relu(w->y, op->hidden);
    for (int i = 0; i < op->hidden; i++)
        w->x[i] -= w->y[i];
    run_linear(&(linear_job){k, op->second, NULL, w->x, w->y, op->hidden, op->out}, exec);
    for (int i = 0; i < op->out; i++)
        code[i] += w->y[i];
    return STYLIZE_OK;
}

stylize_status stz_run_encode(stz_part *encoder, stz_part *generator, const stz_view *style, float *code,
                              stz_pool *pool, const stz_exec *exec, stylize_error *err)
{
    work w;
    stz_buf *memory = work_get(&encoder->graph, pool, &w, err);
    if (!memory)
        return STYLIZE_ERR_NOMEM;
    const stz_op *correct = correction(&encoder->graph);
    stylize_status status = look(encoder, style, w.wanted, pool, exec, err);
    if (!status) {
        run_linears(encoder, &w, exec, code);
        if (correct)
            status = correct_code(encoder, generator, correct, &w, code, pool, exec, err);
    }
    stz_buf_unref(memory);
    return status;
}
