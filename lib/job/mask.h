/* Where the layers of a painting lie. */
#ifndef STZ_MASK_H
#define STZ_MASK_H

#include "job/env.h"
#include "job/job.h"

/* A mask as GRAY8 of this size, a pooled picture. what: its name in errors. */
stylize_status stz_mask_read(const stz_env *env, const stylize_image *mask, const char *what, uint32_t width,
                             uint32_t height, stylize_image *out, stylize_error *err);
/* A layer's mask as GRAY8 of the content's size, a pooled picture. */
stylize_status stz_mask_load(const stz_env *env, const stz_job *job, const stz_layer *layer,
                             stylize_image *out, stylize_error *err);
bool stz_mask_empty(const stylize_image *mask);

#endif
