/* For strokes that move with the picture, not with the pixels' grid. */
#ifndef STZ_STEADY_LOSS_H
#define STZ_STEADY_LOSS_H

#include "base/team.h"

/* Pixels. */
typedef struct stz_place {
    int x, y;
} stz_place;

/* side x side pixels out of a square picture with sides of `whole`. Pictures have 3 floats a pixel. */
void stz_window(const float *picture, int whole, stz_place at, int side, float *out);
/* Two windows of one picture were painted, first b, then a: weight times the mean squared difference of what both
 * show, up to their edges, or a network would hide there what it may not do elsewhere. Its gradient by a is added.
 * records: side doubles. */
double stz_steady_loss(const float *a, stz_place at_a, const float *b, stz_place at_b, int side,
                       double weight, float *gradient, double *records, stz_team *team);

#endif
