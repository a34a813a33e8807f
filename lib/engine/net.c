#include "engine/net.h"

#include <stdlib.h>

stylize_status stz_nets_create(stz_nets *nets, const stz_style_lib *styles, stylize_error *err)
{
    const int n = stz_style_lib_model_count(styles);
    nets->count = 0;
    nets->list = calloc((size_t)n + 1, sizeof *nets->list);
    if (!nets->list)
        return stz_nomem(err, ((size_t)n + 1) * sizeof *nets->list);
    for (; nets->count < n; nets->count++) {
        stz_net *net = &nets->list[nets->count];
        net->model = stz_style_lib_model(styles, nets->count);
        if (pthread_mutex_init(&net->lock, NULL))
            return stz_nomem(err, sizeof net->lock);
    }
    return STYLIZE_OK;
}

void stz_nets_destroy(stz_nets *nets)
{
    for (int i = 0; i < nets->count; i++) {
        stz_net *net = &nets->list[i];
        if (net->net)
            net->engine->table->unload(net->engine->state, net->net);
        pthread_mutex_destroy(&net->lock);
    }
    free(nets->list);
}

stz_net *stz_nets_find(const stz_nets *nets, const stz_model *model)
{
    for (int i = 0; i < nets->count; i++)
        if (nets->list[i].model == model)
            return &nets->list[i];
    return NULL;
}

stylize_status stz_net_ready(stz_net *net, stz_engines *engines, stylize_error *err)
{
    stylize_status status = STYLIZE_OK;
    pthread_mutex_lock(&net->lock);
    if (!net->engine)
        status = stz_engines_choose(engines, net->model, &net->engine, err);
    if (status == STYLIZE_OK && !net->net) {
        const uint64_t start = stz_now_ns();
        status = net->engine->table->load(net->engine->state, net->model, &net->net, err);
        if (status == STYLIZE_OK)
            stz_log_line(engines->config.log, STYLIZE_LOG_INFO, "model \"%s\" loaded by engine %s in %.1f ms",
                         net->model->name, net->engine->table->name, (double)(stz_now_ns() - start) * 1e-6);
        else
            net->net = NULL;
    }
    pthread_mutex_unlock(&net->lock);
    return status;
}

size_t stz_net_memory(const stz_net *net, uint32_t width, uint32_t height)
{
    const int m = net->model->multiple;
    return net->engine->table->memory(net->engine->state, net->net, stz_round_up((int)width, m),
                                      stz_round_up((int)height, m));
}
