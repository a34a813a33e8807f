/* Whether a work may wait for its turn, and what is decided when that comes and not before: its size under load. */
#ifndef SERVER_TURN_H
#define SERVER_TURN_H

#include "base/metrics.h"
#include "paint/degrade.h"
#include "paint/key.h"
#include "paint/room.h"

/* Makes it smaller if it and others have waited too long, unless somebody wants all of it. True: it is another painting
 * than before, with a key of its own. Under the painter's lock. */
bool turn_degrade(degrade *d, metrics *m, const keying *k, flight *f, uint64_t now_ns);

/* Whether one more request may wait; a client has half of the places. Under the painter's lock. */
bool turn_may_wait(const room *r, degrade *d, uint64_t most, const work *w, problem *why);

#endif
