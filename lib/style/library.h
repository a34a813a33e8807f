/*
 * The style library on disk: models/<name>/model.json and models/styles/library.json.
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
#ifndef STZ_LIBRARY_H
#define STZ_LIBRARY_H

#include "style/styles.h"

#define STZ_LIBRARY_MAX (4u << 20) /* bytes of library.json */
#define STZ_ENTRIES_MAX 4096

/* Reads the folder. Fails only if the folder or library.json is missing or not an array at all. */
stylize_status stz_style_lib_open(const char *model_dir, const stz_log *log, stz_style_lib **out,
                                  stylize_error *err);
/* The same of files in memory, which the library and its models go on reading. */
stylize_status stz_style_lib_open_bundle(const stz_bundle *bundle, const stz_log *log, stz_style_lib **out,
                                         stylize_error *err);
/* Inserts the styles of a library.json; MODEL if it is no array. */
stylize_status stz_style_lib_parse(stz_style_lib *lib, const char *text, size_t size, const stz_log *log,
                                   stylize_error *err);
#endif
