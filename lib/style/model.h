/* The description of a network: model.json. */
#ifndef STZ_MODEL_H
#define STZ_MODEL_H

#include "base/bundle.h"

#define STZ_LAYERS_MAX 8
#define STZ_MODEL_MAX  (1u << 20) /* bytes of model.json */

/* What model.json says of a network. All engines read the same description. */
typedef struct stz_model {
    char name[64];
    char *dir;                /* its folder */
    const stz_bundle *bundle; /* that the folder is in, or NULL: a folder of the system */
    char *native_file;        /* safetensors for the native engine, or NULL; relative to dir */
    char *native_int8_file;   /* quantised one, or NULL */
    char *torch_file;         /* TorchScript, N x 3 x H x W -> N x 3 x H x W, or NULL */
    char *torch_encoder_file; /* TorchScript, style pictures -> codes, or NULL */
    int multiple;             /* sides must be multiples of this */
    int min_side;             /* and at least this long */
    int code_length;          /* floats of a style code; 0: the network has one style inside */
    int stats_length;         /* floats of its frozen statistics; 0: it cannot freeze them */
    int receptive_radius;     /* pixels */
    int grid;                 /* tile origins must be multiples of this */
    bool encodes;             /* can read a code from a style picture */
    int style_multiple, style_min_side, style_size; /* of style pictures; style_size: shorter side */
    bool optimizes; /* a loss network: it paints nothing itself, the method optimize runs it */
    int layers;     /* its feature maps, with the weight of each in the two losses */
    float style_weights[STZ_LAYERS_MAX], content_weights[STZ_LAYERS_MAX];
    float range;           /* torch: value of white at the input and output, 1 or 255 */
    float mean[3], std[3]; /* torch: subtracted and divided before, in units of `range` 1 */
} stz_model;

/* Reads one model.json; used by the library and by tests. */
stylize_status stz_model_read(const char *dir, stz_model **out, stylize_error *err);
void stz_model_free(stz_model *model);

/* Parses the text of a model.json; dir is copied. */
stylize_status stz_model_parse(const char *dir, const char *text, size_t size, const stz_log *log,
                               stz_model **out, stylize_error *err);

/* As stz_model_read, with a log for members that are ignored. The bundle, if any, outlives the model. */
stylize_status stz_model_load(const stz_bundle *bundle, const char *dir, const stz_log *log, stz_model **out,
                              stylize_error *err);

#endif
