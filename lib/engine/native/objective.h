/*
 * What the method optimize makes small: the losses of a loss network's feature maps for one picture size, and what
 * needs no network, total variation and a penalty for values outside black and white. Works within a number of bytes:
 * a picture that does not fit is looked at in tiles with a margin of what the network sees around a pixel.
 */
#ifndef STZ_OBJECTIVE_H
#define STZ_OBJECTIVE_H

#include "engine/native/back.h"
#include "engine/native/loss.h"

/* A loss network's feature maps and their weights. */
typedef struct stz_loss_spec {
    int layers, multiple, radius;
    float style_weights[STZ_LAYERS_MAX], content_weights[STZ_LAYERS_MAX];
    double smoothness;  /* weight of total variation */
    double pixel_bytes; /* that a run there and back takes, see stz_objective_pixel */
} stz_loss_spec;

#define STZ_LOSS_SCALE 100.0 /* of the whole loss, for the line search's thresholds */
#define STZ_SMOOTHNESS 0.5   /* of the method optimize */

/* Memory for each pixel: of a picture that is small but not tiny, as larger ones share more. */
double stz_objective_pixel(stz_part *part, int multiple);
/* Bytes that a run takes for a picture in the smallest tiles. */
double stz_objective_least(const stz_loss_spec *spec, int width, int height);

/* A feature map and what is known of it. */
typedef struct stz_objective_layer {
    int layer, stride; /* in the network; pixels of the picture for one of the map */
    bool used;
    stz_layer_loss loss;
    stz_moments moments;
    stz_loss_gradient gradient;
    float *content;    /* the content's map, or NULL */
    stz_layout layout; /* of it */
} stz_objective_layer;

typedef struct stz_objective {
    stz_part *part;
    const stz_loss_spec *spec;
    const stz_optimize *job;
    stz_pool *pool;
    const stz_exec *exec;
    stz_objective_layer layers[STZ_LAYERS_MAX];
    stz_buf *memory;
    float *records;       /* of sections */
    float *tile_gradient; /* NULL: the picture is one tile */
    size_t tile_floats;
    stz_kept_run kept; /* of the only tile */
} stz_objective;

/* Reads the content and the styles of the job, which is kept. x: the picture that evaluate will look at, width x height
 * x 3 floats without gaps. */
stylize_status stz_objective_open(stz_objective *o, stz_part *part, const stz_loss_spec *spec,
                                  const stz_optimize *job, const float *x, stz_pool *pool,
                                  const stz_exec *exec, stylize_error *err);
/* The loss of x and its gradient, as long as x. */
stylize_status stz_objective_evaluate(stz_objective *o, const float *x, float *gradient, double *loss,
                                      stylize_error *err);
/* For several contents of one size, to be changed between: what is known of a content lies in `memory` from now on, of
 * so many bytes. NULL only counts them. The first content's lies in the objective. */
size_t stz_objective_content_bytes(stz_objective *o, void *memory);
/* Another content of the same size; what is known of it is written where that lies now. */
stylize_status stz_objective_read_content(stz_objective *o, const stz_view *content, stylize_error *err);
void stz_objective_close(stz_objective *o);

#endif
