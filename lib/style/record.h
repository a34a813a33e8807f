/* The files of a style of one's own, as own.h reads them. Texts are released with free; NULL: no memory. */
#ifndef STZ_RECORD_H
#define STZ_RECORD_H

#include "style/model.h"

#define STZ_RECORD_CODE    "code.safetensors"
#define STZ_RECORD_NETWORK "network.safetensors"
#define STZ_RECORD_ARTWORK "artwork.jpg"
#define STZ_RECORD_PREVIEW "preview.jpg"

/* What is known of the style. model_path: the network that paints it, NULL: its own. */
typedef struct stz_record {
    const char *id, *title, *artist, *licence, *model_path; /* artist, licence: or NULL */
    int year, recommended_size;                             /* 0: not known */
} stz_record;
char *stz_record_entry(const stz_record *r);

/* model.json of a network like `model`, of another name. */
char *stz_record_model(const stz_model *model, const char *name);

/* Codes by the networks' names, as a safetensors file. */
typedef struct stz_record_code {
    const char *model;
    const float *code;
    int length;
} stz_record_code;
void *stz_record_codes(const stz_record_code *codes, int count, size_t *size);

#endif
