/* Up or down, and the counts. */
#include "remote/backend.h"

#include <stdio.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/url.h"
#include "common/clock.h"

#define PAUSE_FIRST_NS (500ull * 1000000)
#define PAUSE_LAST_NS  (10000ull * 1000000)
#define TELL_NS        (60000ull * 1000000) /* between two lines about refusals */

void backend_init(backend *b, const char *name, const char *address)
{
    *b = (backend){.name = name, .up = false};
    url_mask(address, b->where, sizeof b->where);
    pthread_mutex_init(&b->lock, NULL);
}

void backend_free(backend *b) { pthread_mutex_destroy(&b->lock); }

bool backend_try(backend *b)
{
    const uint64_t now = now_ns();
    pthread_mutex_lock(&b->lock);
    const bool yes = b->up || !b->known || now >= b->retry_ns;
    if (yes && b->known && !b->up) /* one probes, others go on without */
        b->retry_ns = now + (b->pause_ns ? b->pause_ns : PAUSE_FIRST_NS);
    pthread_mutex_unlock(&b->lock);
    if (!yes)
        atomic_fetch_add(&b->skipped, 1);
    return yes;
}

/* Under the lock. */
static void goes(backend *b, const char *why)
{
    if (b->up || !b->known)
        log_line(STYLIZE_LOG_WARNING, "%s at %s cannot be used, going on without it: %s", b->name, b->where,
                 why);
    b->pause_ns = b->up || !b->pause_ns             ? PAUSE_FIRST_NS
                  : b->pause_ns * 2 > PAUSE_LAST_NS ? PAUSE_LAST_NS
                                                    : b->pause_ns * 2;
    b->retry_ns = now_ns() + b->pause_ns;
    b->up = false;
    b->known = true;
}

/* Under the lock. */
static void comes(backend *b)
{
    if (!b->up)
        log_line(STYLIZE_LOG_INFO, "%s at %s is %s", b->name, b->where, b->known ? "back" : "there");
    b->up = b->known = true;
    b->pause_ns = 0;
}

void backend_done(backend *b, backend_result result, uint64_t began_ns, const char *why)
{
    const uint64_t now = now_ns();
    atomic_fetch_add(&b->results[result], 1);
    atomic_fetch_add(&b->ns, now - began_ns);
    pthread_mutex_lock(&b->lock);
    if (result == BACKEND_FAILED)
        goes(b, why);
    else
        comes(b);
    if (result == BACKEND_REFUSED && (!b->told_ns || now - b->told_ns > TELL_NS)) {
        log_line(STYLIZE_LOG_WARNING, "%s at %s refuses: %s", b->name, b->where, why);
        b->told_ns = now;
    }
    pthread_mutex_unlock(&b->lock);
}

bool backend_up(backend *b)
{
    pthread_mutex_lock(&b->lock);
    const bool up = b->up;
    pthread_mutex_unlock(&b->lock);
    return up;
}

void backend_metrics(backend *const *list, size_t count, buf *out)
{
    static const char *const words[BACKEND_RESULTS] = {"ok", "hit", "miss", "refused", "failed"};
    if (!count)
        return;
    metrics_family(out, "stylize_backend_up", "gauge",
                   "1 if another service that this server uses is there.");
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "stylize_backend_up{backend=\"%s\"} %d\n", list[i]->name, backend_up(list[i]));
    metrics_family(out, "stylize_backend_requests_total", "counter",
                   "Requests to another service by result; skipped: not tried because it is down.");
    for (size_t i = 0; i < count; i++) {
        for (int r = 0; r < BACKEND_RESULTS; r++)
            buf_printf(out, "stylize_backend_requests_total{backend=\"%s\",result=\"%s\"} %llu\n",
                       list[i]->name, words[r], (unsigned long long)atomic_load(&list[i]->results[r]));
        buf_printf(out, "stylize_backend_requests_total{backend=\"%s\",result=\"skipped\"} %llu\n",
                   list[i]->name, (unsigned long long)atomic_load(&list[i]->skipped));
    }
    metrics_family(out, "stylize_backend_seconds_total", "counter",
                   "Time spent in requests to another service.");
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "stylize_backend_seconds_total{backend=\"%s\"} %.9f\n", list[i]->name,
                   (double)atomic_load(&list[i]->ns) * 1e-9);
}
