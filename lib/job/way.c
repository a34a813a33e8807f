#include "job/way.h"

#include <math.h>

#include "job/stats.h"

#define OPTIMIZE_MEMORY (UINT64_C(1) << 30) /* unless the request or the context says more */

/* Whether it takes more than one engine run on a picture of the output's size. */
static bool is_composed(const stz_job *job)
{
    return job->layer_count > 1 || (job->layer_count && job->layers[0].mask) ||
           ((job->req.style_scale != 1 || job->req.look) && !job->net->model->optimizes);
}

/* Whether its content or the memory for its result lies in CUDA memory. */
static bool is_in_cuda(const stz_job *job)
{
    return job->content_in.memory == STYLIZE_MEMORY_CUDA || job->target.memory == STYLIZE_MEMORY_CUDA;
}

/* Whether the engine does around the network what the core does on a CPU. Strength auto is found by the core. */
static bool suits_device(const stz_job *job)
{
    const stz_open_engine *engine = job->net->engine;
    return engine->table->paint && engine->caps.memory && !job->share && !job->req.tiling &&
           !job->net->model->optimizes && !is_composed(job) && job->req.strength != STYLIZE_STRENGTH_AUTO;
}

stylize_status stz_way_check(stz_job *job)
{
    if (!is_in_cuda(job) || suits_device(job))
        return STYLIZE_OK;
    const stz_open_engine *engine = job->net->engine;
    if (engine->table->paint && engine->caps.memory)
        return stz_fail(&job->err, STYLIZE_ERR_UNSUPPORTED,
                        "pictures in CUDA memory are for the methods fast and any, without a tiling, "
                        "style_scale, masks or strength auto");
    return stz_fail(&job->err, STYLIZE_ERR_UNSUPPORTED,
                    "a picture lies in CUDA memory and engine %s works on %.20s%s%.100s", engine->table->name,
                    engine->caps.device, *engine->caps.note ? ": " : "", engine->caps.note);
}

/* An engine with memory of its own may use that, unless the request says how much; a search keeps more than a painting. */
static uint64_t budget_of(const stz_env *env, const stz_job *job)
{
    const uint64_t own = job->net->engine->caps.memory;
    if (job->req.memory_budget)
        return job->req.memory_budget;
    const uint64_t least = job->net->model->optimizes ? OPTIMIZE_MEMORY : own;
    return least > env->memory_budget ? least : env->memory_budget;
}

static stylize_status decide_tile(stz_job *job)
{
    job->way = STZ_WAY_TILE;
    job->need = stz_net_memory(job->net, (uint32_t)job->tile.ow, (uint32_t)job->tile.oh);
    if (job->need > job->budget)
        return stz_fail(&job->err, STYLIZE_ERR_LIMIT,
                        "the tile needs %zu bytes and the memory budget is %llu", job->need,
                        (unsigned long long)job->budget);
    return STYLIZE_OK;
}

/* Of the last size, which takes most: the search must not find out then. */
static stylize_status check_search(stz_job *job)
{
    const bool adam = job->req.optimizer == STYLIZE_OPTIMIZER_ADAM;
    const double least = stz_net_optimize_memory(job->net, job->work.width, job->work.height, adam);
    if (least <= (double)job->budget)
        return STYLIZE_OK;
    return stz_fail(&job->err, STYLIZE_ERR_LIMIT,
                    "the memory budget is %llu bytes; optimizing %ux%u pixels takes %.0f%s",
                    (unsigned long long)job->budget, job->work.width, job->work.height, ceil(least),
                    adam ? "" : ", less with the optimizer adam");
}

void stz_way_each(stz_job *job)
{
    const bool optimizes = job->net->model->optimizes;
    job->need = optimizes ? 0 : stz_net_memory(job->net, job->work.width, job->work.height);
    job->each = optimizes ? STZ_WAY_OPTIMIZE : job->need <= job->budget ? STZ_WAY_WHOLE : STZ_WAY_TILED;
    /* At strength 0 nothing is painted, and so no statistics are needed. */
    job->frozen =
        job->req.strength != 0 &&
        (job->each == STZ_WAY_TILED || stz_stats_frozen(job->net->model, job->work.width, job->work.height));
}

static stylize_status decide_picture(stz_job *job)
{
    if (job->net->model->optimizes && check_search(job))
        return job->err.status;
    stz_way_each(job);
    const bool fits = job->need <= job->budget;
    if (job->deep && is_composed(job))
        job->way = STZ_WAY_LAYERS;
    else if (job->deep)
        job->way = STZ_WAY_DEEP;
    else if (fits && suits_device(job))
        job->way = STZ_WAY_DEVICE;
    else if (is_in_cuda(job))
        return stz_fail(
            &job->err, STYLIZE_ERR_LIMIT,
            "%ux%u in CUDA memory is painted in one piece, which needs %zu bytes; %llu may be used",
            job->work.width, job->work.height, job->need, (unsigned long long)job->budget);
    else
        job->way = job->share ? STZ_WAY_TILING : is_composed(job) ? STZ_WAY_LAYERS : job->each;
    return STYLIZE_OK;
}

stylize_status stz_way_decide(const stz_env *env, stz_job *job)
{
    job->budget = budget_of(env, job);
    if (job->req.strength == 0 && !is_in_cuda(job)) {
        job->way = STZ_WAY_CONTENT;
        return STYLIZE_OK;
    }
    return job->req.tiling ? decide_tile(job) : decide_picture(job);
}
