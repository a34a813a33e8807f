/* The method optimize: a loss network, and a picture that is changed until the network sees the style in it.
 * Plain C99. */
#ifndef STZ_TORCH_OPTIMIZE_H
#define STZ_TORCH_OPTIMIZE_H

#include "../torch.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct stz_torch_loss stz_torch_loss; /* a loaded loss network */

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
