/*
 * A request at work, from submission to callback. It goes
 *
 *   prepare -> paint -> finish
 *
 * where prepare decodes, scales and decides how it is painted, paint runs the engine, and finish does strength,
 * colour and encoding. Whoever works on a job owns it alone.
 */
#ifndef STZ_JOB_H
#define STZ_JOB_H

#include <stdatomic.h>

#include "base/exec.h"
#include "engine/net.h"
#include "image/image.h"
#include "job/tile.h"
#include "style/styles.h"

struct stz_env;

/* Work other than painting that needs a worker and its team: benchmarks, encoding a new style. */
typedef stylize_status (*stz_task_fn)(struct stz_env *env, const stz_exec *exec, void *arg,
                                      stylize_error *err);

/* What a job that makes a tiling gives to its caller, who frees data. */
typedef struct stz_shared {
    void *data;
    size_t size;
} stz_shared;

/* Which part of a style picture is read; mask NULL: all of it. */
typedef struct stz_style_part {
    const stylize_image *mask; /* the caller's */
    size_t number;             /* of the style in the request, from 1 */
} stz_style_part;

/* How a job is painted. */
typedef enum stz_way {
    STZ_WAY_TASK,     /* not at all: it is a task */
    STZ_WAY_CONTENT,  /* not at all: at strength 0 the content is the result */
    STZ_WAY_WHOLE,    /* in one engine run */
    STZ_WAY_TILED,    /* tile by tile, since the whole is above the memory budget */
    STZ_WAY_DEVICE,   /* in one run in memory of the engine's own, with all that is done around it */
    STZ_WAY_DEEP,     /* whole, in tiles or step by step, with 16 bits a channel */
    STZ_WAY_OPTIMIZE, /* step by step along a loss network */
    STZ_WAY_LAYERS,   /* in several runs, by masks, or at another size than the output's */
    STZ_WAY_TILING,   /* not at all: it makes a tiling */
    STZ_WAY_TILE,     /* one tile of a tiling */
} stz_way;

/* Styles that are painted as one, and where: styles `first` to first + count - 1 of the job. */
typedef struct stz_layer {
    const stylize_image *mask; /* the caller's; NULL: everywhere */
    size_t number;             /* of the mask in the request, from 1 */
    size_t first, count;
    float share; /* of all weights */
} stz_layer;

typedef struct stz_job {
    struct stz_job *next;
    uint64_t id; /* 0: the slot is free */
    stylize_request req;
    stylize_style_ref styles[STYLIZE_STYLES_MAX]; /* by layers, weights scaled to sum 1 in each */
    stz_style *library[STYLIZE_STYLES_MAX];       /* resolved ids, with a reference */
    stz_style_part parts[STYLIZE_STYLES_MAX];     /* of the styles' pictures */
    stz_layer layers[STYLIZE_STYLES_MAX];
    int layer_count, layers_done;
    int pictures_read, pictures_cached; /* style pictures, and those whose code was there */
    stylize_image content_in;           /* as the caller gave it, checked */
    stylize_image target;               /* the caller's pixels to write to, or all zero */
    stz_net *net;
    stz_task_fn task;
    void *task_arg;
    stz_shared *share; /* the job makes a tiling, into the caller's structure, and paints nothing */
    stz_tile tile;     /* req.tiling: the tile, in the whole picture */
    stz_rect part;     /* and where in that the content given lies */

    atomic_int cancel;
    uint64_t deadline_ns; /* 0: none */
    float progress;       /* last value reported */
    float pass_from,
        pass_share; /* of a layer's work, of the run that is made now; share 0: it is all of it */

    bool deep; /* 16 bits a channel, from the content to the result */
    stylize_image
        content; /* prepared: RGB8 or RGBA8 (deep: RGB16 or RGBA16) of the output's size; of one in CUDA memory only
                              size and format are so, and `source` of content_in is still to be scaled */
    stz_rect source;
    stylize_image work; /* what the engine sees: the content, or the content at the size for style_scale */
    /* Decided at the end of the prepare step, way.c. */
    stz_way way;
    stz_way each; /* of way LAYERS, DEEP and TILING: how one picture is painted, WHOLE, TILED or OPTIMIZE */
    bool frozen;  /* the statistics are those of a smaller version, stats.h */
    uint64_t budget; /* bytes that an engine run may use */
    size_t need;     /* bytes that it would use for the whole picture; 0: not known */

    stylize_image painted; /* RGB8 (deep: RGB16); of way DEVICE the result itself */
    stylize_image result;
    stylize_status status;
    stylize_error err;
    stylize_report report;
    uint64_t since_ns; /* acceptance, then the start of each step */

    stylize_done_fn done;
    void *user;
} stz_job;

/* Releases what a job holds of styles and pictures; its result is the caller's by then. */
void stz_job_release(stz_job *job);
/* Tells the caller how far it is; false: the caller wants it cancelled. Never goes backwards. */
bool stz_job_progress(stz_job *job, float done);
/* Likewise, of the layer that is painted. */
bool stz_job_painted(stz_job *job, float done);

#endif
