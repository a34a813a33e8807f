#include "fleet/report.h"

#include <string.h>

#include "fleet/fleet_state.h"
#include "jobs/broker.h"
#include "jobs/job_list.h"
#ifdef SERVER_HAVE_REMOTE
#include "remote/consul.h"
#include "remote/redis.h"
#endif

#define BACKENDS 4

static size_t backends_of(server *s, backend *list[BACKENDS])
{
    struct fleet *f = s->fleet;
    size_t n = 0;
#ifdef SERVER_HAVE_REMOTE
    if (f->redis)
        list[n++] = redis_backend(f->redis);
#endif
    if (f->has_store)
        list[n++] = f->store.backend(f->store.state);
    if (s->jobs->broker)
        list[n++] = broker_backend(s->jobs->broker);
#ifdef SERVER_HAVE_REMOTE
    if (f->consul)
        list[n++] = consul_backend(f->consul);
#endif
    return n;
}

bool fleet_whole(server *s)
{
    backend *list[BACKENDS];
    const size_t n = backends_of(s, list);
    bool whole = true;
    for (size_t i = 0; i < n; i++)
        whole = whole && (!strcmp(list[i]->name, "consul") || backend_up(list[i]));
    return whole;
}

static bool say(FILE *out, backend *b, bool ok, const char *why)
{
    fprintf(out, "# %s at %s: %s%s\n", b->name, b->where,
            ok ? "reachable" : "cannot be used: ", ok ? "" : why);
    return ok;
}

bool fleet_check(server *s, FILE *out)
{
    struct fleet *f = s->fleet;
    char why[300] = "";
    bool ok = true;
#ifdef SERVER_HAVE_REMOTE
    if (f->redis)
        ok = say(out, redis_backend(f->redis), redis_ping(f->redis, why, sizeof why), why);
#endif
    if (f->has_store)
        ok =
            say(out, f->store.backend(f->store.state), f->store.ping(f->store.state, why, sizeof why), why) &&
            ok;
    if (s->jobs->broker)
        ok = say(out, broker_backend(s->jobs->broker), broker_ping(s->jobs->broker, why, sizeof why), why) &&
             ok;
#ifdef SERVER_HAVE_REMOTE
    if (f->consul)
        ok = say(out, consul_backend(f->consul), consul_ping(f->consul, why, sizeof why), why) && ok;
#endif
    return ok;
}

void fleet_metrics(server *s, buf *out)
{
    static const char *const lines[IO_LINES] = {"soon", "later"};
    backend *list[BACKENDS];
    backend_metrics(list, backends_of(s, list), out);
    uint64_t waiting[IO_LINES], refused[IO_LINES];
    for (int i = 0; i < IO_LINES; i++)
        io_pool_counts(&s->pool, (io_line)i, &waiting[i], &refused[i]);
    buf_puts(out, "# HELP stylize_io_waiting Tasks for disk and network that wait for a thread.\n"
                  "# TYPE stylize_io_waiting gauge\n");
    for (int i = 0; i < IO_LINES; i++)
        buf_printf(out, "stylize_io_waiting{line=\"%s\"} %llu\n", lines[i], (unsigned long long)waiting[i]);
    buf_puts(out, "# HELP stylize_io_refused_total Tasks that were not taken because too many waited.\n"
                  "# TYPE stylize_io_refused_total counter\n");
    for (int i = 0; i < IO_LINES; i++)
        buf_printf(out, "stylize_io_refused_total{line=\"%s\"} %llu\n", lines[i],
                   (unsigned long long)refused[i]);
    buf_printf(
        out,
        "# HELP stylize_results_not_kept_total Results that slow tiers did not get because too many "
        "waited.\n# TYPE stylize_results_not_kept_total counter\nstylize_results_not_kept_total %llu\n",
        (unsigned long long)atomic_load(&s->painter.keeper.dropped));
}
