#include "engine/native/back.h"

#include <math.h>
#include <string.h>

#include "engine/native/conv_plan.h"
#include "engine/native/means.h"

/* A way back that is under way. */
typedef struct back {
    const stz_kept_run *kept;
    const stz_run *r;
    const stz_back_job *job;
    const stz_plan *plan;
    const stz_layers *net;
} back;

static float *factor(const back *b, int index)
{
    return stz_run_floats(b->r, b->plan->back_at) + (size_t)index * (size_t)b->plan->factors;
}

/* Places of the factors of one layer. */
enum { SCALE, SHIFT, MEAN, GAIN, SLOPE, OFFSET };

/* ------------------------------------------------------------------ the picture's side */

typedef struct edge_job {
    const back *b;
    stz_gradient_view view;
    float *floats; /* the gradient at the view's pixel (0, 0) */
} edge_job;

/* Through clamp, sigmoid and factor, a run of samples. */
static void result_samples(const back *b, const float *v, const float *gradient, int count, float *out)
{
    const stz_layers *net = b->net;
    const float low = net->out_low, high = net->out_high, mul = net->out_mul;
    for (int i = 0; i < count; i++) {
        const float slope = net->sigmoid ? v[i] * (1 - v[i]) * mul : mul;
        out[i] = v[i] > low && v[i] < high ? gradient[i] * slope : 0;
    }
}

/* A row of the gradient of what the last convolution wrote. With a shuffle columns 0 to 5 are the two pixels above,
 * 8 to 13 those below. */
static void result_row(void *arg, int y, void *scratch)
{
    const edge_job *e = arg;
    const stz_layer *l = &e->b->net->layers[e->b->net->count - 1];
    const stz_view *out = &e->b->r->job->out;
    const int f = l->shuffle, block = e->view.layout.block, width = e->view.layout.width;
    float *g = e->floats + y * e->view.layout.row;
    if (block > 3)
        memset(g, 0, sizeof *g * (size_t)block * (size_t)width);
    for (int dy = 0; dy < f; dy++, g += 8) {
        const ptrdiff_t sy = (ptrdiff_t)y * f + dy;
        const float *v = (const float *)(const void *)((const uint8_t *)out->data + sy * out->stride);
        const float *gradient = e->b->job->result + sy * out->width * 3;
        if (block == 3)
            result_samples(e->b, v, gradient, 3 * width, g);
        else
            for (int x = 0; x < width; x++)
                result_samples(e->b, v + (ptrdiff_t)x * f * 3, gradient + (ptrdiff_t)x * f * 3, f * 3,
                               g + (ptrdiff_t)x * block);
    }
}

static float *view_floats(const back *b, const stz_gradient_view *v)
{
    return (float *)stz_run_tensor(b->r, v->tensor) + v->start;
}

/* Of what the layer wrote, where that does not lie with the layer that reads it. */
static stz_gradient_view start_view(const back *b, int layer)
{
    const int tensor = b->plan->backs[layer].start;
    return (stz_gradient_view){tensor, b->plan->layouts[tensor], 0};
}

/* ------------------------------------------------------------------ convolutions */

static int output_channel(const stz_layer *l, const stz_layout *out, int column)
{
    return l->shuffle == 2 ? column % out->block : column;
}

/* Factors for each column of the forward product of layer i, whose output feeds a norm. */
static void spread_factors(const back *b, int i, const float *by_channel, float *by_column)
{
    const stz_layer *l = &b->net->layers[i];
    const stz_layout *out = &b->plan->layouts[l->out];
    const int channels = out->channels;
    for (int n = 0; n < b->plan->convs[i].columns; n++) {
        const int ch = output_channel(l, out, n);
        by_column[n] = ch < channels ? by_channel[ch] : 0;
    }
}

/* How the adjoint of layer i reads the gradient of what the layer wrote, which lies at x. */
static stz_conv_run adjoint_of(const back *b, int i, const float *x)
{
    const stz_plan *p = b->plan;
    const stz_layer *l = &b->net->layers[i];
    const stz_back *own = &p->backs[i];
    const stz_layer_weights *w = stz_part_back_weights(b->r->part, p, i);
    const bool norm = own->conv.read == STZ_READ_NORM;
    const float *ones = stz_run_floats(b->r, p->ones_at);
    const bool cut = !stz_layers_ends(b->net, i) && l[1].relu_in && l[1].base < 0;
    return (stz_conv_run){.conv = &own->conv,
                          .weights = w->weights,
                          .bias = w->bias,
                          .x = x,
                          .base = stz_run_tensor(b->r, l->out),
                          .out = stz_run_tensor(b->r, own->gradient),
                          .scale = norm ? factor(b, SCALE) : ones,
                          .shift = norm ? factor(b, SHIFT) : ones + p->ones,
                          .gain = factor(b, GAIN),
                          .slope = factor(b, SLOPE),
                          .offset = factor(b, OFFSET),
                          .floor = l->relu ? 0 : -INFINITY,
                          .low = cut ? 0 : -INFINITY,
                          .in_mul = 1,
                          .out_low = -INFINITY,
                          .out_high = INFINITY};
}

/* As rows of plain floats, which the form of the last 9x9 reads. */
static void expand(const back *b, const stz_back *own, stz_conv_run *cr)
{
    stz_conv_run rows = *cr;
    const float *ones = stz_run_floats(b->r, b->plan->ones_at);
    rows.out = stz_run_tensor(b->r, own->expanded);
    stz_run_clear_tail(b->r, own->expanded);
    stz_team_run(b->r->exec->team, b->plan->kernels->expand, &rows, own->conv.in.height);
    cr->x = rows.out;
    cr->scale = ones;
    cr->shift = ones + b->plan->ones;
    cr->low = -INFINITY;
}

static void run_adjoint(const back *b, int i, const stz_gradient_view *from, stz_conv_run *cr)
{
    const stz_back *own = &b->plan->backs[i];
    const stz_layout *to = &b->plan->layouts[own->gradient];
    const ptrdiff_t size = sizeof(float);
    const stz_view in = {view_floats(b, from), from->layout.row * size, from->layout.width,
                         from->layout.height, STZ_F32};
    const stz_view picture = {cr->out, to->row * size, to->width, to->height, STZ_F32};
    cr->picture_in = in;
    cr->picture_out = &picture;
    if (own->expanded >= 0)
        expand(b, own, cr);
    stz_run_clear_tail(b->r, own->gradient);
    const stz_kernels *k = b->plan->kernels;
    stz_team_run(b->r->exec->team,
                 own->conv.kind == STZ_CONV_FIRST9  ? k->first9
                 : own->conv.kind == STZ_CONV_LAST9 ? k->last9
                                                    : k->conv,
                 cr, own->conv.items);
}

/* ------------------------------------------------------------------ settling */

/* Scale, shift and mean of the norm that the layer reads, for the floats of a unit of each plane. */
static void unit_factors(const back *b, const stz_layer *l, const stz_settle *s)
{
    const stz_graph *g = b->net->graph;
    const stz_op *norm = l->norm_in >= 0 ? &g->ops[l->norm_in] : NULL;
    const float *scale = norm ? stz_run_floats(b->r, b->plan->norm_at[norm->norm]) : NULL;
    const float *shift = norm ? scale + stz_plan_padded(b->plan->kernels, norm->out) : NULL;
    for (int n = 0; n < s->planes * s->unit; n++) {
        const int ch = n / s->unit * s->layout.block + n % s->unit % s->layout.block;
        const bool used = norm && ch < norm->out;
        factor(b, SCALE)[n] = used ? scale[ch] : norm ? 0 : 1;
        factor(b, SHIFT)[n] = used ? shift[ch] : 0;
        factor(b, MEAN)[n] = used ? b->r->job->stats_out[norm->norm_offset + ch] : 0;
    }
}

/* From the sums of all items: the gradients of gamma and beta, and the factors that the adjoint of the layer
 * before reads x and its gradient with. With a normalised x, N pixels and v the gradient of the norm's result,
 * that of its input is gamma / deviation * (v - mean(v) - x mean(v x)). */
static void norm_factors(const back *b, int i, const stz_settle *s)
{
    const stz_layer *l = &b->net->layers[i];
    const stz_graph *g = b->net->graph;
    const stz_op *op = &g->ops[l->norm_in];
    const float *mean = b->r->job->stats_out + op->norm_offset, *variance = mean + g->norm_channels, *gamma,
                *beta;
    double *sums = (double *)(void *)(b->r->arena + b->plan->moments_at), *products = sums + op->out;
    const size_t count = (size_t)s->planes * (size_t)s->unit;
    const double pixels = (double)s->height * s->width;
    stz_run_norm(b->r, op, &gamma, &beta);
    memset(sums, 0, 2 * sizeof *sums * (size_t)op->out);
    for (int item = 0; item < s->items; item++)
        for (size_t n = 0; n < count; n++) {
            const float *record = s->records + 2 * count * (size_t)item;
            const size_t unit = (size_t)s->unit, block = (size_t)s->layout.block;
            const size_t ch = n / unit * block + n % unit % block;
            if (ch < (size_t)op->out) {
                sums[ch] += (double)record[n];
                products[ch] += (double)record[count + n];
            }
        }
    float *gain = factor(b, GAIN), *slope = factor(b, SLOPE), *offset = factor(b, OFFSET),
          *by = factor(b, MEAN);
    for (int f = GAIN; f <= OFFSET; f++) {
        for (int c = 0; c < op->out; c++) {
            const double inverse = 1 / sqrt((double)variance[c] + (double)g->eps);
            const double scale = (double)gamma[c] * inverse;
            const double k = -scale * inverse * inverse * products[c] / pixels;
            by[c] = (float)(f == GAIN    ? scale
                            : f == SLOPE ? k
                                         : -scale * sums[c] / pixels - k * (double)mean[c]);
        }
        spread_factors(b, i - 1, by, f == GAIN ? gain : f == SLOPE ? slope : offset);
    }
    const float *scale = stz_run_floats(b->r, b->plan->norm_at[op->norm]);
    spread_factors(b, i - 1, scale, factor(b, SCALE));
    spread_factors(b, i - 1, scale + stz_plan_padded(b->plan->kernels, op->out), factor(b, SHIFT));
    float *to = b->job->code ? b->job->code + op->norm_offset : NULL;
    ptrdiff_t between = g->norm_channels;
    if (op->gamma) {
        to = b->job->weights ? b->job->weights + stz_back_weight_place(g, l->norm_in) : NULL;
        between = op->out;
    }
    for (int c = 0; to && c < op->out; c++) {
        to[c] = (float)(products[c] / sqrt((double)variance[c] + (double)g->eps));
        to[between + c] = (float)sums[c];
    }
}

static void settle(const back *b, int i)
{
    const stz_plan *p = b->plan;
    const stz_layer *l = &b->net->layers[i];
    const stz_back *own = &p->backs[i];
    const stz_layout *g = &p->layouts[own->gradient];
    const stz_gradient_view view = stz_back_view(p, i);
    stz_settle s = {.height = view.layout.height,
                    .width = view.layout.width,
                    .band = STZ_BACK_BAND,
                    .border = own->border,
                    .g_layout = *g,
                    .upsample = own->upsample,
                    .layout = p->convs[i].in,
                    .low = l->relu_in ? 0 : -INFINITY};
    s.g = (float *)stz_run_tensor(b->r, own->gradient) + own->border * (g->row + g->block);
    s.g_layout.height -= 2 * own->border;
    s.g_layout.width -= 2 * own->border;
    s.items = stz_back_items(s.height);
    if (own->settled >= 0)
        s.out = stz_run_tensor(b->r, own->settled);
    if (l->x < 0)
        s.layout = view.layout;
    s.planes = (s.layout.channels + s.layout.block - 1) / s.layout.block;
    s.unit = stz_back_unit(&s.layout, p->kernels);
    if (own->joins >= 0) {
        const stz_gradient_view other = stz_back_view(p, own->joins);
        s.add = view_floats(b, &other);
        s.add_row = other.layout.row;
        s.add_plane = other.layout.plane;
    }
    s.mask = l->relu_in && l->base >= 0;
    if (l->norm_in >= 0 || s.mask) {
        s.x = stz_run_tensor(b->r, l->x);
        s.base = stz_run_tensor(b->r, l->base);
        s.base_layout = p->convs[i].base;
        unit_factors(b, l, &s);
        s.scale = factor(b, SCALE);
        s.shift = factor(b, SHIFT);
        s.mean = factor(b, MEAN);
    }
    if (l->norm_in >= 0)
        s.records = stz_run_floats(b->r, p->sums_at);
    if (own->settled >= 0)
        stz_run_clear_tail(b->r, own->settled);
    stz_team_run(b->r->exec->team, p->kernels->settle, &s, s.items);
    if (l->norm_in >= 0)
        norm_factors(b, i, &s);
}

/* ------------------------------------------------------------------ all layers */

/* The gradient of the map of layer i, from that of its means, to which what looks at the map can be added. */
static void spread(const back *b, int i, const stz_gradient_view *means)
{
    const stz_gradient_view map = start_view(b, i);
    stz_spread s = {means->layout, map.layout, view_floats(b, means), view_floats(b, &map)};
    stz_run_clear_tail(b->r, map.tensor);
    stz_team_run(b->r->exec->team, stz_spread_row, &s, map.layout.height);
}

/* The gradient of what layer i reads of the picture; the first to come finds nothing in job->picture. */
static void to_picture(const back *b, int i, bool first)
{
    const stz_layer *l = &b->net->layers[i];
    const stz_gradient_view view = stz_back_view(b->plan, i);
    stz_picture_gradient g = {.layout = view.layout,
                              .from = view_floats(b, &view),
                              .unshuffle = l->unshuffle,
                              .shrink = l->shrink,
                              .mul = b->net->in_mul / (float)(l->shrink * l->shrink),
                              .add = !first,
                              .to = b->job->picture};
    stz_team_run(b->r->exec->team, stz_picture_gradient_row, &g, view.layout.height);
}

static stylize_status go_back(const back *b, stylize_error *err)
{
    stz_gradient_view from = {0};
    bool first = true;
    for (int i = b->net->count - 1; i >= 0; i--) {
        const stz_layer *l = &b->net->layers[i];
        const bool starts = b->plan->backs[i].start >= 0;
        if (stz_cancelled(b->r->exec))
            return stz_fail(err, STYLIZE_ERR_CANCELLED, "cancelled");
        if (starts && !stz_layers_ends(b->net, i))
            spread(b, i, &from);
        if (starts)
            from = start_view(b, i);
        if (l->tap >= 0)
            b->job->on_tap(b->job->user, b->r, i, &from, stz_layers_ends(b->net, i));
        stz_conv_run adjoint = adjoint_of(b, i, view_floats(b, &from));
        if (b->job->weights)
            stz_back_layer_weights(b->kept, i, &adjoint, b->job->weights);
        if (l->x < 0 && !b->job->picture)
            continue;
        const uint64_t start = stz_run_trace ? stz_now_ns() : 0;
        run_adjoint(b, i, &from, &adjoint);
        const uint64_t middle = stz_run_trace ? stz_now_ns() : 0;
        settle(b, i);
        if (stz_run_trace) {
            stz_run_trace(b->net->count + i, middle - start);
            stz_run_trace(2 * b->net->count + i, stz_now_ns() - middle);
        }
        from = stz_back_view(b->plan, i);
        if (l->x < 0) {
            to_picture(b, i, first);
            first = false;
        }
    }
    return STYLIZE_OK;
}

stylize_status stz_kept_back(const stz_kept_run *k, const stz_back_job *job, stylize_error *err)
{
    const back b = {k, &k->run, job, k->run.plan, k->run.plan->net};
    edge_job e = {&b, start_view(&b, b.net->count - 1), NULL};
    e.floats = view_floats(&b, &e.view);
    stz_run_clear_tail(&k->run, e.view.tensor);
    if (!b.net->taps)
        stz_team_run(k->run.exec->team, result_row, &e, e.view.layout.height);
    return go_back(&b, err);
}

stylize_status stz_kept_begin(stz_kept_run *k, stz_part *part, const stz_apply *job, bool weights,
                              stz_pool *pool, const stz_exec *exec, stylize_error *err)
{
    *k = (stz_kept_run){.job = *job};
    k->run = (stz_run){.part = part, .exec = exec};
    if (part->kernels->half)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "there are no gradients in half precision");
    const stylize_status status =
        stz_run_begin(&k->run, job->in.width, job->in.height, true, pool, &k->arena, err);
    if (status)
        return status;
    const size_t bytes = weights ? stz_back_record_bytes(k->run.plan) : 0;
    if (bytes && !(k->records = stz_pool_get(pool, STZ_MEM_ARENA, bytes))) {
        stz_kept_end(k);
        return stz_nomem(err, bytes);
    }
    k->job.stats_out = stz_run_floats(&k->run, k->run.plan->stats_at);
    return STYLIZE_OK;
}

stylize_status stz_kept_forward(stz_kept_run *k, stylize_error *err)
{
    k->run.job = &k->job; /* here: the structure may have moved since begin */
    k->run.in = &k->job.in;
    return stz_run_layers(&k->run, k->run.part->layers.count, err);
}

void stz_kept_end(stz_kept_run *k)
{
    if (k->arena)
        stz_run_end(&k->run, k->arena);
    stz_buf_unref(k->records);
    k->arena = k->records = NULL;
}
