#include "paint/room.h"

#define PATIENCE_NS (2000ull * 1000000) /* after that long requests leave the first in the line its room */

static bool fits(const room *r, const work *w)
{
    const bool share = !w->promised || !r->promised || r->promised + w->cost <= r->most / 2;
    return share && r->taken + w->cost <= r->most;
}

static void take(room *r, const work *w)
{
    r->taken += w->cost;
    r->promised += w->promised ? w->cost : 0;
}

/* What requests have to leave free: for the first in the line, where only they are in its way. */
static uint64_t kept_free(const room *r, uint64_t now)
{
    const flight *f = r->first;
    const bool share = f && (!r->promised || r->promised + f->work.cost <= r->most / 2);
    return share && now > f->accepted_ns + PATIENCE_NS ? f->work.cost : 0;
}

bool room_take(room *r, const work *w, uint64_t now)
{
    const bool turn = w->promised ? !r->first : r->taken + w->cost + kept_free(r, now) <= r->most;
    if (!turn || !fits(r, w))
        return false;
    take(r, w);
    return true;
}

void room_give(room *r, const work *w)
{
    r->taken -= w->cost;
    r->promised -= w->promised ? w->cost : 0;
}

void room_wait(room *r, flight *f, bool front)
{
    f->waiting = true;
    f->behind = front ? r->first : NULL;
    f->before = front ? NULL : r->last;
    *(f->before ? &f->before->behind : &r->first) = f;
    *(f->behind ? &f->behind->before : &r->last) = f;
    r->waiting++;
}

void room_leave(room *r, flight *f)
{
    *(f->before ? &f->before->behind : &r->first) = f->behind;
    *(f->behind ? &f->behind->before : &r->last) = f->before;
    f->before = f->behind = NULL;
    f->waiting = false;
    r->waiting--;
}

flight *room_next(room *r)
{
    flight *f = r->first;
    if (!f || !fits(r, &f->work))
        return NULL;
    room_leave(r, f);
    take(r, &f->work);
    return f;
}
