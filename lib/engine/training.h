/* What an engine offers to training programs: networks of files that are run forward and back. */
#ifndef STZ_TRAINING_H
#define STZ_TRAINING_H

#include "base/exec.h"
#include "base/mem.h"
#include "style/model.h"

/* What a network gives: the painting, or a feature map. */
typedef struct stz_training_map {
    int width, height, channels;
} stz_training_map;

typedef struct stz_training_info {
    size_t weights;
    int code_length;
    int map_count;
    bool paints; /* the only map is a painting; else they are feature maps */
    stz_training_map maps[STZ_LAYERS_MAX];
} stz_training_info;

/* Numbers are interleaved floats without gaps, pictures width x height x 3, 0 to 1. One call at a time on a net. */
typedef struct stz_training {
    /* places: runs forward that can be kept at the same time for the way back. */
    stylize_status (*open)(const char *file, int width, int height, int places, stz_pool *pool,
                           const stz_exec *exec, void **net, stylize_error *err);
    void (*close)(void *net);
    void (*info)(const void *net, stz_training_info *out);
    void (*read)(const void *net, float *weights);
    stylize_status (*write)(void *net, const float *weights, stylize_error *err);
    /* maps: one pointer for each, NULL: not wanted. */
    stylize_status (*forward)(void *net, int place, const float *picture, const float *code,
                              float *const *maps, const stz_exec *exec, stylize_error *err);
    /* gradients: of each map, NULL: zero. What is wanted is written, NULL: not wanted. */
    stylize_status (*backward)(void *net, int place, const float *const *gradients, float *picture,
                               float *code, float *weights, const stz_exec *exec, stylize_error *err);
} stz_training;

extern const stz_training stz_training_native;

#endif
