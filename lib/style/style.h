/*
 * The style library and the models' descriptions: reads models/styles/library.json and
 * models/<name>/model.json, keeps styles and their codes, adds and removes styles.
 *
 * library.json is an array of objects:
 *   style_id           a-z 0-9 _ -, at most 63 characters
 *   display_name       text, or {"en": text, "zh": text, ...}
 *   model_path         the model's folder, relative to the model folder ("brush")
 *   code_path          safetensors file with one tensor a network: name of the network, shape
 *                      [code_length]; relative to library.json. Absent: the network has no codes
 *   preview_image      picture, relative to library.json
 *   artwork            picture that the style comes from, relative to library.json; the method
 *                      optimize looks at it
 *   recommended_size   pixels of the longer side
 *   artist, year, licence
 * An entry that is broken is left out and reported with its line; the others load.
 */
#ifndef STZ_STYLE_H
#define STZ_STYLE_H

#include "base/common.h"
#include "engine/engine.h"

typedef struct stz_style_lib stz_style_lib;
typedef struct stz_style stz_style; /* immutable, reference-counted */

/* Reads the folder. Fails only if the folder or library.json is missing or not an array at all. */
stylize_status stz_style_lib_open(const char *model_dir, const stz_log *log, stz_style_lib **out,
                                  stylize_error *err);
void stz_style_lib_close(stz_style_lib *lib);

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
void stz_style_unref(stz_style *style);
const char *stz_style_id(const stz_style *style);
const stz_model *stz_style_model(const stz_style *style);
/* Path of its artwork, or NULL. */
const char *stz_style_artwork(const stz_style *style);
/* Its code for a network, `model->code_length` floats, or NULL if it has none. */
const float *stz_style_code(const stz_style *style, const stz_model *model);

/* EXISTS, INVALID (bad id), NOMEM. code belongs to `model` and is copied. */
stylize_status stz_style_lib_add(stz_style_lib *lib, const stylize_style_info *info, const stz_model *model,
                                 const float *code, stylize_error *err);
stylize_status stz_style_lib_remove(stz_style_lib *lib, const char *id, stylize_error *err);
/* As stylize_style_list: one block of memory. */
stylize_status stz_style_lib_list(stz_style_lib *lib, const char *lang, stylize_style_info **list,
                                  size_t *count, stylize_error *err);

/* Reads one model.json; used by the library and by tests. */
stylize_status stz_model_read(const char *dir, stz_model **out, stylize_error *err);
void stz_model_free(stz_model *model);

#endif
