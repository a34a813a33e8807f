#include "engine/native/encode.h"

#include <math.h>
#include <string.h>

#include "engine/native/run.h"

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
    stz_run r = {.part = part, .job = &none, .in = in, .exec = exec};
    stylize_status status = stz_run_begin(&r, in->width, in->height, false, pool, &arena, err);
    if (status)
        return status;
    status = stz_run_layers(&r, part->layers.count, err);
    if (!status)
        memcpy(statistics, stz_run_floats(&r, r.plan->vector_at),
               sizeof *statistics * (size_t)part->graph.statistics);
    stz_run_end(&r, arena);
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
