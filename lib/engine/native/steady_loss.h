/* For strokes that move with the picture, not with the pixels' grid. */
#ifndef STZ_STEADY_LOSS_H
#define STZ_STEADY_LOSS_H

#include "base/team.h"

/* Pixels, less than the sides in magnitude. */
typedef struct stz_move {
    int right, down;
} stz_move;

/* What comes in at the edges is mirrored. Pictures are side x side x 3 floats. */
void stz_move_picture(const float *from, int side, stz_move by, float *to);
/* weight times the mean squared difference of a painting of a moved picture, x, and the moved painting of what was
 * there before; its gradient by x is added. Left out is what came in at the edges and what lies near it. records: side
 * doubles. */
double stz_steady_loss(const float *x, const float *before, int side, stz_move by, double weight,
                       float *gradient, double *records, stz_team *team);

#endif
