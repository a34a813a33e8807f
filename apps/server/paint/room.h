/*
 * Room for pixels. A request is refused where there is none, and its client asks again later. Nobody can ask again
 * for a picture that was promised already, of a job or of a batch: it waits here, the oldest first.
 *
 * Those that wait never take more than half of the room together, unless one alone needs more, so that there is some
 * for requests. A request in turn does not take what the first in the line has waited for long.
 *
 * All functions are called under the painter's lock.
 */
#ifndef SERVER_ROOM_H
#define SERVER_ROOM_H

#include "paint/in_flight.h"

typedef struct room {
    uint64_t most, taken; /* bytes */
    uint64_t promised;    /* of those taken: of pictures that may wait */
    flight *first, *last; /* that wait */
    uint64_t waiting;
} room;

/* False: there is none for this request now. */
bool room_take(room *r, const work *w, uint64_t now_ns);
void room_give(room *r, const work *w);
/* To the end of the line, or back to its front. */
void room_wait(room *r, flight *f, bool front);
void room_leave(room *r, flight *f);
/* The first of the line, if there is room for it now, which it has taken; else NULL. */
flight *room_next(room *r);

#endif
