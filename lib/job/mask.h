/* Where the layers of a painting lie. */
#ifndef STZ_MASK_H
#define STZ_MASK_H

#include "job/env.h"
#include "job/job.h"

/* A layer's mask as GRAY8 of the content's size, a pooled picture. */
stylize_status stz_mask_load(const stz_env *env, const stz_job *job, const stz_layer *layer,
                             stylize_image *out, stylize_error *err);
bool stz_mask_empty(const stylize_image *mask);

#endif
