/* Against the dot pattern that pixel shuffles leave in a painting. */
#ifndef STZ_GRID_LOSS_H
#define STZ_GRID_LOSS_H

#include "base/team.h"

/* weight times the variance, over the 4 x 4 phases of a pixel, of the means of the samples of a phase in windows of
 * 64 x 64 pixels, mean of all windows and colours; its gradient is added. What fills no window is not looked at; in
 * smaller pictures the window is as large as they allow. x: width x height x 3 floats. records: height doubles. */
double stz_grid_loss(const float *x, int width, int height, double weight, float *gradient, double *records,
                     stz_team *team);

#endif
