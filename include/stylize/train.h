/*
 * Training networks with libstylize's kernels: a network's file is opened for pictures of one size, run forward, and
 * back with the gradients of what it gave. The losses, the optimiser and the files are the training program's; the
 * Python package stylize_train does it with PyTorch. Only the native engine offers it.
 *
 * Generators (a "graph" in the file) give one map, the painting; loss networks (a "loss_graph") their feature maps.
 * Arrays are the caller's: 32-bit floats, rows from top to bottom, the channels of a pixel side by side, no gaps;
 * pictures height x width x 3, 0 to 1. The convolution's adjoint is exact: gradients are those of the function that
 * forward computes, the same bytes for any number of threads.
 *
 * Threads: calls on one network must not overlap; networks are independent of each other. Every call blocks, with the
 * context's threads.
 */
#ifndef STYLIZE_TRAIN_H
#define STYLIZE_TRAIN_H

#include "stylize/stylize.h"

#ifdef __cplusplus
extern "C" {
#endif

#define STYLIZE_NET_PLACES_MAX 64
#define STYLIZE_NET_MAPS_MAX   8

/* A network open for training. It must be closed before its context. */
typedef struct stylize_net stylize_net;

/*
 * Opens a network.
 * @param file    safetensors file with 32-bit floats, such as models/brush/brush.safetensors
 * @param width   of the pictures, multiples of the network's, 32 to 4096
 * @param height  likewise
 * @param places  runs forward whose way back is still to come, 1 to STYLIZE_NET_PLACES_MAX; each keeps its activations
 * @param net     receives the network; close it with stylize_net_close
 * @return STYLIZE_OK; INVALID, IO, MODEL, NOMEM; UNSUPPORTED (numbers of another kind, a tensor that is used twice, an
 *         operation without a gradient, a library without the native engine)
 */
STYLIZE_API stylize_status stylize_net_open(stylize_ctx *ctx, const char *file, uint32_t width,
                                            uint32_t height, uint32_t places, stylize_net **net,
                                            stylize_error *err);
/* Releases a network; NULL is fine. */
STYLIZE_API void stylize_net_close(stylize_net *net);

/*
 * How many weights the network has: of its operations in their order, each convolution's as [out][in][height][width],
 * then its bias; gamma, then beta of a norm that has them of its own. 0: net is NULL.
 */
STYLIZE_API size_t stylize_net_weight_count(const stylize_net *net);
/* Floats of the style code that steers it; 0: it takes none. */
STYLIZE_API size_t stylize_net_code_length(const stylize_net *net);
/* Maps that a run gives, 1 to STYLIZE_NET_MAPS_MAX. 0: net is NULL. */
STYLIZE_API size_t stylize_net_map_count(const stylize_net *net);
/*
 * Size of a map.
 * @param shape  receives height, width, channels
 * @return STYLIZE_OK; INVALID
 */
STYLIZE_API stylize_status stylize_net_map_shape(const stylize_net *net, size_t map, uint32_t shape[3],
                                                 stylize_error *err);

/* Copies the weights out. @return STYLIZE_OK; INVALID */
STYLIZE_API stylize_status stylize_net_get_weights(const stylize_net *net, float *weights,
                                                   stylize_error *err);
/* Sets the weights; what was kept for the way back is gone. @return STYLIZE_OK; INVALID, NOMEM */
STYLIZE_API stylize_status stylize_net_set_weights(stylize_net *net, const float *weights,
                                                   stylize_error *err);

/*
 * Runs a picture forward.
 * @param place    below the number of places; what was kept there is forgotten
 * @param picture  is copied
 * @param code     is copied; NULL if the network takes none
 * @param maps     stylize_net_map_count pointers to arrays that are filled; a NULL among them: not wanted
 * @return STYLIZE_OK; INVALID, NOMEM
 */
STYLIZE_API stylize_status stylize_net_forward(stylize_net *net, uint32_t place, const float *picture,
                                               const float *code, float *const *maps, stylize_error *err);
/*
 * Runs a place back, as often as wanted after a forward.
 * @param gradients  of each map, stylize_net_map_count pointers; a NULL among them: zero (a generator's is needed)
 * @param picture    receives the gradient of the picture; NULL: not wanted; likewise
 * @param code       that of the style code, and
 * @param weights    that of all weights
 * @return STYLIZE_OK; INVALID (also: the place holds nothing), NOMEM
 */
STYLIZE_API stylize_status stylize_net_backward(stylize_net *net, uint32_t place,
                                                const float *const *gradients, float *picture, float *code,
                                                float *weights, stylize_error *err);

#ifdef __cplusplus
}
#endif

#endif
