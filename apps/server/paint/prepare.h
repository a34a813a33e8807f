/* What happens to a request before it may wait: limits, size, key, cache. */
#ifndef SERVER_PREPARE_H
#define SERVER_PREPARE_H

#include "paint/painter.h"

/* w->params and w->memory are set by the caller. On success *cached may be a painting, held for the
 * caller; then there is nothing to start. Digests pictures, which takes its time. */
bool painter_prepare(painter *p, work *w, painting **cached, problem *wrong);

#endif
