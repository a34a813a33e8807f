/* The public functions for training programs. */
#include "stylize/train.h"

#include <stdlib.h>

#include "engine/engine.h"
#include "engine/registry.h"
#include "engine/training.h"
#include "sched/queue.h"

#define SIDE_MIN 32
#define SIDE_MAX 4096

struct stylize_net {
    stylize_ctx *ctx;
    const stz_training *table;
    void *net;
    uint32_t places;
    stz_training_info info;
};

/* A call on its way to a worker. */
typedef struct call {
    stylize_net *net;
    const char *file;
    uint32_t width, height, place;
    const float *picture, *code;
    float *const *maps;
    const float *const *gradients;
    float *picture_out, *code_out, *weights_out;
} call;

static const stz_training *training_table(void)
{
    for (int i = 0; stz_engine_at(i); i++)
        if (stz_engine_at(i)->training)
            return stz_engine_at(i)->training;
    return NULL;
}

static stylize_status null(stylize_error *err, const char *what)
{
    return stz_fail(err, STYLIZE_ERR_INVALID, "%s is NULL", what);
}

/* ------------------------------------------------------------------ opening */

static stylize_status open_task(stz_env *env, const stz_exec *exec, void *arg, stylize_error *err)
{
    const call *c = arg;
    return c->net->table->open(c->file, (int)c->width, (int)c->height, (int)c->net->places, env->pool, exec,
                               &c->net->net, err);
}

static stylize_status check_sides(uint32_t width, uint32_t height, stylize_error *err)
{
    if (width < SIDE_MIN || height < SIDE_MIN || width > SIDE_MAX || height > SIDE_MAX)
        return stz_fail(err, STYLIZE_ERR_INVALID, "size is %ux%u; sides of %d to %d are allowed", width,
                        height, SIDE_MIN, SIDE_MAX);
    return STYLIZE_OK;
}

stylize_status stylize_net_open(stylize_ctx *ctx, const char *file, uint32_t width, uint32_t height,
                                uint32_t places, stylize_net **net, stylize_error *err)
{
    if (!ctx || !file || !net)
        return null(err, !ctx ? "ctx" : !file ? "file" : "net");
    stylize_status status = check_sides(width, height, err);
    if (status)
        return status;
    if (places < 1 || places > STYLIZE_NET_PLACES_MAX)
        return stz_fail(err, STYLIZE_ERR_INVALID, "places is %u; 1 to %d are allowed", places,
                        STYLIZE_NET_PLACES_MAX);
    if (!training_table())
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "this library has no engine that trains networks");
    stylize_net *n = calloc(1, sizeof *n);
    if (!n)
        return stz_nomem(err, sizeof *n);
    *n = (stylize_net){.ctx = ctx, .table = training_table(), .places = places};
    call c = {.net = n, .file = file, .width = width, .height = height};
    status = stz_queue_task(ctx, NULL, open_task, &c, err);
    if (status) {
        free(n);
        return status;
    }
    n->table->info(n->net, &n->info);
    *net = n;
    return STYLIZE_OK;
}

void stylize_net_close(stylize_net *net)
{
    if (!net)
        return;
    net->table->close(net->net);
    free(net);
}

/* ------------------------------------------------------------------ what it is */

size_t stylize_net_weight_count(const stylize_net *net) { return net ? net->info.weights : 0; }

size_t stylize_net_code_length(const stylize_net *net) { return net ? (size_t)net->info.code_length : 0; }

size_t stylize_net_map_count(const stylize_net *net) { return net ? (size_t)net->info.map_count : 0; }

stylize_status stylize_net_map_shape(const stylize_net *net, size_t map, uint32_t shape[3],
                                     stylize_error *err)
{
    if (!net || !shape)
        return null(err, net ? "shape" : "net");
    if (map >= stylize_net_map_count(net))
        return stz_fail(err, STYLIZE_ERR_INVALID, "map is %zu; the network has %d", map, net->info.map_count);
    const stz_training_map *m = &net->info.maps[map];
    shape[0] = (uint32_t)m->height;
    shape[1] = (uint32_t)m->width;
    shape[2] = (uint32_t)m->channels;
    return STYLIZE_OK;
}

stylize_status stylize_net_get_weights(const stylize_net *net, float *weights, stylize_error *err)
{
    if (!net || !weights)
        return null(err, net ? "weights" : "net");
    net->table->read(net->net, weights);
    return STYLIZE_OK;
}

stylize_status stylize_net_set_weights(stylize_net *net, const float *weights, stylize_error *err)
{
    if (!net || !weights)
        return null(err, net ? "weights" : "net");
    return net->table->write(net->net, weights, err);
}

/* ------------------------------------------------------------------ running */

static stylize_status check_place(const stylize_net *net, uint32_t place, stylize_error *err)
{
    if (place >= net->places)
        return stz_fail(err, STYLIZE_ERR_INVALID, "place is %u; the network was opened with %u", place,
                        net->places);
    return STYLIZE_OK;
}

static stylize_status forward_task(stz_env *env, const stz_exec *exec, void *arg, stylize_error *err)
{
    const call *c = arg;
    return c->net->table->forward(c->net->net, (int)c->place, c->picture, c->code, c->maps, exec, err);
}

stylize_status stylize_net_forward(stylize_net *net, uint32_t place, const float *picture, const float *code,
                                   float *const *maps, stylize_error *err)
{
    if (!net || !picture)
        return null(err, net ? "picture" : "net");
    if (!code && net->info.code_length)
        return stz_fail(err, STYLIZE_ERR_INVALID, "code is NULL; this network takes %d floats",
                        net->info.code_length);
    const stylize_status status = check_place(net, place, err);
    call c = {.net = net, .place = place, .picture = picture, .code = code, .maps = maps};
    return status ? status : stz_queue_task(net->ctx, NULL, forward_task, &c, err);
}

static stylize_status backward_task(stz_env *env, const stz_exec *exec, void *arg, stylize_error *err)
{
    const call *c = arg;
    return c->net->table->backward(c->net->net, (int)c->place, c->gradients, c->picture_out, c->code_out,
                                   c->weights_out, exec, err);
}

stylize_status stylize_net_backward(stylize_net *net, uint32_t place, const float *const *gradients,
                                    float *picture, float *code, float *weights, stylize_error *err)
{
    if (!net || !gradients)
        return null(err, net ? "gradients" : "net");
    if (net->info.paints && !gradients[0])
        return null(err, "the gradient of the painting");
    const stylize_status status = check_place(net, place, err);
    call c = {.net = net,
              .place = place,
              .gradients = gradients,
              .picture_out = picture,
              .code_out = net->info.code_length ? code : NULL,
              .weights_out = weights};
    return status ? status : stz_queue_task(net->ctx, NULL, backward_task, &c, err);
}
