/* A strong Wolfe line search (Nocedal and Wright 2006, algorithms 3.5 and 3.6). */
#ifndef STZ_WOLFE_H
#define STZ_WOLFE_H

#include "engine/native/vectors.h"

/* A point on a line: how far along the direction, the value there, its slope, and the gradient. */
typedef struct stz_line_point {
    double t, value, slope;
    float *gradient;
} stz_line_point;

/* Looks along `direction` from `from`, whose point is *start (t 0), beginning with a step of *t. buffers: three
 * gradients that may be overwritten, none of them start's. s->x: receives points. Returns the point that is taken, whose
 * gradient is one of the buffers' or start's; false: no more was to be asked. */
bool stz_search_line(const stz_search *s, const float *from, const float *direction,
                     const stz_line_point *start, double t, float *const buffers[3], stz_line_point *taken);

#endif
