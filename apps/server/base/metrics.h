/* Counters and histograms, and their text for Prometheus. Every function may run on any thread. */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/text.h"

#define METRICS_ROUTES  40
#define METRICS_STYLES  64 /* labels; what comes later is counted as "other" */
#define METRICS_BUCKETS 14

/* The two lines before the values of a metric. */
void metrics_family(buf *out, const char *name, const char *type, const char *help);

typedef struct histogram {
    atomic_uint_fast64_t buckets[METRICS_BUCKETS + 1]; /* not added up; the last one is the rest */
    atomic_uint_fast64_t sum_ns;
} histogram;

/* Codes that are counted apart; others are counted as the last of their hundred. */
#define METRICS_CODES 25

/* Why a request was turned away before any work. */
typedef enum reject_reason {
    REJECT_RATE,
    REJECT_QUEUE,
    REJECT_MEMORY,
    REJECT_SIZE,
    REJECT_AUTH,
    REJECT_DRAINING,
    REJECT_CONNECTIONS,
    REJECT_COUNT
} reject_reason;

typedef struct metrics {
    struct {
        const char *name, *method; /* static text */
        atomic_uint_fast64_t codes[METRICS_CODES];
        histogram seconds;
    } routes[METRICS_ROUTES];
    atomic_uint_fast64_t rejected[REJECT_COUNT];
    atomic_uint_fast64_t clients_gone, slow_clients, connections_total;
    atomic_int_fast64_t connections, in_flight;
    histogram queue_seconds;
    pthread_mutex_t style_lock; /* of the labels; counting needs none */
    struct {
        char label[64];
        histogram seconds;
    } styles[METRICS_STYLES];
    atomic_int style_count;
    atomic_uint_fast64_t batch_sizes[65]; /* by pictures in the run */
    const char *cache_tiers[4];           /* names, in the order in which they are asked */
    atomic_uint_fast64_t cache_hits[4], cache_misses, cache_joined;
    atomic_uint_fast64_t degraded[4]; /* by level */
    atomic_uint_fast64_t decode_failures;
    atomic_uint_fast64_t jobs_accepted, jobs_done, jobs_failed, jobs_cancelled, jobs_expired;
    uint64_t started_ns;
} metrics;

void metrics_init(metrics *m);
void metrics_request(metrics *m, int route, unsigned code, uint64_t ns);
/* style: an id of the library, "picture", "blend". */
void metrics_painting(metrics *m, const char *style, uint64_t queue_ns, uint64_t engine_ns, uint32_t batch);

/* The text, version 0.0.4. Values that are read elsewhere are given as gauges. */
typedef struct metrics_gauge {
    const char *name, *type, *help; /* type "gauge" or "counter" */
    const char *labels;             /* "tier=\"memory\"" or NULL */
    double value;
} metrics_gauge;
void metrics_write(const metrics *m, buf *out, const metrics_gauge *gauges, size_t gauge_count);

#endif
