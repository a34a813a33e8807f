/* Style codes: of the library, read from pictures, blended. */
#ifndef STZ_CODE_H
#define STZ_CODE_H

#include "job/env.h"
#include "job/job.h"

/* The style code of a layer into code (net's code_length floats). */
stylize_status stz_job_code(stz_env *env, stz_job *job, const stz_layer *layer, const stz_exec *exec,
                            float *code, stylize_error *err);
/* Reads the code of a style picture, or of a part of it (NULL: all), through the cache if `cached` is not NULL. */
stylize_status stz_picture_code(stz_env *env, stz_net *net, const stylize_image *picture,
                                const stz_style_part *part, const stz_exec *exec, float *code, bool *cached,
                                stylize_error *err);

#endif
