#include "engine/net.h"

#include <stdlib.h>

stylize_status stz_nets_create(stz_nets *nets, const stz_style_lib *styles, stylize_error *err)
{
    nets->styles = styles;
    nets->made = 0;
    nets->list = calloc(STZ_MODELS_MAX, sizeof *nets->list);
    if (!nets->list)
        return stz_nomem(err, STZ_MODELS_MAX * sizeof *nets->list);
    for (; nets->made < STZ_MODELS_MAX; nets->made++)
        if (pthread_mutex_init(&nets->list[nets->made].lock, NULL))
            return stz_nomem(err, sizeof nets->list->lock);
    return STYLIZE_OK;
}

void stz_nets_destroy(stz_nets *nets)
{
    for (int i = 0; i < nets->made; i++) {
        stz_net *net = &nets->list[i];
        if (net->net)
            net->engine->table->unload(net->engine->state, net->net);
        pthread_mutex_destroy(&net->lock);
    }
    free(nets->list);
}

stz_net *stz_nets_find(const stz_nets *nets, const stz_model *model)
{
    for (int i = 0, count = stz_style_lib_model_count(nets->styles); i < count; i++) {
        stz_net *net = &nets->list[i];
        if (stz_style_lib_model(nets->styles, i) != model)
            continue;
        pthread_mutex_lock(&net->lock);
        if (!net->model) /* once: from then on it is read without the lock */
            net->model = model;
        pthread_mutex_unlock(&net->lock);
        return net;
    }
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

double stz_net_optimize_memory(const stz_net *net, uint32_t width, uint32_t height, bool adam)
{
    const stz_engine *engine = net->engine->table;
    const int m = net->model->multiple;
    if (!engine->optimize_memory)
        return 0;
    return engine->optimize_memory(net->engine->state, net->net, stz_round_up((int)width, m),
                                   stz_round_up((int)height, m), adam);
}

size_t stz_net_memory(const stz_net *net, uint32_t width, uint32_t height)
{
    const int m = net->model->multiple;
    return net->engine->table->memory(net->engine->state, net->net, stz_round_up((int)width, m),
                                      stz_round_up((int)height, m));
}
