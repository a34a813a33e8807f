/* Statistics of a layer's output, from the records that its items left. */
#ifndef STZ_MOMENTS_H
#define STZ_MOMENTS_H

#include "engine/native/plan.h"

/* Mean and biased variance of each channel after the pixel shuffle. memory: 3 doubles a channel.
 * Records are merged in the order of items, so the result does not depend on threads. */
void stz_moments_merge(const stz_layer *layer, const stz_conv *conv, const float *records, double *memory,
                       const double **mean, const double **variance);

#endif
