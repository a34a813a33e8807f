/* Networks of files, run forward and back for training programs. */
#include "engine/training.h"

#include <stdlib.h>
#include <string.h>

#include "engine/native/back.h"
#include "engine/native/own_weights.h"

/* A run that may be kept for the way back: the caller's picture and code are copied, as both are read again. */
typedef struct place {
    stz_kept_run kept;
    float *picture, *painted, *code;
    bool begun, filled;
} place;

typedef struct training {
    stz_native_net *net;
    stz_pool *pool;
    int width, height, place_count;
    place *places;
    size_t samples; /* of a picture */
    stz_buf *memory;
    stz_own_weights own;
    bool owns; /* the graph reads its numbers from there */
    stz_training_info info;
} training;

static stz_graph *graph_of(const training *t) { return &t->net->generator.graph; }

/* ------------------------------------------------------------------ feature maps */

/* Between blocks of channels and the channels of a pixel side by side. */
typedef struct map_copy {
    const stz_layout *layout;
    float *blocks;
    float *pixels;
    const float *from;
} map_copy;

static void read_row(void *arg, int y, void *scratch)
{
    const map_copy *c = arg;
    const stz_layout *l = c->layout;
    float *to = c->pixels + (size_t)y * (size_t)l->width * (size_t)l->channels;
    for (int first = 0; first < l->channels; first += l->block) {
        const int count = stz_min(l->block, l->channels - first);
        const float *from = c->blocks + first / l->block * l->plane + y * l->row;
        for (int x = 0; x < l->width; x++)
            memcpy(to + (ptrdiff_t)x * l->channels + first, from + (ptrdiff_t)x * l->block,
                   sizeof *to * (size_t)count);
    }
}

static void add_row(void *arg, int y, void *scratch)
{
    const map_copy *c = arg;
    const stz_layout *l = c->layout;
    const float *from = c->from + (size_t)y * (size_t)l->width * (size_t)l->channels;
    for (int first = 0; first < l->channels; first += l->block) {
        const int count = stz_min(l->block, l->channels - first);
        float *to = c->blocks + first / l->block * l->plane + y * l->row;
        for (int x = 0; x < l->width; x++)
            for (int i = 0; i < count; i++)
                to[(ptrdiff_t)x * l->block + i] += from[(ptrdiff_t)x * l->channels + first + i];
    }
}

typedef struct wish {
    float *const *maps;
    const float *const *gradients;
} wish;

static void give_map(void *user, const stz_run *r, int layer)
{
    const wish *w = user;
    const stz_layer *l = &r->plan->net->layers[layer];
    if (!w->maps || !w->maps[l->tap])
        return;
    map_copy c = {&r->plan->layouts[l->out], stz_run_tensor(r, l->out), w->maps[l->tap], NULL};
    stz_team_run(r->exec->team, read_row, &c, c.layout->height);
}

static void take_gradient(void *user, const stz_run *r, int layer, const stz_gradient_view *to, bool fresh)
{
    const wish *w = user;
    float *g = (float *)stz_run_tensor(r, to->tensor) + to->start;
    if (fresh)
        memset(g, 0, to->layout.count * sizeof *g);
    const float *from = w->gradients[r->plan->net->layers[layer].tap];
    if (!from)
        return;
    map_copy c = {&to->layout, g, NULL, from};
    stz_team_run(r->exec->team, add_row, &c, to->layout.height);
}

/* ------------------------------------------------------------------ opening */

static void describe(training *t)
{
    const stz_plan *plan = t->places[0].kept.run.plan;
    t->info.weights = stz_back_weight_count(graph_of(t));
    t->info.code_length = graph_of(t)->code_length;
    if (!t->net->loss) {
        t->info.paints = true;
        t->info.map_count = 1;
        t->info.maps[0] = (stz_training_map){t->width, t->height, 3};
        return;
    }
    for (int i = 0; i < plan->net->count; i++) {
        const stz_layer *l = &plan->net->layers[i];
        if (l->tap < 0)
            continue;
        const stz_layout *map = &plan->layouts[l->out];
        t->info.maps[l->tap] = (stz_training_map){map->width, map->height, map->channels};
        t->info.map_count = stz_max(t->info.map_count, l->tap + 1);
    }
}

static stylize_status get_memory(training *t, stylize_error *err)
{
    const size_t code = (size_t)graph_of(t)->code_length, each = 2 * t->samples + code,
                 weights = stz_back_weight_count(graph_of(t)),
                 pointers = 2 * (size_t)graph_of(t)->count * sizeof *t->own.read_from,
                 bytes = (each * (size_t)t->place_count + weights) * sizeof(float);
    t->memory = stz_pool_get(t->pool, STZ_MEM_ARENA, pointers + bytes);
    t->places = calloc((size_t)t->place_count, sizeof *t->places);
    if (!t->memory || !t->places)
        return stz_nomem(err, pointers + bytes);
    t->own.graph = graph_of(t);
    t->own.read_from = (const float **)(void *)t->memory->data;
    t->own.x = (float *)(void *)(t->memory->data + pointers);
    float *at = t->own.x + weights;
    for (int i = 0; i < t->place_count; i++, at += each) {
        t->places[i].picture = at;
        t->places[i].painted = at + t->samples;
        t->places[i].code = at + 2 * t->samples;
    }
    return STYLIZE_OK;
}

static stz_view view_of(const training *t, float *samples)
{
    return (stz_view){samples, t->width * 3 * (ptrdiff_t)sizeof(float), t->width, t->height, STZ_F32};
}

static stylize_status begin(training *t, place *p, const stz_exec *exec, stylize_error *err)
{
    const stz_apply job = {.in = view_of(t, p->picture), .out = view_of(t, p->painted), .code = p->code};
    const stylize_status status =
        stz_kept_begin(&p->kept, &t->net->generator, &job, true, t->pool, exec, err);
    p->begun = !status;
    return status;
}

static void close_net(void *net)
{
    training *t = net;
    for (int i = 0; i < t->place_count && t->places; i++)
        if (t->places[i].begun)
            stz_kept_end(&t->places[i].kept);
    if (t->owns)
        stz_own_weights_end(&t->own);
    stz_buf_unref(t->memory);
    stz_native_free(t->net);
    free(t->places);
    free(t);
}

static stylize_status fill(training *t, const stz_exec *exec, stylize_error *err)
{
    const int multiple = stz_max(graph_of(t)->multiple, 1);
    if (t->width % multiple || t->height % multiple)
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "the pictures are %dx%d pixels; this network takes multiples of %d", t->width,
                        t->height, multiple);
    stylize_status status = get_memory(t, err);
    if (!status)
        status = stz_own_weights_begin(&t->own, err);
    t->owns = !status;
    for (int i = 0; i < t->place_count && !status; i++)
        status = begin(t, &t->places[i], exec, err);
    if (!status)
        describe(t);
    return status;
}

static stylize_status open_net(const char *file, int width, int height, int places, stz_pool *pool,
                               const stz_exec *exec, void **net, stylize_error *err)
{
    training *t = calloc(1, sizeof *t);
    if (!t)
        return stz_nomem(err, sizeof *t);
    *t = (training){.pool = pool,
                    .width = width,
                    .height = height,
                    .place_count = places,
                    .samples = (size_t)width * (size_t)height * 3};
    stylize_status status = stz_native_load(file, stz_kernels_get(false), &t->net, err);
    if (!status)
        status = fill(t, exec, err);
    if (status)
        close_net(t);
    else
        *net = t;
    return status;
}

/* ------------------------------------------------------------------ running */

static void info(const void *net, stz_training_info *out) { *out = ((const training *)net)->info; }

static void read_weights(const void *net, float *weights)
{
    const training *t = net;
    memcpy(weights, t->own.x, t->info.weights * sizeof *weights);
}

static stylize_status write_weights(void *net, const float *weights, stylize_error *err)
{
    training *t = net;
    memcpy(t->own.x, weights, t->info.weights * sizeof *weights);
    for (int i = 0; i < t->place_count; i++)
        t->places[i].filled = false; /* what is kept belongs to the weights of before */
    return stz_part_renew(&t->net->generator, t->places[0].kept.run.plan, err);
}

/* The threads may be others than in the call before. */
static stylize_status work_with(place *p, const stz_exec *exec, stylize_error *err)
{
    p->kept.run.exec = exec;
    return stz_team_reserve(exec->team, p->kept.run.plan->scratch, err);
}

static stylize_status forward(void *net, int index, const float *picture, const float *code,
                              float *const *maps, const stz_exec *exec, stylize_error *err)
{
    training *t = net;
    place *p = &t->places[index];
    wish w = {maps, NULL};
    memcpy(p->picture, picture, t->samples * sizeof *picture);
    if (code)
        memcpy(p->code, code, (size_t)t->info.code_length * sizeof *code);
    p->filled = false;
    stylize_status status = work_with(p, exec, err);
    if (status)
        return status;
    p->kept.run.on_tap = t->net->loss ? give_map : NULL;
    p->kept.run.user = &w;
    status = stz_kept_forward(&p->kept, err);
    if (status)
        return status;
    p->filled = true;
    if (!t->net->loss && maps && maps[0])
        memcpy(maps[0], p->painted, t->samples * sizeof(float));
    return STYLIZE_OK;
}

static stylize_status backward(void *net, int index, const float *const *gradients, float *picture,
                               float *code, float *weights, const stz_exec *exec, stylize_error *err)
{
    training *t = net;
    place *p = &t->places[index];
    if (!p->filled)
        return stz_fail(err, STYLIZE_ERR_INVALID, "place %d holds no run forward with these weights", index);
    const stylize_status status = work_with(p, exec, err);
    if (status)
        return status;
    wish w = {NULL, gradients};
    const stz_back_job job = {.result = gradients[0],
                              .picture = picture,
                              .code = code,
                              .weights = weights,
                              .on_tap = take_gradient,
                              .user = &w};
    return stz_kept_back(&p->kept, &job, err);
}

const stz_training stz_training_native = {
    .open = open_net,
    .close = close_net,
    .info = info,
    .read = read_weights,
    .write = write_weights,
    .forward = forward,
    .backward = backward,
};
