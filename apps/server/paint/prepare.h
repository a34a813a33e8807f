/* What happens to a request before it may wait: limits, size, key, cache. */
#ifndef SERVER_PREPARE_H
#define SERVER_PREPARE_H

#include "paint/painter.h"

/* Reads the header of a picture; false if it is none, or above the limits. */
bool painter_probe(painter *p, slice picture, const char *field, stylize_image_info *info, problem *wrong);
/* w->params and w->memory are set by the caller. On success *cached may be a painting, held for the
 * caller; then there is nothing to start. Digests pictures, which takes its time. */
bool painter_prepare(painter *p, work *w, painting **cached, problem *wrong);

#endif
