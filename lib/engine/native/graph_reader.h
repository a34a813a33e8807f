/* What reads a graph, operation by operation. */
#ifndef STZ_GRAPH_READER_H
#define STZ_GRAPH_READER_H

#include <jansson.h>

#include "engine/native/graph.h"
#include "engine/native/graph_weights.h"

#define OPS_MAX      1024
#define CHANNELS_MAX 8192
#define VECTOR_MAX   (1 << 20)
#define LEVEL_MAX    6 /* halvings of the picture: 64 pixels become one */
#define MULTIPLE_MAX 256
#define KERNEL_MAX   9

/* The state after the operations so far, and the one being read. */
typedef struct stz_graph_reader {
    const stz_safetensors *file;
    const char *key;
    bool encoder, loss;
    stz_graph *graph;
    int channels, level; /* of the picture; level: how often it was halved */
    int deepest;         /* largest level so far */
    int saved_channels;  /* 0: nothing is saved */
    int saved_level;
    int vector;   /* numbers in the code vector */
    bool linear;  /* a linear map was there: the vector goes on, the picture does not */
    bool ended;   /* nothing may follow */
    int multiple; /* encoder: what its unshuffles need */
    int taps;     /* feature maps so far */
    bool begun;   /* a convolution was there */
    bool steered; /* a norm takes gamma and beta from the code */
    stz_weight_ref refs[2 * OPS_MAX + 2];
    int ref_count;
    const json_t *json;
    int number; /* in the list, from 0 */
    const char *name;
    stylize_error *err;
} stz_graph_reader;

/* An error of the operation that is being read. */
STZ_PRINTF(2, 3)
stylize_status stz_graph_bad_op(const stz_graph_reader *w, const char *format, ...);
/* A member that is a whole number. */
stylize_status stz_graph_int(const stz_graph_reader *w, const char *member, int low, int high, int *out);
/* A member that is a finite number. */
stylize_status stz_graph_float(const stz_graph_reader *w, const char *member, float *out);
/* A tensor by the name that stands in a member, of exactly this shape; *slot is filled at the end. */
stylize_status stz_graph_tensor(stz_graph_reader *w, const char *member, int dims, const size_t *shape,
                                const float **slot);

#endif
