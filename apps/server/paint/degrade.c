/* When to paint smaller. */
#include "paint/degrade.h"

#define RISE_NS (500ull * 1000000)  /* between two steps up: time to see what the last one did */
#define FALL_NS (2000ull * 1000000) /* and down */
#define SMALL   256

void degrade_init(degrade *d, uint64_t threshold_ns)
{
    *d = (degrade){.threshold_ns = threshold_ns};
    pthread_mutex_init(&d->lock, NULL);
}

void degrade_sample(degrade *d, uint64_t waited_ns, uint64_t now)
{
    pthread_mutex_lock(&d->lock);
    d->wait_ns = (3 * d->wait_ns + waited_ns) / 4;
    d->seen_ns = now;
    pthread_mutex_unlock(&d->lock);
}

int degrade_level(degrade *d, uint64_t oldest_ns, uint64_t now)
{
    if (!d->threshold_ns)
        return 0;
    pthread_mutex_lock(&d->lock);
    /* With nothing painted for a while the old waiting times say nothing any more. */
    if (now - d->seen_ns > FALL_NS)
        d->wait_ns = 0;
    const uint64_t wait = oldest_ns > d->wait_ns ? oldest_ns : d->wait_ns;
    if (wait > d->threshold_ns && d->level < DEGRADE_LEVELS - 1 && now - d->changed_ns >= RISE_NS) {
        d->level++;
        d->changed_ns = now;
    } else if (wait < d->threshold_ns / 2 && d->level > 0 && now - d->changed_ns >= FALL_NS) {
        d->level--;
        d->changed_ns = now;
    }
    const int level = d->level;
    pthread_mutex_unlock(&d->lock);
    return level;
}

unsigned degrade_wait_s(degrade *d)
{
    pthread_mutex_lock(&d->lock);
    const uint64_t s = d->wait_ns / 1000000000;
    pthread_mutex_unlock(&d->lock);
    return s < 1 ? 1 : s < 60 ? (unsigned)s : 60;
}

uint32_t degrade_side(uint32_t side, int level)
{
    static const uint32_t eighths[DEGRADE_LEVELS] = {8, 6, 4, 3};
    if (level <= 0 || side <= SMALL)
        return side;
    const uint32_t smaller = (uint32_t)((uint64_t)side * eighths[level] / 8) & ~3u;
    return smaller < SMALL ? SMALL : smaller;
}
