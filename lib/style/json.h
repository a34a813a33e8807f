/*
 * Reading JSON files that people write by hand: bounded, and every complaint names file and line.
 * jansson parses; it keeps no positions, so where a member stands is looked up in the text.
 */
#ifndef STZ_STYLE_JSON_H
#define STZ_STYLE_JSON_H

#include <jansson.h>

#include "base/bundle.h"

/* A whole file in memory, to be released with free; at most `limit` bytes. NOT_FOUND if there is
 * none, otherwise IO, MODEL (too large) or NOMEM. name: how errors call it. bundle: where it is, or NULL. */
stylize_status stz_file_read(const stz_bundle *bundle, const char *path, const char *name, size_t limit,
                             char **text, size_t *size, stylize_error *err);

/* "a/b", to be released with free; NULL if there is no memory. */
char *stz_path_join(const char *a, const char *b);
/* True for well-formed UTF-8 without control characters. */
bool stz_text_clean(const char *text, size_t size);

/* ------------------------------------------------------------------ one object */

typedef struct stz_json {
    const char *file; /* as errors call it */
    const char *text; /* the caller's, stays valid */
    size_t size;
    int line;     /* of the first byte of text */
    json_t *root; /* an object */
} stz_json;

/* Parses one object. On success stz_json_end releases it. */
stylize_status stz_json_begin(stz_json *o, const char *file, const char *text, size_t size, int line,
                              stylize_error *err);
void stz_json_end(stz_json *o);

/* MODEL with "file:line: ..."; the line is that of the member, or of the object for NULL. */
stylize_status stz_json_fail(const stz_json *o, const char *member, stylize_error *err, const char *format,
                             ...) STZ_PRINTF(4, 5);
/* The line of a member of the object, or of the object if there is no such member. */
int stz_json_line(const stz_json *o, const char *member);
/* A line in the log for each member that is none of `known`. */
void stz_json_unknown(const stz_json *o, const char *const *known, size_t n, const stz_log *log);

/* Each leaves *value as it is if there is no such member. Text points into the object, is clean and
 * has 1 to max bytes; a path is a text that stays inside its folder. */
stylize_status stz_json_int(const stz_json *o, const char *member, int lo, int hi, int *value,
                            stylize_error *err);
stylize_status stz_json_bool(const stz_json *o, const char *member, bool *value, stylize_error *err);
stylize_status stz_json_floats(const stz_json *o, const char *member, float lo, float hi, int n, float *value,
                               stylize_error *err);
/* A list of 1 to max numbers that must be there. */
stylize_status stz_json_float_list(const stz_json *o, const char *member, float lo, float hi, int max, int *n,
                                   float *value, stylize_error *err);
stylize_status stz_json_text(const stz_json *o, const char *member, size_t max, const char **value,
                             stylize_error *err);
stylize_status stz_json_path(const stz_json *o, const char *member, const char **value, stylize_error *err);

/* ------------------------------------------------------------------ an array, element by element */

/* Finds the elements of an array without trusting any of them: a broken one ends where its braces
 * close, or where the next one begins. */
typedef struct stz_json_scan {
    const char *text;
    size_t size, pos;
    int line;
    bool want_comma, ended;
} stz_json_scan;

typedef enum stz_json_step { STZ_JSON_END, STZ_JSON_ELEMENT, STZ_JSON_PROBLEM } stz_json_step;

typedef struct stz_json_element {
    const char *text; /* ELEMENT: its text; PROBLEM: what is wrong between elements */
    size_t size;
    int line;
} stz_json_element;

/* False if the text is no array at all. */
bool stz_json_scan_begin(stz_json_scan *s, const char *text, size_t size);
stz_json_step stz_json_scan_next(stz_json_scan *s, stz_json_element *element);

#endif
