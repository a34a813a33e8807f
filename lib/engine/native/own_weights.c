#include "engine/native/own_weights.h"

#include <string.h>

#include "engine/native/weight_plan.h"

int stz_weight_runs(stz_graph *g, int op, stz_weight_run out[2])
{
    stz_op *o = &g->ops[op];
    const size_t place = stz_back_weight_place(g, op), all = stz_back_weight_place(g, op + 1) - place;
    const float **first = o->kind == STZ_OP_CONV ? &o->weight : &o->gamma,
                **second = o->kind == STZ_OP_CONV ? &o->bias : &o->beta;
    if (!all)
        return 0;
    const size_t rest = *second ? (size_t)o->out : 0;
    out[0] = (stz_weight_run){first, place, all - rest};
    out[1] = (stz_weight_run){second, place + all - rest, rest};
    return rest ? 2 : 1;
}

/* A tensor that two operations use has no place for what each of them would learn. */
static bool shares_tensors(const stz_own_weights *own)
{
    for (int i = 0; i < 2 * own->graph->count; i++)
        for (int k = 0; k < i; k++)
            if (own->read_from[i] && own->read_from[i] == own->read_from[k])
                return true;
    return false;
}

stylize_status stz_own_weights_begin(stz_own_weights *own, stylize_error *err)
{
    stz_graph *g = own->graph;
    stz_weight_run runs[2];
    if (g->owned)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED,
                        "a network whose file does not hold 32-bit floats cannot be trained");
    memset(own->read_from, 0, 2 * (size_t)g->count * sizeof *own->read_from);
    for (int i = 0; i < g->count; i++)
        for (int k = 0, count = stz_weight_runs(g, i, runs); k < count; k++)
            own->read_from[2 * i + k] = *runs[k].slot;
    if (shares_tensors(own))
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "a network that uses a tensor twice cannot be trained");
    for (int i = 0; i < g->count; i++)
        for (int k = 0, count = stz_weight_runs(g, i, runs); k < count; k++) {
            memcpy(own->x + runs[k].place, *runs[k].slot, runs[k].count * sizeof(float));
            *runs[k].slot = own->x + runs[k].place;
        }
    return STYLIZE_OK;
}

void stz_own_weights_end(const stz_own_weights *own)
{
    stz_weight_run runs[2];
    for (int i = 0; i < own->graph->count; i++)
        for (int k = 0, count = stz_weight_runs(own->graph, i, runs); k < count; k++)
            *runs[k].slot = own->read_from[2 * i + k];
}
