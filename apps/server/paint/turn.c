#include "paint/turn.h"

#define SHARE_LEAST 16 /* that many of one client may wait whatever the length of the line */

static void shrink(params *r, uint32_t longer, uint32_t side)
{
    if (r->size) {
        r->size = side;
        return;
    }
    r->width = (uint32_t)((uint64_t)r->width * side / longer);
    r->height = (uint32_t)((uint64_t)r->height * side / longer);
    r->width = r->width < 16 ? 16 : r->width;
    r->height = r->height < 16 ? 16 : r->height;
}

bool turn_degrade(degrade *d, metrics *m, const keying *k, flight *f, uint64_t now)
{
    params *r = &f->work.params;
    const int level = degrade_level(d, now - f->accepted_ns, now);
    if (!level || !r->allow_degraded || f->whole || f->work.promised)
        return false;
    const uint32_t longer = r->size ? r->size : r->width > r->height ? r->width : r->height;
    const uint32_t side = degrade_side(longer, level);
    if (side == longer)
        return false;
    shrink(r, longer, side);
    f->work.degraded = true;
    if (!work_key(k, &f->work)) /* then it is kept for nobody */
        f->work.keep = false;
    f->request.output_size = r->size;
    f->request.output_width = r->width;
    f->request.output_height = r->height;
    atomic_fetch_add(&m->degraded[level], 1);
    return true;
}

bool turn_may_wait(const room *r, degrade *d, uint64_t most, const work *w, problem *why)
{
    const uint64_t waiting = r->lines[LINE_REQUESTS].waiting;
    const uint64_t share = most / 2 > SHARE_LEAST ? most / 2 : SHARE_LEAST;
    if (!most || (waiting < most && waiting < share))
        return true;
    if (waiting >= most)
        problem_set(why, 503, "queue_full", NULL, "too many requests wait; try again later");
    else if (w->client && room_waiting_of(r, w->client) >= share)
        problem_set(why, 429, "too_many_requests", NULL,
                    "too many requests of this client wait; try again later");
    else
        return true;
    why->retry_after = degrade_wait_s(d);
    return false;
}
