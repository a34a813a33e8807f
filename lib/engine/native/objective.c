#include "engine/native/objective.h"

#include <math.h>
#include <string.h>

#include "engine/native/plain_loss.h"

#define SCALE     STZ_LOSS_SCALE
#define ITEMS_MAX 16 /* records of sums for a map */

/* The part of the picture that the network looks at, and the part of that which counts. */
typedef struct tile {
    int x, y, width, height;
    int inner_x, inner_y, inner_width, inner_height; /* in the picture */
} tile;

/* Equal squares that the memory allows. side 0: one tile. */
typedef struct cutting {
    int width, height, side, margin;
} cutting;

double stz_objective_pixel(stz_part *part, int multiple)
{
    const int side = stz_round_up(192, multiple);
    return (double)stz_part_memory(part, side, side, true) / side / side;
}

static int least_side(const stz_loss_spec *spec) { return 4 * spec->multiple; }

static int margin(const stz_loss_spec *spec) { return stz_round_up(spec->radius, spec->multiple); }

double stz_objective_least(const stz_loss_spec *spec, int width, int height)
{
    const int side = least_side(spec) + 2 * margin(spec);
    return spec->pixel_bytes * stz_min(width, side) * stz_min(height, side);
}

static cutting cut(const stz_objective *o, int width, int height)
{
    const int multiple = o->spec->multiple;
    cutting c = {width, height, 0, margin(o->spec)};
    const double memory = (double)o->job->memory, pixel = o->spec->pixel_bytes;
    if (pixel * width * height <= memory)
        return c;
    const int side = (int)fmin(sqrt(memory / pixel), 1 << 20) - 2 * c.margin;
    c.side = stz_max(side / multiple * multiple, least_side(o->spec));
    return c;
}

/* Tile number `index`; false after the last. */
static bool tile_at(const cutting *c, int index, tile *t)
{
    if (!c->side) {
        *t = (tile){0, 0, c->width, c->height, 0, 0, c->width, c->height};
        return index == 0;
    }
    const int across = (c->width + c->side - 1) / c->side;
    const int x = index % across * c->side, y = index / across * c->side;
    if (y >= c->height)
        return false;
    t->inner_x = x;
    t->inner_y = y;
    t->inner_width = stz_min(c->side, c->width - x);
    t->inner_height = stz_min(c->side, c->height - y);
    t->x = stz_max(x - c->margin, 0);
    t->y = stz_max(y - c->margin, 0);
    t->width = stz_min(x + t->inner_width + c->margin, c->width) - t->x;
    t->height = stz_min(y + t->inner_height + c->margin, c->height) - t->y;
    return true;
}

static stz_view seen(const stz_view *v, const tile *t)
{
    const ptrdiff_t pixel = 3 * (ptrdiff_t)(v->elem == STZ_U8 ? 1 : sizeof(float));
    return (stz_view){(uint8_t *)v->data + t->y * v->stride + t->x * pixel, v->stride, t->width, t->height,
                      v->elem};
}

/* ------------------------------------------------------------------ sums of feature maps */

/* Whose maps are looked at. Only those of the content and of the picture painted from it have the size of the content's
 * map, which is kept and compared with; a style has any size. */
typedef enum subject { CONTENT, STYLE, PICTURE } subject;

typedef struct looking {
    stz_objective *o;
    const tile *tile;
    subject subject;
} looking;

static stz_objective_layer *layer_of(stz_objective *o, int layer)
{
    for (int i = 0; i < o->spec->layers; i++)
        if (o->layers[i].layer == layer)
            return &o->layers[i];
    return NULL;
}

/* The part of a map that counts; its first pixel in the content's map. */
static stz_features part_of(const stz_run *r, const stz_objective_layer *l, const looking *look,
                            ptrdiff_t *content)
{
    const tile *t = look->tile;
    const stz_layout *map = &r->plan->layouts[r->plan->net->layers[l->layer].out];
    const int y = (t->inner_y - t->y) / l->stride, x = (t->inner_x - t->x) / l->stride;
    stz_features p = {.layout = *map,
                      .g_layout = l->layout,
                      .height = t->inner_height / l->stride,
                      .width = t->inner_width / l->stride};
    p.f =
        (const float *)stz_run_tensor(r, r->plan->net->layers[l->layer].out) + y * map->row + x * map->block;
    *content = t->inner_y / l->stride * l->layout.row + t->inner_x / l->stride * (ptrdiff_t)l->layout.block;
    p.g = l->content && look->subject != STYLE ? l->content + *content : NULL;
    p.band = (p.height + ITEMS_MAX - 1) / ITEMS_MAX;
    p.items = (p.height + p.band - 1) / p.band;
    return p;
}

static void store_map(const stz_features *p, float *to)
{
    const int planes = stz_padded_channels(&p->layout) / p->layout.block;
    for (int k = 0; k < planes; k++)
        for (int y = 0; y < p->height; y++)
            memcpy(to + k * p->g_layout.plane + y * p->g_layout.row,
                   p->f + k * p->layout.plane + y * p->layout.row,
                   sizeof *to * (size_t)p->width * (size_t)p->layout.block);
}

/* The records of all items, in their order, are added to the moments. */
static void merge(stz_objective_layer *l, const stz_feature_sums *s)
{
    const int n = l->loss.padded, block = s->part.layout.block;
    for (int item = 0; item < s->part.items; item++) {
        const float *sum = s->records + (size_t)item * stz_sums_size(&s->part.layout), *cross = sum + n;
        for (int i = 0; i < n; i++) {
            l->moments.sum[i] += (double)sum[i];
            l->moments.cross[i] += (double)cross[i];
        }
        for (int i = 0; i < n; i++)
            for (int j = i / block * block; j < n; j++)
                l->moments.second[i * n + j] += (double)cross[n + i * n + j];
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i / block * block; j++)
            l->moments.second[i * n + j] = l->moments.second[j * n + i];
    l->moments.count += (double)s->part.height * s->part.width;
}

static void measure(void *user, const stz_run *r, int layer)
{
    const looking *look = user;
    stz_objective_layer *l = layer_of(look->o, layer);
    ptrdiff_t at;
    if (!l->used)
        return;
    stz_feature_sums s = {part_of(r, l, look, &at), look->o->records};
    if (look->subject == CONTENT && l->content)
        store_map(&s.part, l->content + at);
    stz_team_run(r->exec->team, r->plan->kernels->feature_sums, &s, s.part.items);
    merge(l, &s);
}

static void pull(void *user, const stz_run *r, int layer, const stz_gradient_view *to, bool fresh)
{
    const looking *look = user;
    const stz_objective_layer *l = layer_of(look->o, layer);
    const tile *t = look->tile;
    float *g = (float *)stz_run_tensor(r, to->tensor) + to->start;
    if (fresh)
        memset(g, 0, to->layout.count * sizeof *g);
    if (!l->used)
        return;
    ptrdiff_t at;
    stz_feature_gradient f = {.part = part_of(r, l, look, &at),
                              .row = to->layout.row,
                              .plane = to->layout.plane,
                              .constant = l->gradient.constant,
                              .cross = l->gradient.cross,
                              .matrix = l->gradient.matrix};
    f.to = g + (t->inner_y - t->y) / l->stride * f.row +
           (t->inner_x - t->x) / l->stride * (ptrdiff_t)to->layout.block;
    f.part.band = 1;
    stz_team_run(r->exec->team, r->plan->kernels->feature_gradient, &f, f.part.height);
}

static void forget(stz_objective *o)
{
    for (int i = 0; i < o->spec->layers; i++) {
        stz_objective_layer *l = &o->layers[i];
        const size_t n = (size_t)l->loss.padded;
        l->moments.count = 0;
        memset(l->moments.sum, 0, sizeof(double) * n);
        memset(l->moments.cross, 0, sizeof(double) * n);
        memset(l->moments.second, 0, sizeof(double) * n * n);
    }
}

/* Moments of a whole picture, tile by tile. */
static stylize_status look_at(stz_objective *o, const stz_view *picture, subject subject, stylize_error *err)
{
    const cutting c = cut(o, picture->width, picture->height);
    tile t;
    forget(o);
    for (int i = 0; tile_at(&c, i, &t); i++) {
        const stz_apply job = {.in = seen(picture, &t)};
        looking look = {o, &t, subject};
        stz_run r = {
            .part = o->part, .job = &job, .in = &job.in, .exec = o->exec, .on_tap = measure, .user = &look};
        stz_buf *arena;
        stylize_status status = stz_run_begin(&r, t.width, t.height, false, o->pool, &arena, err);
        if (status)
            return status;
        status = stz_run_layers(&r, o->part->layers.count, err);
        stz_run_end(&r, arena);
        if (status)
            return status;
    }
    return STYLIZE_OK;
}

/* ------------------------------------------------------------------ memory */

/* Takes parts of a buffer; without one it counts. */
typedef struct taker {
    uint8_t *base;
    size_t at;
} taker;

static void *take(taker *t, size_t count, size_t size)
{
    void *p = t->base ? t->base + t->at : NULL;
    t->at += (count * size + 63) / 64 * 64;
    return p;
}

static void take_layer(const stz_objective *o, stz_objective_layer *l, taker *t)
{
    const size_t n = (size_t)l->loss.padded;
    l->moments = (stz_moments){0, take(t, n, sizeof(double)), take(t, n, sizeof(double)),
                               take(t, n * n, sizeof(double))};
    l->gradient = (stz_loss_gradient){take(t, n, sizeof(float)), take(t, n, sizeof(float)),
                                      take(t, n * n, sizeof(float))};
    l->loss.work = take(t, n * (n + 3), sizeof(double));
    l->loss.styles = take(t, (size_t)o->job->style_count, sizeof(stz_style_target));
    for (int i = 0; i < o->job->style_count; i++) {
        const stz_style_target s = {.mean = take(t, n, sizeof(double)),
                                    .covariance = take(t, n * n, sizeof(double))};
        if (t->base)
            l->loss.styles[i] = s;
    }
}

static void take_content(stz_objective_layer *l, taker *t)
{
    const size_t n = (size_t)l->loss.padded;
    if (!(l->loss.content.weight > 0))
        return;
    l->loss.content.mean = take(t, n, sizeof(double));
    l->loss.content.variance = take(t, n, sizeof(double));
    l->content = take(t, (size_t)l->layout.plane * n / (size_t)l->layout.block, sizeof(float));
}

size_t stz_objective_content_bytes(stz_objective *o, void *memory)
{
    taker t = {memory, 0};
    for (int i = 0; i < o->spec->layers; i++) {
        stz_objective_layer sized = o->layers[i];
        take_content(memory ? &o->layers[i] : &sized, &t);
    }
    return t.at;
}

static void take_all(stz_objective *o, taker *t, size_t tile_floats)
{
    size_t records = (size_t)o->job->content.height * sizeof(double) / sizeof(float);
    for (int i = 0; i < o->spec->layers; i++) {
        const size_t own = ITEMS_MAX * stz_sums_size(&o->layers[i].layout);
        records = own > records ? own : records;
        take_layer(o, &o->layers[i], t);
        take_content(&o->layers[i], t);
    }
    o->records = take(t, records, sizeof(float));
    o->tile_gradient = tile_floats ? take(t, tile_floats, sizeof(float)) : NULL;
}

/* Sizes of the maps of the whole picture, from the plan of the smallest one. */
static stylize_status describe(stz_objective *o, stylize_error *err)
{
    stz_plan *plan;
    const int side = 2 * o->spec->multiple;
    const stylize_status status = stz_part_plan_get(o->part, side, side, false, &plan, err);
    if (status)
        return status;
    for (int i = 0; i < o->part->layers.count; i++) {
        const stz_layer *layer = &o->part->layers.layers[i];
        if (layer->tap < 0)
            continue;
        stz_objective_layer *l = &o->layers[layer->tap];
        const stz_layout *map = &plan->layouts[layer->out];
        l->layer = i;
        l->stride = side / map->width;
        l->layout = *map;
        l->layout.width = o->job->content.width / l->stride;
        l->layout.height = o->job->content.height / l->stride;
        l->layout.row = (ptrdiff_t)l->layout.width * map->block;
        l->layout.plane = l->layout.row * l->layout.height;
        l->loss = (stz_layer_loss){.channels = map->channels, .padded = stz_padded_channels(map)};
        l->loss.content.weight = (double)o->spec->content_weights[layer->tap];
        l->used = l->loss.content.weight > 0 || o->spec->style_weights[layer->tap] > 0;
    }
    stz_part_plan_put(o->part, plan);
    return STYLIZE_OK;
}

/* Floats of the largest tile. */
static size_t tile_floats(const cutting *c)
{
    const size_t side = (size_t)(c->side + 2 * c->margin);
    return c->side ? 3 * side * side : 0;
}

/* ------------------------------------------------------------------ the objective */

stylize_status stz_objective_read_content(stz_objective *o, const stz_view *content, stylize_error *err)
{
    const stylize_status status = look_at(o, content, CONTENT, err);
    for (int i = 0; i < o->spec->layers && !status; i++)
        if (o->layers[i].content)
            stz_content_target_set(&o->layers[i].loss, &o->layers[i].moments, &o->layers[i].loss.content);
    return status;
}

static stylize_status read_targets(stz_objective *o, stylize_error *err)
{
    stylize_status status = stz_objective_read_content(o, &o->job->content, err);
    for (int s = 0; s < o->job->style_count && !status; s++) {
        status = look_at(o, &o->job->styles[s], STYLE, err);
        for (int i = 0; i < o->spec->layers && !status; i++) {
            stz_layer_loss *l = &o->layers[i].loss;
            if (!(o->spec->style_weights[i] > 0))
                continue;
            l->style_count = s + 1;
            stz_style_target_set(l, &o->layers[i].moments, &l->styles[s]);
            l->styles[s].weight = (double)o->spec->style_weights[i] * (double)o->job->weights[s];
        }
    }
    return status;
}

stylize_status stz_objective_open(stz_objective *o, stz_part *part, const stz_loss_spec *spec,
                                  const stz_optimize *job, const float *x, stz_pool *pool,
                                  const stz_exec *exec, stylize_error *err)
{
    *o = (stz_objective){.part = part, .spec = spec, .job = job, .pool = pool, .exec = exec};
    stylize_status status = describe(o, err);
    if (status)
        return status;
    const cutting c = cut(o, job->content.width, job->content.height);
    taker t = {0};
    take_all(o, &t, tile_floats(&c));
    o->memory = stz_pool_get(pool, STZ_MEM_ARENA, t.at);
    if (!o->memory)
        return stz_nomem(err, t.at);
    t = (taker){o->memory->data, 0};
    take_all(o, &t, tile_floats(&c));
    status = read_targets(o, err);
    if (!status && !c.side) { /* one tile: its memory is taken once */
        union {
            const float *read;
            void *data;
        } picture = {x};
        const stz_apply in = {.in = {picture.data, (ptrdiff_t)job->content.width * 3 * (ptrdiff_t)sizeof *x,
                                     job->content.width, job->content.height, STZ_F32}};
        status = stz_kept_begin(&o->kept, part, &in, false, pool, exec, err);
    }
    if (status)
        stz_objective_close(o);
    return status;
}

static double losses(stz_objective *o)
{
    double loss = 0;
    for (int i = 0; i < o->spec->layers; i++) {
        stz_objective_layer *l = &o->layers[i];
        if (l->used)
            loss += stz_layer_loss_evaluate(&l->loss, &l->moments, SCALE, &l->gradient);
    }
    return SCALE * loss;
}

/* The tile's share of the gradient is added to the whole one. */
static void add_tile(const stz_objective *o, const tile *t, float *gradient)
{
    for (int y = 0; y < t->height; y++) {
        const float *from = o->tile_gradient + (ptrdiff_t)y * t->width * 3;
        float *to = gradient + ((ptrdiff_t)(t->y + y) * o->job->content.width + t->x) * 3;
        for (int i = 0; i < 3 * t->width; i++)
            to[i] += from[i];
    }
}

static stylize_status back_in_tiles(stz_objective *o, const stz_view *x, float *gradient, stylize_error *err)
{
    const cutting c = cut(o, x->width, x->height);
    stylize_status status = STYLIZE_OK;
    tile t;
    memset(gradient, 0, sizeof *gradient * 3 * (size_t)x->width * (size_t)x->height);
    for (int i = 0; !status && tile_at(&c, i, &t); i++) {
        const stz_apply in = {.in = seen(x, &t)};
        looking look = {o, &t, PICTURE};
        const stz_back_job back = {.picture = o->tile_gradient, .on_tap = pull, .user = &look};
        stz_kept_run k;
        status = stz_kept_begin(&k, o->part, &in, false, o->pool, o->exec, err);
        if (status)
            return status;
        status = stz_kept_forward(&k, err);
        if (!status)
            status = stz_kept_back(&k, &back, err);
        stz_kept_end(&k);
        if (!status)
            add_tile(o, &t, gradient);
    }
    return status;
}

stylize_status stz_objective_evaluate(stz_objective *o, const float *x, float *gradient, double *loss,
                                      stylize_error *err)
{
    const int width = o->job->content.width, height = o->job->content.height;
    union {
        const float *read;
        void *data;
    } picture = {x};
    const stz_view view = {picture.data, (ptrdiff_t)width * 3 * (ptrdiff_t)sizeof *x, width, height, STZ_F32};
    stylize_status status;
    if (o->tile_gradient) {
        status = look_at(o, &view, PICTURE, err);
        *loss = losses(o);
        if (!status)
            status = back_in_tiles(o, &view, gradient, err);
    } else {
        const tile whole = {0, 0, width, height, 0, 0, width, height};
        looking look = {o, &whole, PICTURE};
        const stz_back_job back = {.picture = gradient, .on_tap = pull, .user = &look};
        forget(o);
        o->kept.job.in.data = picture.data;
        o->kept.run.on_tap = measure;
        o->kept.run.user = &look;
        status = stz_kept_forward(&o->kept, err);
        *loss = losses(o);
        if (!status)
            status = stz_kept_back(&o->kept, &back, err);
    }
    if (status)
        return status;
    *loss += stz_plain_loss(x, width, height, SCALE, o->spec->smoothness, gradient,
                            (double *)(void *)o->records, o->exec->team);
    return STYLIZE_OK;
}

void stz_objective_close(stz_objective *o)
{
    stz_kept_end(&o->kept);
    stz_buf_unref(o->memory);
    o->memory = NULL;
}
