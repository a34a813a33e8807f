/* Networks that paint and that read styles: load one, run it over the host's memory or the device's. Plain C99. */
#ifndef STZ_TORCH_NET_H
#define STZ_TORCH_NET_H

#include "torch.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct stz_torch_net stz_torch_net; /* a loaded network */

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

#ifdef __cplusplus
}
#endif
#endif
