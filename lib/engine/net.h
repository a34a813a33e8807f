/* Networks under the engines that run them. */
#ifndef STZ_NET_H
#define STZ_NET_H

#include "engine/select.h"
#include "style/styles.h"

/* One network, loaded on first use. */
typedef struct stz_net {
    const stz_model *model; /* NULL until it is asked for */
    stz_open_engine *engine;
    void *net; /* NULL until it is loaded */
    pthread_mutex_t lock;
} stz_net;

/* Those of a context: one a model, in the library's order. */
typedef struct stz_nets {
    const stz_style_lib *styles;
    stz_net *list; /* room for STZ_MODELS_MAX */
    int made;      /* how many of them destroy has to release */
} stz_nets;

/* Destroy releases what there is, also after a failure. */
stylize_status stz_nets_create(stz_nets *nets, const stz_style_lib *styles, stylize_error *err);
void stz_nets_destroy(stz_nets *nets);

/* Of any model of the library, also of one that came later. */
stz_net *stz_nets_find(const stz_nets *nets, const stz_model *model);
/* Chooses its engine and loads it, if that has not been done. */
stylize_status stz_net_ready(stz_net *net, stz_engines *engines, stylize_error *err);
/* Bytes its engine needs for a picture of this size before padding. It is loaded. */
size_t stz_net_memory(const stz_net *net, uint32_t width, uint32_t height);
/* The same of the method optimize, at least; 0: not known. */
double stz_net_optimize_memory(const stz_net *net, uint32_t width, uint32_t height, bool adam);

#endif
