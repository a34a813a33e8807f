/* The set of styles and the networks that paint them. Styles are found, added, removed and listed by any number
 * of threads. */
#ifndef STZ_STYLES_H
#define STZ_STYLES_H

#include <pthread.h>

#include "style/style.h"

typedef struct stz_style_lib {
    char *dir;                /* model folder, absolute */
    const stz_bundle *bundle; /* that stands for it, or NULL; outlives the library */
    stz_model **models;       /* room for STZ_MODELS_MAX; those that are there stay */
    atomic_int model_count;
    pthread_rwlock_t lock; /* over what follows, and over adding a model */
    stz_style **styles;    /* each with one reference of the library's */
    size_t style_count, style_room;
} stz_style_lib;

/* One without models and styles, or NULL. dir is copied. */
stz_style_lib *stz_style_lib_create(const char *dir);
void stz_style_lib_close(stz_style_lib *lib);

#define STZ_MODELS_MAX 256
/* Takes over the model. False if its name is taken or there are too many: it stays the caller's. */
bool stz_style_lib_add_model(stz_style_lib *lib, stz_model *model);
/* Models, in the order of their folders' names. */
int stz_style_lib_model_count(const stz_style_lib *lib);
const stz_model *stz_style_lib_model(const stz_style_lib *lib, int index);
const stz_model *stz_style_lib_find_model(const stz_style_lib *lib, const char *name); /* or NULL */
/* The model that reads style pictures, or NULL. */
const stz_model *stz_style_lib_encoder(const stz_style_lib *lib);

/* The loss network of the method optimize, or NULL. */
const stz_model *stz_style_lib_loss(const stz_style_lib *lib);

/* A style with a reference for the caller, or NULL. */
stz_style *stz_style_lib_find(stz_style_lib *lib, const char *id);
/* Takes over the caller's reference. EXISTS, NOMEM: the reference stays the caller's. */
stylize_status stz_style_lib_insert(stz_style_lib *lib, stz_style *style, stylize_error *err);

/* INVALID: no id or a bad one, texts that are too long or of more than one line. */
stylize_status stz_style_info_check(const stylize_style_info *info, stylize_error *err);
/* EXISTS, INVALID (bad id), NOMEM. code belongs to `model` and is copied. */
stylize_status stz_style_lib_add(stz_style_lib *lib, const stylize_style_info *info, const stz_model *model,
                                 const float *code, stylize_error *err);
stylize_status stz_style_lib_remove(stz_style_lib *lib, const char *id, stylize_error *err);
/* As stylize_style_list: one block of memory. */
stylize_status stz_style_lib_list(stz_style_lib *lib, const char *lang, stylize_style_info **list,
                                  size_t *count, stylize_error *err);

#endif
