/*
 * libstylize: repaints a photograph in the style of an artwork.
 *
 * Call order:
 *   1. stylize_options_init, then stylize_ctx_create: once in a program.
 *   2. stylize_image_load, or fill a stylize_image with pixels of your own.
 *   3. stylize_request_init, set content and style, then stylize_ctx_run from any number of
 *      threads (or stylize_ctx_submit, which returns at once).
 *   4. stylize_image_save or use the pixels; stylize_image_free.
 *   5. stylize_ctx_destroy.
 *
 * A whole program: examples/minimal.c.
 *
 * Threads: every function may be called from any thread at any time, on one context by many
 * threads at once, except stylize_ctx_destroy, which must be the last call on its context.
 * One structure must not be used by two threads at once. Callbacks run on the library's threads.
 *
 * Errors: every function that can fail returns a stylize_status. The optional last parameter
 * receives the status and one line of text. Nothing is printed, the last error is kept nowhere, and
 * no input makes the library abort or exit. After a failure no output was produced
 * and nothing has to be released, unless a function says otherwise.
 *
 * Structures with a struct_size member grow at the end only. Programs built against an older
 * header keep working: members they do not know are taken as zero, that is as their default.
 *
 * Text is UTF-8, sizes are in pixels or bytes as said, pictures are sRGB, 8 bits a channel,
 * rows from top to bottom. All functions are since 0.1 unless said otherwise.
 */
#ifndef STYLIZE_STYLIZE_H
#define STYLIZE_STYLIZE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version, stated here only: the build reads it from these lines. */
#define STYLIZE_VERSION_MAJOR 0
#define STYLIZE_VERSION_MINOR 1
#define STYLIZE_VERSION_PATCH 0
/* The binary interface, in the SONAME. Rises only when an existing program would break. */
#define STYLIZE_ABI_VERSION 0

#if defined(__GNUC__) && !defined(_WIN32)
#define STYLIZE_API __attribute__((visibility("default")))
#else
#define STYLIZE_API
#endif

/* ------------------------------------------------------------------ status and errors */

/* Numbers are fixed for ever; new ones are added at the end. */
typedef enum stylize_status {
    STYLIZE_OK = 0,
    STYLIZE_ERR_INVALID = 1,     /* an argument is out of its range, or missing */
    STYLIZE_ERR_NOMEM = 2,       /* memory could not be had */
    STYLIZE_ERR_IO = 3,          /* a file could not be read or written */
    STYLIZE_ERR_FORMAT = 4,      /* not a picture of a known format, or a damaged one */
    STYLIZE_ERR_LIMIT = 5,       /* a picture is above a limit of the context's options */
    STYLIZE_ERR_NOT_FOUND = 6,   /* no such style, model or request */
    STYLIZE_ERR_EXISTS = 7,      /* a style of that id is already there */
    STYLIZE_ERR_MODEL = 8,       /* a model or style file is damaged or does not fit */
    STYLIZE_ERR_UNSUPPORTED = 9, /* this engine, method or build does not have it */
    STYLIZE_ERR_ENGINE = 10,     /* the engine failed while running */
    STYLIZE_ERR_QUEUE_FULL = 11, /* too many requests wait: try again later */
    STYLIZE_ERR_CANCELLED = 12,  /* cancelled by the caller, or by stylize_ctx_destroy */
    STYLIZE_ERR_DEADLINE = 13    /* the request's deadline passed first */
} stylize_status;

/*
 * Filled by functions that fail, when the caller gives one; untouched on success.
 * The message is one line without a final newline, always terminated.
 */
typedef struct stylize_error {
    stylize_status status;
    char message[256];
} stylize_error;

/* ------------------------------------------------------------------ pictures */

typedef enum stylize_format {
    STYLIZE_FORMAT_NONE = 0,
    /* pixels */
    STYLIZE_FORMAT_RGB8 = 1,   /* 3 bytes a pixel: R, G, B */
    STYLIZE_FORMAT_RGBA8 = 2,  /* 4 bytes a pixel: R, G, B, A; A is not premultiplied */
    STYLIZE_FORMAT_GRAY8 = 3,  /* 1 byte a pixel */
    STYLIZE_FORMAT_RGB16 = 4,  /* as RGB8 and RGBA8 with two bytes a channel, in the machine's order; */
    STYLIZE_FORMAT_RGBA16 = 5, /* in host memory */
    /* encoded files in memory */
    STYLIZE_FORMAT_ENCODED = 16, /* input only: one of the following, found out by content */
    STYLIZE_FORMAT_JPEG = 17,
    STYLIZE_FORMAT_PNG = 18,
    STYLIZE_FORMAT_WEBP = 19,
    STYLIZE_FORMAT_TIFF = 20, /* those from here on are there if the build has them, see docs/formats.md */
    STYLIZE_FORMAT_GIF = 21,  /* its first picture */
    STYLIZE_FORMAT_BMP = 22,
    STYLIZE_FORMAT_AVIF = 23,
    STYLIZE_FORMAT_HEIC = 24,
    STYLIZE_FORMAT_JXL = 25
} stylize_format;

/* Where the pixels of a picture lie. Encoded files lie in host memory. */
typedef enum stylize_memory {
    STYLIZE_MEMORY_HOST = 0, /* memory that this process reads; page-locked or not is found out */
    STYLIZE_MEMORY_CUDA = 1  /* memory of a CUDA device */
} stylize_memory;

/*
 * A picture: pixels, or an encoded file in memory. A plain structure: start from all zero bytes.
 * As an input the memory is the caller's, is only read, and must stay as it is until the call
 * (for stylize_ctx_submit: until the completion callback) is over.
 * As an output the library fills every member; release it with stylize_image_free.
 */
typedef struct stylize_image {
    uint8_t *pixels;  /* first row; or the first byte of the encoded file */
    size_t size;      /* encoded: its bytes. Pixels: those up to past the last one; or 0 in an input */
    ptrdiff_t stride; /* pixels: bytes from one row to the next, at least width times the
                              bytes a pixel; 0 in an input means exactly that. Encoded: 0 */
    uint32_t width;   /* 1 or more. Encoded: ignored in an input, 0 from stylize_image_load */
    uint32_t height;
    stylize_format format;
    uint32_t memory;   /* stylize_memory; CUDA for a request's content, and for
                              memory that is given for its result */
    int32_t device;    /* CUDA: the device's number; else 0 */
    void *stream;      /* CUDA: a cudaStream_t whose work so far comes first, also before a result is
                              written; NULL: the memory is ready for use. Else NULL */
    void *owner;       /* the library's; NULL says that the memory is the caller's */
    void *reserved[2]; /* NULL */
} stylize_image;

/* What stylize_image_probe reads from a header. */
typedef struct stylize_image_info {
    size_t struct_size;    /* set by the caller: sizeof(stylize_image_info) */
    stylize_format format; /* JPEG and so on */
    uint32_t width;        /* as shown, that is after the EXIF orientation */
    uint32_t height;
    uint32_t has_alpha;   /* 1 if there may be transparent pixels */
    uint32_t orientation; /* EXIF orientation, 1 to 8; 1 if the file has none */
    uint32_t has_icc;     /* 1 if a colour profile is inside */
} stylize_image_info;

/* ------------------------------------------------------------------ context */

/* A context: models, worker threads, queue, memory pools and caches. Opaque, thread-safe. */
typedef struct stylize_ctx stylize_ctx;

typedef enum stylize_log_level {
    STYLIZE_LOG_ERROR = 1,
    STYLIZE_LOG_WARNING = 2,
    STYLIZE_LOG_INFO = 3,
    STYLIZE_LOG_DEBUG = 4
} stylize_log_level;

/* Receives one line of text. Any thread, perhaps several at once. Must not call the library. */
typedef void (*stylize_log_fn)(void *user, stylize_log_level level, const char *text);

typedef enum stylize_precision {
    STYLIZE_PRECISION_FP32 = 0, /* default */
    STYLIZE_PRECISION_FP16 = 1, /* large activations stored in half precision */
    STYLIZE_PRECISION_INT8 = 2, /* quantised model */
    STYLIZE_PRECISION_TF32 = 3  /* fp32; on CUDA, convolutions may round their factors to 10 bits of
                                   mantissa, which tensor cores are fast at. A switch of the process */
} stylize_precision;

/* Options of a context. Fill with stylize_options_init, then change members. */
typedef struct stylize_options {
    size_t struct_size;       /* set by stylize_options_init */
    const char *engine;       /* "auto", "native" or "torch"; NULL: "auto". An engine asked for by
                                 name and missing is an error that says what to install */
    const char *device;       /* "auto", "cpu", "cuda" (the first), "cuda:N", "cuda:N,M" or "cuda:all";
                                 NULL: "auto" */
    const char *model_dir;    /* folder with the models and styles; NULL: the environment variable
                                 STYLIZE_MODELS, then the folder installed with the library */
    uint32_t threads;         /* worker threads, 1 to 256; 0: one for each processor that the
                                 process may use (affinity and cgroup quota counted) */
    uint32_t queue_length;    /* requests that may wait, 1 to 65536; default 256 */
    uint32_t batch_threshold; /* when more requests than this wait, work goes for throughput: one
                                 picture a thread, or equal sizes in one batch; default 3 */
    uint32_t batch_max;       /* pictures in a batch at most, 1 to 64; default 8 */
    uint64_t max_input_bytes; /* encoded bytes of a picture; default 32 MiB */
    uint64_t max_pixels;      /* width times height, in and out; default 50,000,000 */
    uint32_t max_side;        /* pixels of the longer side, in and out; default 16384 */
    uint32_t max_scans;       /* scans of a progressive JPEG; default 64 */
    uint64_t memory_budget;   /* bytes that an engine may use for one picture besides the picture
                                 itself; larger pictures are painted in tiles; default 256 MiB,
                                 at least 32 MiB */
    uint64_t pool_keep;       /* bytes of idle buffers kept for the next request; default 256 MiB */
    uint32_t code_cache;      /* style codes of pictures that are kept; default 64 */
    stylize_precision precision;
    stylize_log_fn log; /* NULL: no log */
    void *log_user;
    stylize_log_level log_level; /* least important level that is reported; default WARNING */
    uint32_t reserved;           /* 0 */
    uint32_t tolerant;           /* 1: damaged pictures of all kinds are decoded as far as they go; see the
                          request's. 0, the default: they are refused with FORMAT */
    uint32_t deep;               /* 1: stylize_image_decode gives RGB16 or RGBA16 of files that have more than
                                    8 bits a channel (PNG and TIFF). 0, the default: always 8 bits */
    const char *formats; /* which encoded pictures are read: "all" of the build (or NULL, the default), "web"
                                    (JPEG, PNG and WebP), or a list as "jpeg,png,tiff". Others are refused by
                                    their first bytes */
    const char *style_dir; /* folder with styles of one's own, which stylize_style_fit writes; it need not
                                    be there. NULL: the environment variable STYLIZE_STYLES, then
                                    stylize/styles in XDG_DATA_HOME or in .local/share of HOME. "", also in the
                                    variable: none */
    /* end of 0.1 */
} stylize_options;

/* What stylize_ctx_destroy does with requests that wait or run. */
typedef enum stylize_destroy_mode {
    STYLIZE_DRAIN = 0, /* all of them are finished first */
    STYLIZE_CANCEL = 1 /* all end with STYLIZE_ERR_CANCELLED, running ones as soon as they notice */
} stylize_destroy_mode;

/* Counters of a context since its creation, and its state now. */
typedef struct stylize_stats {
    size_t struct_size; /* set by the caller: sizeof(stylize_stats) */
    uint64_t submitted; /* requests accepted */
    uint64_t completed; /* ended well */
    uint64_t failed;    /* ended with an error (not cancelled, not deadline) */
    uint64_t cancelled;
    uint64_t expired;      /* ended by their deadline */
    uint64_t rejected;     /* not accepted: the queue was full */
    uint64_t waiting;      /* now */
    uint64_t running;      /* now */
    uint64_t batches;      /* engine runs with two or more pictures */
    uint64_t batch_images; /* pictures in those */
    uint64_t tiles;        /* tiles painted */
    uint64_t queue_ns;     /* total time between acceptance and start */
    uint64_t prepare_ns;   /* total time of decoding and resizing */
    uint64_t engine_ns;    /* total time in the engine */
    uint64_t finish_ns;    /* total time of strength, colour and encoding */
    uint64_t code_hits;    /* style pictures whose code was in the cache */
    uint64_t code_misses;
    uint64_t pool_bytes;    /* bytes held by the pools now, in use and idle */
    uint64_t pool_peak;     /* the most they ever held */
    uint64_t pool_allocs;   /* buffers taken from the system */
    uint64_t pool_reuses;   /* buffers served again without asking the system */
    uint64_t device_images; /* pictures that were painted on a GPU; 0 as long as "auto" is the CPU */
    uint64_t device_bytes;  /* as pool_*, of the GPUs' memory, without libtorch's own */
    uint64_t device_peak;
    uint64_t device_allocs;
    uint64_t device_reuses;
    uint64_t device_trims;   /* times that the GPU's memory was short and idle memory was given back */
    uint64_t device_splits;  /* batches that were made smaller for it */
    uint64_t device_graphs;  /* CUDA graphs that were captured */
    uint64_t device_replays; /* batches that were one of them */
    /* end of 0.1 */
} stylize_stats;

/* ------------------------------------------------------------------ requests */

typedef enum stylize_method {
    STYLIZE_METHOD_AUTO = 0,    /* fast for library styles, any as soon as a picture is a style */
    STYLIZE_METHOD_FAST = 1,    /* feed-forward network with library styles; Johnson et al. 2016,
                                Dumoulin et al. 2017 (arXiv 1603.08155, 1610.07629) */
    STYLIZE_METHOD_ANY = 2,     /* any picture is the style; Huang and Belongie 2017
                                (arXiv 1703.06868), Ghiasi et al. 2017 (arXiv 1705.06830) */
    STYLIZE_METHOD_OPTIMIZE = 3 /* iterative; Gatys et al. 2015 (arXiv 1508.06576) */
} stylize_method;

/* How the method optimize searches. */
typedef enum stylize_optimizer {
    STYLIZE_OPTIMIZER_LBFGS = 0, /* Liu and Nocedal 1989: best picture for the time */
    STYLIZE_OPTIMIZER_ADAM = 1   /* Kingma and Ba 2014 (arXiv 1412.6980): needs less memory */
} stylize_optimizer;

/* One style of a request: a library style by its id, or a picture; never both. */
typedef struct stylize_style_ref {
    const char *id;               /* library style, or NULL */
    const stylize_image *picture; /* style picture, or NULL */
    float weight;                 /* share in a blend; shares are scaled to sum 1. 0: takes no part, and is
                                     not looked at; one of them must be above 0 */
} stylize_style_ref;

#define STYLIZE_STYLES_MAX 16 /* styles in one blend */

/*
 * Progress of one request, from 0 to 1, rising. Return 0 to go on, another value to cancel.
 * Called on a worker thread, never by two threads at once for one request.
 */
typedef int (*stylize_progress_fn)(void *user, float done);

/*
 * The picture as it is so far, from methods that get there step by step (optimize). RGB8, of the
 * result's proportions, smaller than it at first; valid during the call only. On a worker thread,
 * as progress. Return 0 to go on, another value to end with this picture as the result.
 */
typedef int (*stylize_preview_fn)(void *user, const stylize_image *picture);

/* What happened to a request, for programs that measure or show it. */
typedef struct stylize_report {
    size_t struct_size;   /* set by the caller: sizeof(stylize_report) */
    char engine[16];      /* "native", "torch" */
    char model[64];       /* network that painted */
    uint32_t tiles;       /* 1: untiled */
    uint32_t batch_size;  /* pictures in the engine run it was part of */
    uint32_t code_cached; /* 1: every style picture's code came from the cache */
    uint64_t queue_ns;    /* waited */
    uint64_t prepare_ns;  /* decoded, resized */
    uint64_t engine_ns;   /* painted */
    uint64_t finish_ns;   /* strength, colour, encoded */
    float strength;       /* that was used: the request's, or what STYLIZE_STRENGTH_AUTO came to */
    uint32_t iterations;  /* optimize: evaluations of the loss that were made, over all sizes; else 0 */
    uint32_t ended_early; /* 1: optimize ended before its last one, by the time budget or the preview */
    uint32_t reserved;    /* 0 */
    uint32_t damaged;     /* 1: the content was cut short or damaged, and painted as far as it goes */
    uint32_t reserved2;   /* 0 */
    /* end of 0.1 */
} stylize_report;

/* As strength: the largest that leaves enough of the content's structure, found in the painting. 1 where
 * the full painting does. */
#define STYLIZE_STRENGTH_AUTO (-1.0f)

/* What of the content's metadata goes into the result, added together. The orientation is undone, thumbnails are dropped. */
typedef enum stylize_metadata {
    STYLIZE_METADATA_NONE = 0,
    STYLIZE_METADATA_COPYRIGHT = 1, /* artist and copyright of EXIF, XMP and IPTC */
    STYLIZE_METADATA_EXIF = 2,      /* all of the EXIF but the place and the maker's notes */
    STYLIZE_METADATA_ICC = 4,   /* the colour profile; the result then has its colours, else those of sRGB */
    STYLIZE_METADATA_PLACE = 8, /* where the picture was taken (GPS); of EXIF the maker's notes too */
    STYLIZE_METADATA_ALL = 15   /* and XMP and IPTC as a whole */
} stylize_metadata;

/* A request. Fill with stylize_request_init, then set content, styles and what else is wanted. */
typedef struct stylize_request {
    size_t struct_size;              /* set by stylize_request_init */
    const stylize_image *content;    /* the photograph: pixels or an encoded file; at least 16 by 16
                                       pixels once resized */
    const stylize_style_ref *styles; /* one style, or a blend */
    size_t style_count;              /* 1 to STYLIZE_STYLES_MAX */
    stylize_method method;
    uint32_t output_size;         /* pixels of the longer side, aspect kept; 0: as the content */
    uint32_t output_width;        /* with output_height: exactly this size, the content scaled to */
    uint32_t output_height;       /* cover it and cut at the centre. Not together with output_size */
    float strength;               /* 0: the content, 1: the full style; default 1. The mean of
                                       content and painting with this weight, in every pixel. Or
                                       STYLIZE_STRENGTH_AUTO; not for a tile, nor in CUDA memory */
    float preserve_color;         /* 1: colours of the content, brightness of the painting; 0: those of
                                       the painting, the default; between: the mean of both */
    uint64_t seed;                /* for methods that use random numbers (optimize) */
    uint32_t iterations;          /* optimize: evaluations of the loss over all sizes; 0: 300 */
    uint64_t memory_budget;       /* as in the options, for this request; 0: the context's, for optimize
                                     at least 1 GiB */
    uint32_t deadline_ms;         /* from acceptance to the end; 0: none */
    stylize_format output_format; /* RGB8: pixels (RGBA8 if the content has alpha); JPEG, PNG, TIFF,
                                       WEBP, AVIF: an encoded file, without metadata unless keep_metadata
                                       asks for it; default RGB8 */
    int quality;                  /* JPEG, WEBP, AVIF, 1 to 100; 0: 92 (AVIF: 80). JPEG is 4:4:4 from 90 on */
    stylize_progress_fn progress; /* or NULL */
    void *progress_user;
    stylize_report *report;     /* filled at the end if not NULL */
    const void *tiling;         /* NULL; or one that stylize_tiling_create made, to paint one tile of it */
    size_t tiling_size;         /* its bytes; it must stay as it is as long as the pictures */
    uint32_t tile;              /* which tile, from 0 */
    uint32_t reserved;          /* 0 */
    stylize_preview_fn preview; /* or NULL */
    void *preview_user;
    uint32_t time_budget_ms;     /* optimize: after this time it ends with what it has; 0: none */
    stylize_optimizer optimizer; /* optimize */
    const stylize_image *target; /* NULL; or memory of the caller's that the result is written to: pixels,
                                    stride, width, height and format (RGB8 or RGBA8) exactly as those of
                                    the result, in host or CUDA memory, output_format RGB8. Copied; pixels must
                                    stay to the end; of no use after a failure. It is the result, with owner NULL */
    float style_scale;           /* size of the strokes, 0.5 to 8: 1 (or 0, the default) as the network paints
                                    them at the output's size, 2 twice as large, 0.5 half. fast and any paint
                                    at the output's size divided by it, which the limits of the context hold
                                    for too, and scale it, above 2 with finer strokes on it; optimize takes the
                                    artwork that much larger. Not with a tiling, nor in CUDA memory */
    uint32_t reserved2;          /* 0 */
    const stylize_image *const *masks; /* NULL, or style_count pictures that say where each style is painted:
                                    white all of it, black nothing; NULL among them: everywhere. GRAY8, RGB8,
                                    RGBA8 (its grey times alpha) or encoded, of any size: scaled to cover the
                                    output and cut at the centre, as the content is. In a pixel the styles
                                    share by weight times mask, and have min(1, sum of the masks) of it; the
                                    rest is the content's. Styles with one mask (the same pointer) are a blend;
                                    each other mask is one more painting (of optimize: with all iterations, an
                                    equal part of the time budget, previews of its own). Not with a tiling, nor
                                    in CUDA memory */
    uint32_t tolerant;      /* 1: a damaged or cut content is painted as far as it goes, if at least its
                                    header and a row are there; what is missing is grey, or transparent
                                    where the file has alpha. The report says so. 0: as the context's options */
    uint32_t keep_metadata; /* stylize_metadata: what an encoded result keeps of its content; 0: nothing */
    uint32_t output_depth; /* bits a channel of the result: 8 (or 0), or 16 with PNG, TIFF or RGB8 (then RGB16
                                    or RGBA16): all bits of the content are kept and painted. Not with a tiling, a
                                    target, optimize of another engine than native, nor in CUDA memory */
    uint32_t look; /* 0, or the strokes are those of a painting whose longer side has so many pixels, 64 or
                                    more: a style_scale of 1 or more by the output's size */
    const stylize_image *const *style_masks; /* NULL, or masks: which part of each style picture is
                                    read, where lighter than half (optimize: of artworks too); NULL among them: all */
    /* end of 0.1 */
} stylize_request;

/*
 * One tile of a tiling. A picture too large for one machine is shared out: one machine makes the
 * tiling, others paint a tile each, from a part of the content somewhat larger than the tile.
 */
typedef struct stylize_tile {
    size_t struct_size;    /* set by the caller: sizeof(stylize_tile) */
    uint32_t count;        /* tiles of the tiling */
    uint32_t canvas_width; /* the whole painting */
    uint32_t canvas_height;
    uint32_t x; /* the tile's place in it */
    uint32_t y;
    uint32_t width;
    uint32_t height;
    uint32_t from_x; /* the part of the content it is painted from, the content being of the */
    uint32_t from_y; /* painting's size */
    uint32_t from_width;
    uint32_t from_height;
    uint32_t reserved; /* 0 */
    /* end of 0.1 */
} stylize_tile;

/*
 * Completion of a submitted request, called exactly once on a worker thread.
 * status STYLIZE_OK: *result is filled and now belongs to the callback's owner, who releases it
 * with stylize_image_free, at once or later (copy the structure to keep it). If the request had a
 * target, *result is that memory and stylize_image_free leaves it alone. Otherwise result is
 * NULL and error holds the text; error lives during the call only.
 * It should be quick; it may call stylize_ctx_submit and stylize_ctx_cancel, not
 * stylize_ctx_run or stylize_ctx_destroy.
 */
typedef void (*stylize_done_fn)(void *user, uint64_t id, stylize_status status, stylize_image *result,
                                const stylize_error *error);

/* A style of the library. All text belongs to the list that it came with. */
typedef struct stylize_style_info {
    const char *id;           /* a-z 0-9 _ -, 1 to 63 characters */
    const char *display_name; /* in the language asked for */
    const char *artist;       /* may be NULL, as all that follow */
    const char *licence;
    const char *model;         /* name of the network that paints it by default */
    const char *preview_image; /* path of a picture */
    int32_t year;              /* 0: not known */
    uint32_t recommended_size; /* pixels of the longer side; 0: no preference */
    uint32_t added;            /* 1: added with stylize_style_add, or a style of one's own */
    uint32_t blendable;        /* 1: can be part of a blend */
} stylize_style_info;

/* How much work goes into a style of one's own. */
typedef enum stylize_effort {
    STYLIZE_EFFORT_FAST = 0, /* the library's network is steered to the style: seconds */
    STYLIZE_EFFORT_GOOD = 1, /* and a network of its own is trained for it: minutes */
    STYLIZE_EFFORT_BEST = 2  /* the same for longer */
} stylize_effort;

/* How it stands with a style that is being made. */
typedef struct stylize_fit_state {
    size_t struct_size; /* set by the library */
    float done;         /* 0 to 1, rising */
    uint32_t network;   /* 0: the code is fitted; 1: its network is trained */
    uint32_t steps;     /* made in this part; 0: it is being prepared */
    float loss;         /* now; 1: that of the nearest style of the library, with which it began */
    uint32_t reserved;
    const stylize_image *picture; /* one that is practised on, as it is painted now, RGB8; NULL: as before.
                                     Valid during the call only */
    /* end of 0.1 */
} stylize_fit_state;

typedef enum stylize_fit_answer {
    STYLIZE_FIT_GO_ON = 0,
    STYLIZE_FIT_KEEP = 1,  /* enough: the style is saved as far as it is */
    STYLIZE_FIT_CANCEL = 2 /* STYLIZE_ERR_CANCELLED, nothing is saved */
} stylize_fit_answer;

/* Called before the first step and after each, on the fit's own thread. Returns a stylize_fit_answer. It must not call the library. */
typedef int (*stylize_fit_fn)(void *user, const stylize_fit_state *state);

/* A style of one's own to be made. Fill with stylize_fit_init, then set info and picture and what else is wanted. */
typedef struct stylize_fit {
    size_t struct_size;             /* set by stylize_fit_init */
    const stylize_style_info *info; /* as for stylize_style_add; recommended_size is kept too */
    const stylize_image *picture;   /* the artwork: pixels or an encoded file, at least 64 by 64 pixels */
    stylize_effort effort;
    uint32_t reserved;           /* 0 */
    const char *const *contents; /* NULL, or files and folders with pictures to practise on, best of the kind
                                          that will be painted; those that cannot be read are logged and left out.
                                          NULL: pictures that come with the library */
    size_t content_count;
    float style_scale;       /* size of the strokes, 0.25 to 8; 1 (or 0, the default): as in the artwork
                                          at 512 pixels */
    uint32_t code_steps;     /* 0: up to 80 */
    uint32_t network_steps;  /* 0: by the effort, up to 1600 or 20000; each paints two windows */
    uint32_t time_budget_ms; /* after this time it ends with what it has; 0: none */
    uint64_t seed;           /* of the pieces of pictures that are practised on */
    uint64_t memory_budget;  /* as in a request; 0: the context's, or 512 MiB if that is less */
    stylize_fit_fn progress; /* or NULL */
    void *progress_user;
    /* results */
    uint32_t code_made; /* steps */
    uint32_t network_made;
    float loss;           /* in the end, as in stylize_fit_state */
    uint32_t ended_early; /* 1: the time budget or KEEP ended it while the loss was still falling */
    /* end of 0.1 */
} stylize_fit;

/* ------------------------------------------------------------------ functions: general */

/* The version of the library that runs, "0.1.0". Static text, never NULL. */
STYLIZE_API const char *stylize_version(void);

/* A few words for a status ("queue full"). Static text, never NULL, also for unknown numbers. */
STYLIZE_API const char *stylize_status_str(stylize_status status);

/* Releases memory that a function handed out with a note to release it here; NULL: nothing to do. */
STYLIZE_API void stylize_free(void *p);

/* ------------------------------------------------------------------ functions: context */

/*
 * Fills options with their defaults.
 * @param o     structure to fill; the caller's
 * @param size  sizeof(stylize_options) of the caller's header
 * @return STYLIZE_OK; INVALID if o is NULL or size is none of a released version
 */
STYLIZE_API stylize_status stylize_options_init(stylize_options *o, size_t size);

/*
 * Creates a context. Reads the style library and the models' descriptions, starts the worker
 * threads; networks are loaded on first use. A style that is broken is left out and reported to
 * the log with its line; the others work.
 * @param out   receives the context; NULL on failure. Release with stylize_ctx_destroy
 * @param o     options, copied; NULL for the defaults
 * @param err   or NULL
 * @return STYLIZE_OK; INVALID, NOMEM; NOT_FOUND (no model folder, engine not installed);
 *         MODEL (style library unreadable); UNSUPPORTED (no such device)
 */
STYLIZE_API stylize_status stylize_ctx_create(stylize_ctx **out, const stylize_options *o,
                                              stylize_error *err);

/*
 * Ends a context: takes no more requests, drains or cancels those it has (their callbacks run,
 * blocked stylize_ctx_run calls return), joins the threads, releases everything. Pictures that
 * were handed out stay valid. Must be the last call on ctx and only be made once; a second call
 * is an error in the program that the library cannot notice. Not from a callback.
 * @param ctx   or NULL for nothing to do
 * @param mode  STYLIZE_DRAIN or STYLIZE_CANCEL
 */
STYLIZE_API void stylize_ctx_destroy(stylize_ctx *ctx, stylize_destroy_mode mode);

/*
 * Repaints one picture and waits for it.
 * @param ctx     context
 * @param req     request; the caller's, read only
 * @param result  filled on success; release with stylize_image_free. If the caller sets pixels,
 *                stride, width, height and format (RGB8 or RGBA8) beforehand, with owner NULL, the
 *                picture is written there instead, as to the request's target; not together with one.
 *                All other callers pass a structure of zero bytes
 * @param err     or NULL
 * @return STYLIZE_OK or any other status
 */
STYLIZE_API stylize_status stylize_ctx_run(stylize_ctx *ctx, const stylize_request *req,
                                           stylize_image *result, stylize_error *err);

/*
 * Hands in one request and returns at once. Requests start in the order of their acceptance.
 * req, its style array and ids are copied; the pictures they point to are not: they, and the
 * pixels of target, must stay valid until the callback.
 * @param done  called once when the request ends, if and only if this returned STYLIZE_OK
 * @param user  passed to done
 * @param id    receives the request's number, never 0, for stylize_ctx_cancel; or NULL
 * @return STYLIZE_OK; INVALID; NOT_FOUND (style); UNSUPPORTED; QUEUE_FULL; CANCELLED (the context
 *         is being destroyed)
 */
STYLIZE_API stylize_status stylize_ctx_submit(stylize_ctx *ctx, const stylize_request *req,
                                              stylize_done_fn done, void *user, uint64_t *id,
                                              stylize_error *err);

/*
 * Cancels a submitted request. One that waits ends before this returns or soon after; one that
 * runs stops at the next layer or tile. Its callback still comes, with STYLIZE_ERR_CANCELLED, or
 * with STYLIZE_OK if it was just done.
 * @return STYLIZE_OK; NOT_FOUND if no such request waits or runs
 */
STYLIZE_API stylize_status stylize_ctx_cancel(stylize_ctx *ctx, uint64_t id);

/*
 * Loads the network of a style and runs it three times on an empty picture, so that the first
 * request is as fast as the next ones. Blocks; other requests run meanwhile.
 * @param style  style id; NULL: every network of the library; "": the one for pictures as style
 * @param size   side of the empty picture in pixels, 0: 512
 * @return as stylize_ctx_run
 */
STYLIZE_API stylize_status stylize_ctx_warm_up(stylize_ctx *ctx, const char *style, uint32_t size,
                                               stylize_error *err);

/*
 * Copies the counters.
 * @param stats  filled up to stats->struct_size bytes
 * @return STYLIZE_OK; INVALID
 */
STYLIZE_API stylize_status stylize_ctx_stats(stylize_ctx *ctx, stylize_stats *stats);

/*
 * Describes the library and the context as JSON: version, engines with their state and devices,
 * CPU features, picture formats, models. For people and programs that look, not for hot paths.
 * @param ctx   context
 * @param json  receives the text; release with stylize_free
 */
STYLIZE_API stylize_status stylize_ctx_info(stylize_ctx *ctx, char **json, stylize_error *err);

/* One measurement of an engine on this machine. */
typedef struct stylize_bench {
    size_t struct_size; /* set by the caller: sizeof(stylize_bench) */
    const char *model;  /* network, "brush" or another of the model folder */
    uint32_t width;     /* pixels, 16 or more, multiples of the network's grid */
    uint32_t height;
    uint32_t rounds; /* measured runs, 1 to 10000; one more is made before */
    /* results */
    double min_ms; /* fastest run, pixels to pixels */
    double median_ms;
    double gflop;       /* multiply-adds times two of one picture, 1e9; 0: not known */
    double peak_gflops; /* measured multiply-add rate of this CPU with the context's threads and
                            the engine's instruction set; 0: not known */
    uint64_t memory;    /* bytes that the engine used besides the pictures; 0: not known */
    /* end of 0.1 */
} stylize_bench;

/*
 * Measures the context's engine on one network with all its threads. Blocks; meant for a context
 * that does nothing else.
 * @param b  in and out, see above; the caller's
 * @return as stylize_ctx_run
 */
STYLIZE_API stylize_status stylize_ctx_bench(stylize_ctx *ctx, stylize_bench *b, stylize_error *err);

/* ------------------------------------------------------------------ functions: styles */

/*
 * Lists the styles, those of the library first, in its order.
 * @param lang   language of display_name ("en", "zh"); NULL or one that is missing: English
 * @param list   receives an array; release the whole with one stylize_free
 * @param count  receives its length
 */
STYLIZE_API stylize_status stylize_style_list(stylize_ctx *ctx, const char *lang, stylize_style_info **list,
                                              size_t *count, stylize_error *err);

/*
 * Adds a style made from a picture. The picture is read once; what is kept is its style code.
 * Blocks for one encoding. Lives as long as the context.
 * @param info     id is needed and must be new; display_name, artist, licence, year are copied;
 *                 the rest is ignored
 * @param picture  pixels or an encoded file, at least 32 by 32 pixels
 * @return STYLIZE_OK; INVALID, EXISTS, FORMAT, LIMIT, ENGINE, NOMEM; UNSUPPORTED (no network for
 *         pictures is installed)
 */
STYLIZE_API stylize_status stylize_style_add(stylize_ctx *ctx, const stylize_style_info *info,
                                             const stylize_image *picture, stylize_error *err);

/*
 * Fills a fit with its defaults.
 * @param f     structure to fill; the caller's
 * @param size  sizeof(stylize_fit) of the caller's header
 * @return STYLIZE_OK; INVALID if f is NULL or size is none of a released version
 */
STYLIZE_API stylize_status stylize_fit_init(stylize_fit *f, size_t size);

/*
 * Makes a style of one's own from an artwork and saves it in the context's style folder, from where every context
 * loads it; this one has it at once. First the library's network is steered to the style by L-BFGS on the style code,
 * from the nearest style of the library (Dumoulin et al. 2017, arXiv 1610.07629); with more effort that network is then
 * trained on for this style alone (Johnson et al. 2016, arXiv 1603.08155). It ends when the loss has stopped falling.
 * Blocks for seconds to minutes. It runs on the caller's thread, and workers without a request help it.
 * @param f    what is wanted; its results are filled on success
 * @return STYLIZE_OK; INVALID, EXISTS (a style of that id, here or in the folder), FORMAT, LIMIT (memory budget),
 *         NOT_FOUND (contents), IO (folder), CANCELLED, ENGINE, NOMEM; UNSUPPORTED (no style folder, no network that
 *         can be steered, no loss network, or an engine that cannot learn: only the native one can)
 */
STYLIZE_API stylize_status stylize_style_fit(stylize_ctx *ctx, stylize_fit *f, stylize_error *err);

/*
 * Removes a style of one's own from the context and its folder from the style folder. Requests that already use it go
 * on.
 * @return STYLIZE_OK; NOT_FOUND; INVALID (a style that is not in the style folder); IO
 */
STYLIZE_API stylize_status stylize_style_delete(stylize_ctx *ctx, const char *id, stylize_error *err);

/*
 * Removes a style from the context (no file is touched). Requests that already use it go on.
 * @return STYLIZE_OK; NOT_FOUND
 */
STYLIZE_API stylize_status stylize_style_remove(stylize_ctx *ctx, const char *id, stylize_error *err);

/* ------------------------------------------------------------------ functions: pictures */

/*
 * Reads a file into memory as it is, still encoded, after checking its size and its first bytes.
 * @param path  file name; "-" has no special meaning
 * @param out   receives an encoded picture; release with stylize_image_free
 * @return STYLIZE_OK; IO, FORMAT, LIMIT, NOMEM
 */
STYLIZE_API stylize_status stylize_image_load(stylize_ctx *ctx, const char *path, stylize_image *out,
                                              stylize_error *err);

/*
 * Reads the header of an encoded picture, no pixel.
 * @param in    encoded picture
 * @param info  filled; set its struct_size first
 * @return STYLIZE_OK; FORMAT; LIMIT (its size is above a limit; info is filled all the same)
 */
STYLIZE_API stylize_status stylize_image_probe(stylize_ctx *ctx, const stylize_image *in,
                                               stylize_image_info *info, stylize_error *err);

/*
 * Decodes a picture: upright (EXIF orientation applied), in sRGB, RGB8 or RGBA8; see deep of the options.
 * @param in   encoded picture
 * @param out  receives pixels; release with stylize_image_free
 * @return STYLIZE_OK; FORMAT, LIMIT, NOMEM, UNSUPPORTED (format not in this build)
 */
STYLIZE_API stylize_status stylize_image_decode(stylize_ctx *ctx, const stylize_image *in, stylize_image *out,
                                                stylize_error *err);

/*
 * Scales pixels with an anti-aliasing filter to exactly the size given.
 * @param in      pixels
 * @param width   1 to the context's max_side, as height
 * @param out     receives pixels of the same format; release with stylize_image_free
 * @return STYLIZE_OK; INVALID, LIMIT, NOMEM
 */
STYLIZE_API stylize_status stylize_image_resize(stylize_ctx *ctx, const stylize_image *in, uint32_t width,
                                                uint32_t height, stylize_image *out, stylize_error *err);

/*
 * Encodes pixels. No metadata is written.
 * @param in       pixels; an alpha channel is laid on white by JPEG and kept by all others. 16 bits a channel
 *                 are kept by PNG and TIFF
 * @param format   JPEG, PNG, WEBP, TIFF or AVIF
 * @param quality  JPEG, WEBP and AVIF, 1 to 100; 0: 92 (AVIF: 80)
 * @param out      receives the encoded picture; release with stylize_image_free
 * @return STYLIZE_OK; INVALID, NOMEM, UNSUPPORTED (format not in this build)
 */
STYLIZE_API stylize_status stylize_image_encode(stylize_ctx *ctx, const stylize_image *in,
                                                stylize_format format, int quality, stylize_image *out,
                                                stylize_error *err);

/*
 * Writes a picture to a file: an encoded one as it is, pixels encoded by the file name's ending
 * (.jpg .jpeg .png .webp .tif .tiff .avif). Written under a temporary name and renamed: path is either whole or as
 * it was before.
 * @param quality  for pixels, as in stylize_image_encode
 * @return STYLIZE_OK; IO, INVALID (unknown ending), NOMEM, UNSUPPORTED
 */
STYLIZE_API stylize_status stylize_image_save(stylize_ctx *ctx, const stylize_image *image, const char *path,
                                              int quality, stylize_error *err);

/*
 * Releases a picture that the library filled and zeroes the structure. Does nothing to memory of
 * the caller's (owner NULL). May be called after the context was destroyed, and twice.
 * @param image  or NULL for nothing to do
 */
STYLIZE_API void stylize_image_free(stylize_image *image);

/* ------------------------------------------------------------------ functions: tiles on many machines */

/*
 * Prepares a painting that others will do tile by tile: cuts it as stylize_ctx_run would within the
 * request's memory_budget, reads the styles, and takes the statistics that all tiles share. What comes
 * out is a block of bytes to be stored or sent; with it, the tiles painted anywhere are those of
 * stylize_ctx_run, on machines of one kind to the byte, on others to 1 level in 255.
 *
 * To paint tile i elsewhere: a request with tiling, tiling_size, tile, and as content the part that
 * stylize_tiling_get names, of a content that is of the painting's size already (the result of the
 * same request with strength 0). Strength, preserve_color, output_format and quality are as in any
 * request; styles, method and the output's size are in the tiling and must be left out. The result is
 * the tile without its margins. Library version and model must be those that the tiling was made with.
 * @param req   as for stylize_ctx_run; strength, colour and output format do not matter
 * @param data  receives the tiling; release with stylize_free
 * @param size  receives its bytes
 * @return as stylize_ctx_run; LIMIT if the network cannot work in tiles and the budget is too small
 */
STYLIZE_API stylize_status stylize_tiling_create(stylize_ctx *ctx, const stylize_request *req, void **data,
                                                 size_t *size, stylize_error *err);

/*
 * Says where a tile lies. Needs no context.
 * @param data   tiling, from stylize_tiling_create; only read
 * @param index  0 to count - 1
 * @param tile   filled; set its struct_size first
 * @return STYLIZE_OK; INVALID (damaged, or of another version); NOT_FOUND (no tile of that index)
 */
STYLIZE_API stylize_status stylize_tiling_get(const void *data, size_t size, uint32_t index,
                                              stylize_tile *tile, stylize_error *err);

/* ------------------------------------------------------------------ functions: requests */

/*
 * Fills a request with its defaults: no content, no style, strength 1, RGB8.
 * @param r     structure to fill; the caller's
 * @param size  sizeof(stylize_request) of the caller's header
 * @return STYLIZE_OK; INVALID if r is NULL or size is none of a released version
 */
STYLIZE_API stylize_status stylize_request_init(stylize_request *r, size_t size);

#ifdef __cplusplus
}
#endif
#endif
