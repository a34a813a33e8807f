#include "paint/room.h"

#define PATIENCE_NS (2000ull * 1000000) /* after that long those that were promised have their turn too */

static line_of line(const work *w) { return w->promised ? LINE_PROMISED : LINE_REQUESTS; }

static bool has_share(const room *r, const work *w)
{
    return !w->promised || !r->promised || r->promised + w->cost <= r->most / 2;
}

static bool is_impatient(const flight *f, uint64_t now) { return f && now > f->accepted_ns + PATIENCE_NS; }

/* What requests have to leave free: for the first that was promised, where only they are in its way. */
static uint64_t kept_free(const room *r, uint64_t now)
{
    const flight *f = r->lines[LINE_PROMISED].first;
    return is_impatient(f, now) && has_share(r, &f->work) ? f->work.cost : 0;
}

static bool fits(const room *r, const work *w, uint64_t now)
{
    if (r->most_handed && r->handed >= r->most_handed)
        return false;
    return has_share(r, w) && r->taken + w->cost + (w->promised ? 0 : kept_free(r, now)) <= r->most;
}

static void take(room *r, const work *w)
{
    r->handed++;
    r->taken += w->cost;
    r->promised += w->promised ? w->cost : 0;
}

bool room_take(room *r, const work *w, uint64_t now)
{
    if (r->lines[LINE_REQUESTS].first || r->lines[line(w)].first || !fits(r, w, now))
        return false;
    take(r, w);
    return true;
}

void room_give(room *r, const work *w)
{
    r->handed--;
    r->taken -= w->cost;
    r->promised -= w->promised ? w->cost : 0;
}

void room_wait(room *r, flight *f, bool front)
{
    const line_of l = line(&f->work);
    f->waiting = true;
    f->behind = front ? r->lines[l].first : NULL;
    f->before = front ? NULL : r->lines[l].last;
    *(f->before ? &f->before->behind : &r->lines[l].first) = f;
    *(f->behind ? &f->behind->before : &r->lines[l].last) = f;
    r->lines[l].waiting++;
}

void room_leave(room *r, flight *f)
{
    const line_of l = line(&f->work);
    *(f->before ? &f->before->behind : &r->lines[l].first) = f->behind;
    *(f->behind ? &f->behind->before : &r->lines[l].last) = f->before;
    f->before = f->behind = NULL;
    f->waiting = false;
    r->lines[l].waiting--;
}

flight *room_next(room *r, uint64_t now)
{
    flight *request = r->lines[LINE_REQUESTS].first, *promised = r->lines[LINE_PROMISED].first;
    const bool turn = promised && (!request || (is_impatient(promised, now) && !r->promised_last));
    flight *first = turn ? promised : request, *second = turn ? request : promised;
    flight *f = first && fits(r, &first->work, now) ? first : NULL;
    if (!f && second && fits(r, &second->work, now))
        f = second;
    if (!f)
        return NULL;
    if (request && promised)
        r->promised_last = f == promised;
    room_leave(r, f);
    take(r, &f->work);
    return f;
}

uint64_t room_waiting_of(const room *r, uint64_t client)
{
    uint64_t n = 0;
    for (const flight *f = r->lines[LINE_REQUESTS].first; f; f = f->behind)
        n += f->work.client == client;
    return n;
}
