/*
 * What an engine is: a table of functions. One file or folder each: native, torch, fake (tests).
 *
 * The core has done everything that does not need a network before it calls an engine: pictures
 * are RGB, of the network's multiple, of a size that fits the memory budget. Engines keep no
 * per-run state of their own between calls but caches; every function but open and close may be
 * called by several threads at once.
 */
#ifndef STZ_ENGINE_H
#define STZ_ENGINE_H

#include "base/exec.h"
#include "base/mem.h"
#include "image/image.h"
#include "image/view.h"
#include "style/model.h"

#define STZ_BATCH_MAX 64 /* pictures in one call of an engine */

/*
 * One picture of a batch. in and out have the same size.
 * stats: per-norm statistics, all means in norm order, then all biased variances in norm order,
 * of the values that enter each instance norm.
 */
typedef struct stz_apply {
    stz_view in;
    stz_view out;       /* data NULL: only stats_out is wanted */
    const float *code;  /* code_length floats, or NULL if code_length is 0 */
    const float *stats; /* stats_length floats to use instead of the picture's own, or NULL */
    float *stats_out;   /* receives the picture's own, or NULL */
} stz_apply;

/* One whole picture, for engines that do around the network what the core does on a CPU: scaling, padding,
 * strength, colour and alpha. in and out may lie in the engine's memory or the host's. */
typedef struct stz_paint {
    const stylize_image *in;  /* RGB8, RGBA8 or GRAY8 */
    stz_rect source;          /* the part of it that is painted, scaled to out's size */
    const stylize_image *out; /* RGB8, or RGBA8 with in's alpha */
    const float *code;
    float strength;
    float preserve_color;
    const float *stats; /* as in stz_apply */
    float
        *stats_out; /* only the statistics are wanted, those of a picture of out's size; out has no pixels */
} stz_paint;

typedef struct stz_engine_config {
    const char *device; /* "auto", "cpu", or what stz_cuda_devices knows (engine/devices.h) */
    int threads;
    stylize_precision precision;
    stz_pool *pool;
    uint64_t pool_keep;
    const stz_log *log;
} stz_engine_config;

typedef struct stz_engine_caps {
    char device[64];  /* "cpu", "cuda:0 NVIDIA ..." */
    char detail[128]; /* for people: "avx512, 2 threads", "libtorch 2.15.0" */
    int batch_max;    /* pictures that gain from being run together; 1: none do */
    int parallel_max; /* apply calls at once that make sense; 0: as many as there are workers */
    bool uses_team;   /* false: the engine brings its own threads */
    uint64_t memory;  /* bytes of its own that a run may use; 0: it uses the host's */
    char note[128];   /* why it is not where device "auto" might have put it; or "" */
} stz_engine_caps;

/* One optimisation at one size; sides are multiples of the loss network's. */
typedef struct stz_optimize {
    stz_view content;
    stz_view out; /* U8: what to start from if `start`, then the picture so far, then the result */
    bool start;
    float *fine; /* NULL; or samples of the result as they are, not rounded, and of what to start from */
    const stz_view *styles; /* each of a size of its own */
    const float *weights;   /* of the styles, sum 1 */
    int style_count;
    bool adam;           /* instead of L-BFGS */
    uint32_t iterations; /* evaluations of the loss, at most */
    uint64_t seed;
    uint64_t memory;     /* bytes that it may use, at least what optimize_memory says */
    uint32_t show_every; /* iterations between updates of `out`, 0: only at the end */
    /* After each iteration; shown: `out` has just been updated. False ends with the best so far. */
    bool (*progress)(void *user, uint32_t iterations, bool shown);
    void *user;
} stz_optimize;

/* How a fit stands, after a step of it. */
typedef struct stz_fit_state {
    bool network;   /* the whole network is being trained: the second part */
    uint32_t steps; /* made in this part; 0: it is being prepared, and there is nothing yet of what follows */
    double loss;    /* of the code: the smallest so far; of the network: the mean of late */
    const float
        *painted; /* the first picture to practise on as it is painted now, side x side x 3 samples, 0 to 1;
                             NULL: it was not painted in this step */
    int side;
} stz_fit_state;

/* What `progress` answers: to go on, to end with what there is, or to give up. */
typedef enum stz_fit_answer { STZ_FIT_GO_ON, STZ_FIT_KEEP, STZ_FIT_CANCEL } stz_fit_answer;

/* A style that a network is to learn from an artwork: first the code that steers it, then, if wanted, all of it. */
typedef struct stz_style_fit {
    stz_view art; /* multiples of the loss network's */
    int side; /* of the pictures to practise on, a multiple of both networks'; smaller if the memory is short */
    /* Writes practice picture `number`, side x side x 3 samples, 0 to 1. The first `pictures` are looked at in every
     * step of the code, those after them once each by the network. */
    stylize_status (*practice)(void *user, uint32_t number, int side, float *out, stylize_error *err);
    int pictures;
    const float *const *starts; /* codes to begin with; the one that is nearest is taken */
    int start_count;
    uint32_t code_steps, network_steps; /* at most; network_steps 0: only the code */
    /* Of the part's work, 0 to 1, how much is done by the clock; the network's learning rate follows it. */
    double (*share)(void *user);
    stz_fit_answer (*progress)(void *user, const stz_fit_state *state);
    void *user;
    uint64_t memory; /* bytes for runs there and back */
    /* Results. */
    float *code;                                /* that steers the network as it was */
    float *network_code;                        /* that steers the trained one */
    double first_loss, code_loss, network_loss; /* of the code that was begun with, and in the end */
    uint32_t code_made, network_made;           /* steps */
    bool code_settled, network_settled;         /* the loss had stopped falling */
    stz_buf *file; /* the trained network, as its file is to be; NULL: it was not trained. The caller's */
    size_t file_size;
} stz_style_fit;

typedef struct stz_engine {
    const char *name;
    /* NULL if the engine can be used at all on this machine, otherwise why not and what to do. */
    stylize_status (*probe)(stylize_error *err);
    stylize_status (*open)(void **engine, const stz_engine_config *config, stylize_error *err);
    void (*close)(void *engine);
    void (*caps)(void *engine, stz_engine_caps *caps);
    stylize_status (*load)(void *engine, const stz_model *model, void **net, stylize_error *err);
    void (*unload)(void *engine, void *net);
    /* Bytes that apply uses for one picture of this size besides in and out. 0: not known. */
    size_t (*memory)(void *engine, void *net, int width, int height);
    /* Multiply-adds times two of one picture, 0: not known. */
    double (*flop)(void *engine, void *net, int width, int height);
    /* Reads the code of a style picture (multiples of style_multiple). NULL: none can. */
    stylize_status (*encode)(void *engine, void *net, const stz_view *style, float *code,
                             const stz_exec *exec, stylize_error *err);
    /* All pictures of the batch have the same size. */
    stylize_status (*apply)(void *engine, void *net, const stz_apply *batch, int n, const stz_exec *exec,
                            stylize_error *err);
    /* Up to batch_max pictures whose out has one size. NULL: the engine has no memory of its own. */
    stylize_status (*paint)(void *engine, void *net, const stz_paint *batch, int n, const stz_exec *exec,
                            stylize_error *err);
    /* Adds its device counters to those of a context; NULL: it has none. */
    void (*stats)(void *engine, stylize_stats *stats);
    stylize_status (*optimize)(void *engine, void *net, const stz_optimize *job, const stz_exec *exec,
                               stylize_error *err); /* NULL: not offered */
    /* Bytes that optimize takes at least for a picture of this size. NULL: not known. */
    double (*optimize_memory)(void *engine, void *net, int width, int height, bool adam);
    /* net: a loss network. NULL: not offered. */
    stylize_status (*fit)(void *engine, void *net, const stz_model *generator, stz_style_fit *fit,
                          const stz_exec *exec, stylize_error *err);
    const struct stz_training *training; /* NULL: not offered */
    /* Measured multiply-add rate of the device in use, 1e9 a second; NULL or 0: not known. */
    double (*peak_gflops)(void *engine, const stz_exec *exec);
} stz_engine;

extern const stz_engine stz_engine_native;
extern const stz_engine stz_engine_torch;

#endif
