/*
 * Room for pixels, and places of the library's. What has none waits here, in two lines: requests, the oldest first, until
 * their time is over; and pictures that were promised already, of a job or of a batch, until they are painted: nobody
 * could ask again for them.
 *
 * Requests go first. Those that were promised take half of the room together at most, unless one alone needs more; and
 * where the first of them has waited for long, every other turn is theirs, and its room is left free.
 *
 * All functions are called under the painter's lock.
 */
#ifndef SERVER_ROOM_H
#define SERVER_ROOM_H

#include "paint/in_flight.h"

typedef enum line_of { LINE_REQUESTS, LINE_PROMISED, LINES } line_of;

typedef struct room {
    uint64_t most, taken;         /* bytes */
    uint64_t promised;            /* of those taken: of pictures that were promised */
    uint64_t handed, most_handed; /* works that have room; most_handed 0: any number */
    bool promised_last;           /* whose turn the last one was, where both waited */
    struct {
        flight *first, *last;
        uint64_t waiting;
    } lines[LINES];
} room;

/* False: there is none for it now, or others wait for it. */
bool room_take(room *r, const work *w, uint64_t now_ns);
void room_give(room *r, const work *w);
/* To the end of its line, or back to its front. */
void room_wait(room *r, flight *f, bool front);
void room_leave(room *r, flight *f);
/* Whose turn it is, if there is room for it now, which it has taken; else NULL. */
flight *room_next(room *r, uint64_t now_ns);
/* How many of that client's requests wait. */
uint64_t room_waiting_of(const room *r, uint64_t client);

#endif
