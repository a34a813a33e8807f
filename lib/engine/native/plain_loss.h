/* The part of the objective that needs no network. */
#ifndef STZ_PLAIN_LOSS_H
#define STZ_PLAIN_LOSS_H

#include "engine/engine.h"

/* scale * (smoothness * total variation + 10 * mean square of what lies outside 0 to 1) of width x height x 3 floats, and its
 * gradient, which is added. records: height doubles. */
double stz_plain_loss(const float *x, int width, int height, double scale, double smoothness, float *gradient,
                      double *records, stz_team *team);

#endif
