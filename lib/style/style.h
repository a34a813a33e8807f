/* One style: what is known of it and its codes. */
#ifndef STZ_STYLE_H
#define STZ_STYLE_H

#include <stdatomic.h>

#include "style/id.h"
#include "style/model.h"

typedef struct stz_title {
    char *lang; /* "en" */
    char *text;
} stz_title;

typedef struct stz_style_code_of {
    const stz_model *model;
    float *code;
} stz_style_code_of;

/* Reference-counted. Written by its maker before anyone else sees it, then only read. */
typedef struct stz_style {
    atomic_int refs;
    char id[STZ_ID_MAX + 1];
    stz_title *titles; /* the first one is English */
    int title_count;
    char *artist, *licence, *preview, *artwork; /* or NULL */
    int year;
    int recommended_size;
    char *folder; /* of a style of one's own, or NULL */
    bool added;
    const stz_model *model; /* paints it by default */
    stz_style_code_of *codes;
    int code_count;
} stz_style;

void stz_style_unref(stz_style *style);
const char *stz_style_id(const stz_style *style);
const stz_model *stz_style_model(const stz_style *style);
const char *stz_style_own_folder(const stz_style *style); /* or NULL */
/* Path of its artwork, or NULL. */
const char *stz_style_artwork(const stz_style *style);
/* Its code for a network, `model->code_length` floats, or NULL if it has none. */
const float *stz_style_code(const stz_style *style, const stz_model *model);

/* ---- for those who make one */

/* A style with one reference and room for the codes of n models; NULL if there is no memory. */
stz_style *stz_style_create(const char *id, const stz_model *model, int code_room);
/* Copies code; its length is the model's. False if there is no memory. */
bool stz_style_set_code(stz_style *style, const stz_model *model, const float *code);
/* Takes the next title; `count` of them were made room for. */
bool stz_style_room_for_titles(stz_style *style, int count);
bool stz_style_add_title(stz_style *style, const char *lang, const char *text);
const char *stz_style_title(const stz_style *style, const char *lang);

#endif
