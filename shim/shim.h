/*
 * The door between libstylize, which is C, and libtorch, which is C++. Rules of this folder:
 *
 *   1. This header is plain C99. Only pointers and numbers cross it; no C++ type, no exception, no
 *      memory that one side allocates and the other frees.
 *   2. Every function is noexcept. Those that can fail run inside one guard, which catches
 *      c10::Error, std::bad_alloc, std::exception and everything else, turns it into a code and
 *      copies one line of text into the caller's buffer. Nothing is printed; libtorch's warnings
 *      are dropped while the guard is up.
 *   3. The plugin is opened once, RTLD_NOW | RTLD_LOCAL, and never closed: libtorch does not stand
 *      it. STZ_TORCH_ABI is asked for first and must be equal on both sides; open compares the
 *      version the plugin was built with to the one that runs.
 *   4. Exported are the functions below and nothing else (shim.map, symbols.txt).
 *   5. All functions may be called by several threads at once, on one net too, except close and
 *      unload, which are the last call on their object. Forward runs in c10::InferenceMode.
 *   6. Compiles against libtorch 1.13 and later, with and without CUDA: no CUDA library is linked,
 *      devices are reached through tensors. The caller opens libtorch_cuda when it wants one.
 */
#ifndef STZ_TORCH_SHIM_H
#define STZ_TORCH_SHIM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#define STZ_TORCH_API __attribute__((visibility("default")))
#define STZ_NOEXCEPT  noexcept
#else
#define STZ_TORCH_API
#define STZ_NOEXCEPT
#endif

/* Rises with every change of this header. */
#define STZ_TORCH_ABI 4

/* Codes; the numbers are those of stylize_status. */
enum {
    STZ_TORCH_OK = 0,
    STZ_TORCH_INVALID = 1,
    STZ_TORCH_NOMEM = 2,
    STZ_TORCH_MODEL = 8,
    STZ_TORCH_UNSUPPORTED = 9,
    STZ_TORCH_ENGINE = 10
};

typedef struct stz_torch_error {
    char *text; /* receives one line, terminated, cut if too long */
    size_t size;
} stz_torch_error;

/* How a network computes. Convolutions and memory in half precision, sums of norms in fp32 all the same. */
enum { STZ_TORCH_FP32, STZ_TORCH_HALF, STZ_TORCH_TF32 };

typedef struct stz_torch stz_torch;           /* a device with its settings */
typedef struct stz_torch_net stz_torch_net;   /* a loaded network */
typedef struct stz_torch_loss stz_torch_loss; /* a loaded loss network */

/* What a network is promised to be. Copied. */
typedef struct stz_torch_spec {
    const char *apply_path;  /* TorchScript: forward(x) or forward(x, code), perhaps also stats,
                                 frozen and encode; NULL: none, the network only reads styles */
    const char *encode_path; /* TorchScript with encode(style), or forward(style) if it has no
                                 encode; NULL: none. May be the same file */
    int code_length;         /* 0: forward(x) */
    int stats_length;        /* 0: no stats and frozen */
    int trial_side;          /* pixels of the square that load tries the network on */
    int trial_style_side;    /* the same for encode */
    float range;             /* value of white, 1 or 255 */
    float mean[3], std[3];   /* input = (sample - mean) / std * range, sample from 0 to 1 */
} stz_torch_spec;

/* Interleaved RGB: bytes from 0 to 255, or floats from 0 to 1. */
typedef struct stz_torch_picture {
    void *data;
    ptrdiff_t stride; /* bytes from row to row; a multiple of 4 for floats */
    int is_float;
} stz_torch_picture;

/* One picture of a batch. All of one call have the same members set. */
typedef struct stz_torch_item {
    stz_torch_picture in;
    stz_torch_picture out; /* data NULL: only stats_out is wanted */
    const float *code;     /* code_length floats */
    const float *stats;    /* frozen statistics instead of the picture's own, or NULL */
    float *stats_out;      /* receives the picture's own, or NULL */
} stz_torch_item;

/* A batch whose memory is the device's; work is queued on the stream that libtorch is set to, and the
 * call does not wait for it. */
typedef struct stz_torch_batch {
    void *x;            /* n x 3 x height x width, as stz_torch_input_form says, normalised */
    const float *code;  /* n x code_length, or NULL */
    const float *stats; /* n x stats_length frozen ones, or NULL */
    float *stats_out;   /* receives the pictures' own and nothing is painted; or NULL */
    int n, width, height;
    int tune; /* try out algorithms: for sizes that come again */
    /* results, unless stats_out is given */
    const void *y; /* n x 3 x height x width; stays until kept is dropped, for work on the same stream */
    long long y_strides[4]; /* in samples */
    int y_half;
    void *kept; /* for stz_torch_drop */
} stz_torch_batch;

#define STZ_TORCH_LAYERS_MAX 8

/* A loss network: TorchScript, forward(x [1, 3, H, W]) -> a list or tuple of feature maps, each of the
 * sides H / stride, W / stride with a power of two as stride. It is only ever differentiated by x. */
typedef struct stz_torch_loss_spec {
    const char *path;
    int layers;                                  /* feature maps, 1 to STZ_TORCH_LAYERS_MAX */
    float style_weights[STZ_TORCH_LAYERS_MAX];   /* 0: not looked at for the style */
    float content_weights[STZ_TORCH_LAYERS_MAX]; /* 0: not looked at for the content */
    int multiple;                                /* sides are multiples of this, and it of every stride */
    int radius;                                  /* pixels around one that it sees */
    float range, mean[3], std[3];                /* as in stz_torch_spec */
} stz_torch_loss_spec;

typedef struct stz_torch_style {
    stz_torch_picture picture;
    int width, height;
    float weight; /* share in the style loss */
} stz_torch_style;

/* One optimisation at one size. */
typedef struct stz_torch_optimize_job {
    stz_torch_picture content;
    stz_torch_picture out; /* bytes; the start if `start`, then the latest picture, then the result */
    int start;             /* 0: from the content, with noise */
    int width, height;
    const stz_torch_style *styles;
    int style_count;
    int adam;        /* 0: L-BFGS */
    int evaluations; /* of the loss and its gradient, at most */
    unsigned long long seed;
    size_t memory; /* bytes for the network's work; larger pictures are taken in tiles */
    /* After each evaluation, how many were done. Returns 0 to go on, another value to end with the
     * best picture so far. picture: `out` holds the picture as it is now. */
    int (*progress)(void *user, int evaluations, int picture);
    void *user;
    int picture_every; /* evaluations between updates of `out`; 0: only at the end */
} stz_torch_optimize_job;

STZ_TORCH_API int stz_torch_abi(void) STZ_NOEXCEPT;

/* CUDA devices that can be used. libtorch looks for its CUDA half once, at the first call of this or
 * of open: libtorch_cuda must be in the process before. */
STZ_TORCH_API int stz_torch_cuda_count(void) STZ_NOEXCEPT;

/* cuda: a device's index, or -1 for the CPU. threads: for each thread that calls apply or encode.
 * version receives that of the libtorch that runs. UNSUPPORTED: it is not the one built with. TF32 or
 * not is a setting of the process: the last open of a device counts. */
STZ_TORCH_API int stz_torch_open(int cuda, int threads, int precision, stz_torch **out, char *version,
                                 size_t size, const stz_torch_error *error) STZ_NOEXCEPT;
STZ_TORCH_API void stz_torch_close(stz_torch *torch) STZ_NOEXCEPT; /* after its nets; NULL is fine */

/* Loads a network and tries it once, so that a file that does not fit fails here. MODEL: unreadable,
 * methods missing, wrong shapes, or it throws. */
STZ_TORCH_API int stz_torch_load(stz_torch *torch, const stz_torch_spec *spec, stz_torch_net **out,
                                 const stz_torch_error *error) STZ_NOEXCEPT;
STZ_TORCH_API void stz_torch_unload(stz_torch_net *net) STZ_NOEXCEPT; /* NULL is fine */

/* Bytes a pixel that forward needs at its fullest moment, as measured by load. */
STZ_TORCH_API double stz_torch_bytes(const stz_torch_net *net) STZ_NOEXCEPT;

/* Reads the style code of a picture, code_length floats. */
STZ_TORCH_API int stz_torch_encode(stz_torch_net *net, const stz_torch_picture *style, int width, int height,
                                   float *code, const stz_torch_error *error) STZ_NOEXCEPT;

/* Paints n pictures of one size in one forward. */
STZ_TORCH_API int stz_torch_apply(stz_torch_net *net, const stz_torch_item *items, int n, int width,
                                  int height, const stz_torch_error *error) STZ_NOEXCEPT;

/* What forward wants: samples of half precision or float, channels last (as n x height x width x 3 in
 * memory) or not, whichever was faster when the network was loaded. */
STZ_TORCH_API void stz_torch_input_form(const stz_torch_net *net, int *is_half,
                                        int *channels_last) STZ_NOEXCEPT;

/* Queues a forward over memory of the device. */
STZ_TORCH_API int stz_torch_forward(stz_torch_net *net, stz_torch_batch *batch,
                                    const stz_torch_error *error) STZ_NOEXCEPT;
STZ_TORCH_API void stz_torch_drop(void *kept) STZ_NOEXCEPT; /* NULL is fine */

/* Loads a loss network and tries it, gradient included. Errors as stz_torch_load. */
STZ_TORCH_API int stz_torch_loss_load(stz_torch *torch, const stz_torch_loss_spec *spec, stz_torch_loss **out,
                                      const stz_torch_error *error) STZ_NOEXCEPT;
STZ_TORCH_API void stz_torch_loss_unload(stz_torch_loss *loss) STZ_NOEXCEPT; /* NULL is fine */

/* Changes a picture until its statistics in the loss network are those of the styles. */
STZ_TORCH_API int stz_torch_optimize(stz_torch_loss *loss, const stz_torch_optimize_job *job,
                                     const stz_torch_error *error) STZ_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif
