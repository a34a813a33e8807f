/* Counts and writes metrics. */
#include "base/metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"

#define COUNT(counter) atomic_fetch_add_explicit(&(counter), 1, memory_order_relaxed)
#define READ(counter)  (unsigned long long)atomic_load_explicit(&(counter), memory_order_relaxed)

static const unsigned codes[METRICS_CODES] = {200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 408, 409, 410,
                                              411, 413, 414, 415, 422, 429, 431, 499, 500, 501, 503, 599};

/* Seconds; from a cached answer to the longest allowed request. */
static const double bounds[METRICS_BUCKETS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                               0.25,  0.5,    1,     2.5,  10,    30,   120};

static void observe(histogram *h, uint64_t ns)
{
    int i = 0;
    while (i < METRICS_BUCKETS && (double)ns * 1e-9 > bounds[i])
        i++;
    COUNT(h->buckets[i]);
    atomic_fetch_add_explicit(&h->sum_ns, ns, memory_order_relaxed);
}

void metrics_init(metrics *m)
{
    memset(m, 0, sizeof *m);
    pthread_mutex_init(&m->style_lock, NULL);
    m->started_ns = now_ns();
}

void metrics_request(metrics *m, int route, unsigned code, uint64_t ns)
{
    int i = 0;
    while (i < METRICS_CODES - 1 && codes[i] < code)
        i++;
    COUNT(m->routes[route].codes[i]);
    observe(&m->routes[route].seconds, ns);
}

static int style_slot(metrics *m, const char *style)
{
    int n = atomic_load(&m->style_count);
    for (int i = 0; i < n; i++)
        if (!strcmp(m->styles[i].label, style))
            return i;
    pthread_mutex_lock(&m->style_lock);
    n = atomic_load(&m->style_count);
    int at = 0;
    while (at < n && strcmp(m->styles[at].label, style))
        at++;
    if (at == n && n < METRICS_STYLES) {
        snprintf(m->styles[n].label, sizeof m->styles[n].label, "%s",
                 n == METRICS_STYLES - 1 ? "other" : style);
        atomic_store(&m->style_count, n + 1);
    } else if (at == n) {
        at = METRICS_STYLES - 1;
    }
    pthread_mutex_unlock(&m->style_lock);
    return at;
}

void metrics_painting(metrics *m, const char *style, uint64_t queue_ns, uint64_t engine_ns, uint32_t batch)
{
    observe(&m->queue_seconds, queue_ns);
    observe(&m->styles[style_slot(m, style)].seconds, engine_ns);
    COUNT(m->batch_sizes[batch < 1 ? 1 : batch > 64 ? 64 : batch]);
}

/* ------------------------------------------------------------------ text */

void metrics_family(buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_histogram(buf *out, const char *name, const char *labels, const histogram *h)
{
    const char *comma = labels[0] ? "," : "";
    unsigned long long sum = 0;
    for (int i = 0; i <= METRICS_BUCKETS; i++) {
        sum += READ(h->buckets[i]);
        if (i < METRICS_BUCKETS)
            buf_printf(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", name, labels, comma, bounds[i], sum);
        else
            buf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, labels, comma, sum);
    }
    const char *open = labels[0] ? "{" : "", *close = labels[0] ? "}" : "";
    buf_printf(out, "%s_sum%s%s%s %.9f\n", name, open, labels, close, (double)READ(h->sum_ns) * 1e-9);
    buf_printf(out, "%s_count%s%s%s %llu\n", name, open, labels, close, sum);
}

static void write_routes(const metrics *m, buf *out)
{
    metrics_family(out, "stylize_http_requests_total", "counter", "Answered requests by route and status.");
    for (int r = 0; r < METRICS_ROUTES; r++)
        for (int c = 0; m->routes[r].name && c < METRICS_CODES; c++)
            if (READ(m->routes[r].codes[c]))
                buf_printf(out, "stylize_http_requests_total{route=\"%s\",method=\"%s\",code=\"%u\"} %llu\n",
                           m->routes[r].name, m->routes[r].method, codes[c], READ(m->routes[r].codes[c]));
    metrics_family(out, "stylize_http_request_duration_seconds", "histogram",
                   "Time from a request's header to its last byte sent.");
    for (int r = 0; r < METRICS_ROUTES; r++) {
        char labels[96];
        snprintf(labels, sizeof labels, "route=\"%s\",method=\"%s\"", m->routes[r].name, m->routes[r].method);
        unsigned long long any = 0;
        for (int i = 0; m->routes[r].name && i <= METRICS_BUCKETS; i++)
            any += READ(m->routes[r].seconds.buckets[i]);
        if (any)
            write_histogram(out, "stylize_http_request_duration_seconds", labels, &m->routes[r].seconds);
    }
}

static void write_paintings(const metrics *m, buf *out)
{
    metrics_family(out, "stylize_queue_duration_seconds", "histogram",
                   "Time that paintings waited before they began.");
    write_histogram(out, "stylize_queue_duration_seconds", "", &m->queue_seconds);
    const int n = atomic_load(&m->style_count);
    metrics_family(out, "stylize_inference_duration_seconds", "histogram", "Time in the engine by style.");
    for (int i = 0; i < n; i++) {
        char labels[96];
        snprintf(labels, sizeof labels, "style=\"%s\"", m->styles[i].label);
        write_histogram(out, "stylize_inference_duration_seconds", labels, &m->styles[i].seconds);
    }
    metrics_family(out, "stylize_batch_size", "histogram",
                   "Pictures in the engine run that a painting was part of.");
    unsigned long long count = 0, sum = 0;
    for (unsigned size = 1, edge = 1; size <= 64; size++) {
        count += READ(m->batch_sizes[size]);
        sum += size * READ(m->batch_sizes[size]);
        if (size == edge) {
            buf_printf(out, "stylize_batch_size_bucket{le=\"%u\"} %llu\n", size, count);
            edge *= 2;
        }
    }
    buf_printf(out, "stylize_batch_size_bucket{le=\"+Inf\"} %llu\nstylize_batch_size_sum %llu\n", count, sum);
    buf_printf(out, "stylize_batch_size_count %llu\n", count);
}

static void write_counters(const metrics *m, buf *out)
{
    static const char *const reasons[REJECT_COUNT] = {"rate", "queue",    "memory",     "size",
                                                      "auth", "draining", "connections"};
    metrics_family(out, "stylize_rejected_total", "counter",
                   "Requests turned away before any work, by reason.");
    for (int i = 0; i < REJECT_COUNT; i++)
        buf_printf(out, "stylize_rejected_total{reason=\"%s\"} %llu\n", reasons[i], READ(m->rejected[i]));
    metrics_family(
        out, "stylize_cache_requests_total", "counter",
        "Paintings asked for by where they came from; joined ones waited for an equal one in work.");
    for (int i = 0; i < 4 && m->cache_tiers[i]; i++)
        buf_printf(out, "stylize_cache_requests_total{tier=\"%s\",result=\"hit\"} %llu\n", m->cache_tiers[i],
                   READ(m->cache_hits[i]));
    buf_printf(out, "stylize_cache_requests_total{tier=\"flight\",result=\"joined\"} %llu\n",
               READ(m->cache_joined));
    buf_printf(out, "stylize_cache_requests_total{tier=\"none\",result=\"miss\"} %llu\n",
               READ(m->cache_misses));
    metrics_family(out, "stylize_degraded_total", "counter",
                   "Requests painted smaller because of load, by step.");
    for (int i = 1; i < 4; i++)
        buf_printf(out, "stylize_degraded_total{step=\"%d\"} %llu\n", i, READ(m->degraded[i]));
    const struct {
        const char *state;
        const atomic_uint_fast64_t *value;
    } jobs[] = {{"accepted", &m->jobs_accepted},
                {"done", &m->jobs_done},
                {"failed", &m->jobs_failed},
                {"cancelled", &m->jobs_cancelled},
                {"expired", &m->jobs_expired}};
    metrics_family(out, "stylize_jobs_total", "counter", "Jobs by what became of them.");
    for (size_t i = 0; i < APP_LEN(jobs); i++)
        buf_printf(out, "stylize_jobs_total{state=\"%s\"} %llu\n", jobs[i].state, READ(*jobs[i].value));
}

static long open_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    long n = -3; /* ".", ".." and the folder itself */
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n > 0 ? n : 0;
}

static void write_process(const metrics *m, buf *out)
{
    struct rusage use;
    struct rlimit files;
    long pages = 0, size_pages = 0;
    getrusage(RUSAGE_SELF, &use);
    getrlimit(RLIMIT_NOFILE, &files);
    FILE *f = fopen("/proc/self/statm", "re");
    if (f) {
        if (fscanf(f, "%ld %ld", &size_pages, &pages) != 2)
            pages = 0;
        fclose(f);
    }
    const double cpu = (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
                       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e-6;
    const struct {
        const char *name, *type, *help;
        double value;
    } values[] = {
        {"process_cpu_seconds_total", "counter", "Processor time used.", cpu},
        {"process_resident_memory_bytes", "gauge", "Memory in RAM.",
         (double)pages * (double)sysconf(_SC_PAGESIZE)},
        {"process_open_fds", "gauge", "Open files and sockets.", (double)open_files()},
        {"process_max_fds", "gauge", "Files and sockets that may be open.", (double)files.rlim_cur},
        {"process_start_time_seconds", "gauge", "When the process began, since 1970.",
         (double)time(NULL) - (double)(now_ns() - m->started_ns) * 1e-9},
    };
    for (size_t i = 0; i < APP_LEN(values); i++) {
        metrics_family(out, values[i].name, values[i].type, values[i].help);
        buf_printf(out, "%s %.17g\n", values[i].name, values[i].value);
    }
}

void metrics_write(const metrics *m, buf *out, const metrics_gauge *gauges, size_t gauge_count)
{
    write_routes(m, out);
    write_paintings(m, out);
    write_counters(m, out);
    for (size_t i = 0; i < gauge_count; i++) {
        const metrics_gauge *g = &gauges[i];
        if (!i || strcmp(g->name, gauges[i - 1].name))
            metrics_family(out, g->name, g->type, g->help);
        buf_printf(out, "%s%s%s%s %.17g\n", g->name, g->labels ? "{" : "", g->labels ? g->labels : "",
                   g->labels ? "}" : "", g->value);
    }
    write_process(m, out);
}
