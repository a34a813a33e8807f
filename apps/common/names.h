/* What formats, methods and the like are called. */
#ifndef APPS_NAMES_H
#define APPS_NAMES_H

#include <stylize/stylize.h>

#include "common/slice.h"

/* In the order of their enums, NULL after the last. */
extern const char *const method_names[];
extern const char *const optimizer_names[];
extern const char *const precision_names[];
extern const char *const effort_names[];

/* Place of a name in such a list, or -1. */
int name_index(const char *const *names, slice name);

/* What is kept of a photograph's metadata, from "copyright,icc" or "all": bits of stylize_metadata. False: no such name. */
bool metadata_by_names(slice names, uint32_t *out);
#define METADATA_NAMES "copyright, exif, icc, all, or several of them"

/* By name, ending or type: "jpg", "PNG", "image/png"; NONE if unknown. */
stylize_format format_by_name(slice name);
const char *format_type(stylize_format format);   /* "image/png" */
const char *format_name(stylize_format format);   /* "jpeg" */
const char *format_ending(stylize_format format); /* "jpg" */
/* The format of the output for an input of this one: the same where it can be written, else JPEG, or PNG for alpha. */
stylize_format format_to_write(stylize_format input, bool alpha);

#endif
