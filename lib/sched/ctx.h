/*
 * The context and what its files share. A request lives in a job: a slot of a fixed array. It goes
 *
 *   submit -> waiting -> prepare -> ready -> paint -> finish -> callback
 *
 * where prepare (decode, resize), paint (engine) and finish (strength, colour, encode) are taken by
 * any idle worker. All lists and states are guarded by `lock`; a worker owns the job it works on.
 */
#ifndef STZ_CTX_H
#define STZ_CTX_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/common.h"
#include "base/mem.h"
#include "base/team.h"
#include "codec/codec.h"
#include "engine/engine.h"
#include "image/image.h"
#include "job/tile.h"
#include "style/code_cache.h"
#include "style/style.h"

#define STZ_ENGINES_MAX 8

typedef struct stz_open_engine {
    const stz_engine *table;
    void *state; /* NULL until it is open */
    stz_engine_caps caps;
    int running; /* paint steps at work now; under the context's lock */
} stz_open_engine;

/* One model under the engine that runs it, loaded on first use. */
typedef struct stz_ctx_net {
    const stz_model *model;
    stz_open_engine *engine;
    void *net; /* NULL until it is loaded */
    pthread_mutex_t lock;
} stz_ctx_net;

typedef struct stz_job stz_job;
typedef struct stz_shared stz_shared; /* tiling.h */

/* Work other than painting that needs a worker and its team: benchmarks, encoding a new style. */
typedef stylize_status (*stz_task_fn)(stylize_ctx *ctx, const stz_exec *exec, void *arg, stylize_error *err);

/* Styles that are painted as one, and where: styles `first` to first + count - 1 of the job. */
typedef struct stz_layer {
    const stylize_image *mask; /* the caller's; NULL: everywhere */
    size_t number;             /* of the mask in the request, from 1 */
    size_t first, count;
    float share; /* of all weights */
} stz_layer;

struct stz_job {
    stz_job *next;
    uint64_t id; /* 0: the slot is free */
    stylize_request req;
    stylize_style_ref styles[STYLIZE_STYLES_MAX]; /* by layers, weights scaled to sum 1 in each */
    stz_style *library[STYLIZE_STYLES_MAX];       /* resolved ids, with a reference */
    stz_layer layers[STYLIZE_STYLES_MAX];
    int layer_count, layers_done;
    int pictures_read, pictures_cached; /* style pictures, and those whose code was there */
    stylize_image content_in;           /* as the caller gave it, checked */
    stylize_image target;               /* the caller's pixels to write to, or all zero */
    stz_ctx_net *net;
    stz_task_fn task;
    void *task_arg;
    stz_shared *share; /* the job makes a tiling, into the caller's structure, and paints nothing */
    stz_tile tile;     /* req.tiling: the tile, in the whole picture */
    stz_rect part;     /* and where in that the content given lies */

    atomic_int cancel;
    uint64_t deadline_ns; /* 0: none */
    float progress;       /* last value reported */

    stylize_image content; /* prepared: RGB8 or RGBA8 of the output's size; of one in CUDA memory only
                              size and format are so, and `source` of content_in is still to be scaled */
    stz_rect source;
    stylize_image work;    /* what the engine sees: the content, or the content at the size for style_scale */
    stylize_image painted; /* RGB8; the result itself if it is finished */
    bool finished;         /* the engine has also done what the finish step does to pixels */
    stylize_image result;
    stylize_status status;
    stylize_error err;
    stylize_report report;
    uint64_t since_ns; /* acceptance, then the start of each step */

    stylize_done_fn done;
    void *user;
};

typedef struct stz_list {
    stz_job *first, *last;
    int count;
} stz_list;

typedef struct stz_worker {
    stylize_ctx *ctx;
    pthread_t thread;
    stz_scratch scratch;
    stz_team *team;
    bool leads; /* its team is open; under the context's lock */
} stz_worker;

struct stylize_ctx {
    stylize_options opt;
    char *engine_name, *device_name, *model_dir; /* never NULL after creation */
    stz_log log;
    stz_limits limits;
    stz_pool *pool;
    stz_style_lib *styles;
    stz_code_cache *codes; /* NULL if there is no encoder */

    stz_open_engine engines[STZ_ENGINES_MAX];
    pthread_mutex_t engine_lock; /* opening engines */
    stz_ctx_net *nets;           /* one a model, in the library's order */
    int net_count;

    pthread_mutex_t lock;
    pthread_cond_t work; /* for workers */
    stz_list waiting, ready, finishing;
    stz_job *jobs;            /* all slots */
    int job_count, jobs_used; /* slots that were ever used */
    stz_job *free_jobs;
    int running;     /* jobs that a worker holds */
    int preparing;   /* of those, in the prepare step */
    int ready_limit; /* prepared pictures that may lie about: they hold memory */
    uint64_t last_id;
    uint64_t next_deadline; /* the earliest of the jobs that wait, 0: none */
    bool closing;
    atomic_int cancel_all;
    atomic_int leave; /* helpers should look for other work */
    stylize_stats stats;

    stz_worker *workers;
    int worker_count, started;
};

/* ---- ctx.c */
/* The network of a model, loaded if need be, and its engine. */
stylize_status stz_ctx_net_ready(stylize_ctx *ctx, stz_ctx_net *net, stylize_error *err);
stz_ctx_net *stz_ctx_net_find(stylize_ctx *ctx, const stz_model *model);

/* ---- select.c */
/* Which engine paints with a model, by the context's options; opens it. */
stylize_status stz_select_engine(stylize_ctx *ctx, const stz_model *model, stz_open_engine **out,
                                 stylize_error *err);
stylize_status stz_engine_get(stylize_ctx *ctx, const char *name, stz_open_engine **out, stylize_error *err);

/* ---- request.c */
/* Checks a request and fills the job from it. On failure the job holds nothing. */
stylize_status stz_job_fill(stylize_ctx *ctx, stz_job *job, const stylize_request *req, stylize_error *err);
/* Releases what a job holds of styles and pictures; its result is the caller's by then. */
void stz_job_release(stz_job *job);
/* Tells the caller how far it is; false: the caller wants it cancelled. Never goes backwards. */
bool stz_job_progress(stz_job *job, float done);
/* Likewise, of the layer that is painted. */
bool stz_job_painted(stz_job *job, float done);

/* ---- paint.c */
/* Whether it is a whole picture to paint by fast or any: not a measurement, a tiling or a tile of one, nor
 * the method optimize. Only such jobs share an engine run or are painted in memory of the engine's own. */
bool stz_job_plain(const stz_job *job);
/* Whether the job's engine paints it whole, in memory of its own. */
bool stz_job_on_device(const stz_job *job);
/* Whether it takes more than one engine run on a picture of the output's size: compose.c. */
bool stz_job_composed(const stz_job *job);
/* Whether its content or the memory for its result lies in CUDA memory. */
bool stz_job_in_cuda(const stz_job *job);

/* ---- queue.c */
stylize_status stz_queue_create(stylize_ctx *ctx, stylize_error *err);
void stz_queue_destroy(stylize_ctx *ctx);
/* Makes a tiling for a request and waits for it. */
stylize_status stz_queue_share(stylize_ctx *ctx, const stylize_request *req, stz_shared *share,
                               stylize_error *err);
/* Runs a task on a worker and waits for it. */
stylize_status stz_queue_task(stylize_ctx *ctx, stz_ctx_net *net, stz_task_fn task, void *arg,
                              stylize_error *err);

/* ---- worker.c */
stylize_status stz_workers_start(stylize_ctx *ctx, stylize_error *err);
void stz_workers_join(stylize_ctx *ctx);
/* Caller holds the lock and has changed a list: wakes whoever should look. */
void stz_workers_notify(stylize_ctx *ctx);
bool stz_on_worker(const stylize_ctx *ctx); /* is the calling thread one of its workers? */

/* ---- steps of a job; each sets job->status and job->err on failure and returns the status */
stylize_status stz_step_prepare(stylize_ctx *ctx, stz_job *job);
stylize_status stz_step_finish(stylize_ctx *ctx, stz_job *job);
/* n jobs of one network and one size. exec->cancel is the job's own if n is 1. Each job gets a status. */
void stz_step_paint(stylize_ctx *ctx, stz_job *const *jobs, int n, const stz_exec *exec);
/* The style code of a layer into code (net's code_length floats). */
stylize_status stz_job_code(stylize_ctx *ctx, stz_job *job, const stz_layer *layer, const stz_exec *exec,
                            float *code, stylize_error *err);
/* Reads the code of a style picture, through the cache if `cached` is not NULL. */
stylize_status stz_picture_code(stylize_ctx *ctx, stz_ctx_net *net, const stylize_image *picture,
                                const stz_exec *exec, float *code, bool *cached, stylize_error *err);

#endif
