/* The form of a style that is to be learnt. */
#ifndef SERVER_FIT_FORM_H
#define SERVER_FIT_FORM_H

#include "base/problem.h"
#include "base/text.h"

#define FIT_NAME_MAX 128 /* bytes of a name, with the zero */

typedef struct fit_form {
    slice picture, filename; /* the artwork; what its file was called, data NULL: not said */
    char id[64], name[FIT_NAME_MAX], artist[FIT_NAME_MAX]; /* "": not given */
    stylize_effort effort;
    float style_scale; /* 0: not given, as the numbers below */
    uint64_t max_seconds, code_steps, network_steps, seed;
    uint32_t given; /* bits: fields that stood there already */
} fit_form;

/* Slices are of the body. False: what is wrong, and in which field. */
bool fit_form_read(fit_form *f, slice type, slice body, problem *wrong);
/* An id from the name, else from the file's: of what is a letter or digit in it. number above 1 makes another one.
 * Where nothing is left of either, some digits of the picture. */
void fit_form_make_id(const fit_form *f, unsigned number, char out[64]);

#endif
