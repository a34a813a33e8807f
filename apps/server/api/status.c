/* Health, metrics and what the server says of itself. */
#include "api/status.h"

#include <stdio.h>
#include <string.h>

#include "api/style_jobs.h"
#include "fleet/report.h"
#include "http/answer.h"
#include "jobs/job_list.h"
#include "styles/gallery.h"

static void answer_state(exchange *x, bool good, const char *word)
{
    answer_json(x, good ? 200 : 503, json_pack("{s:s}", "status", word));
    if (!good)
        answer_header(x, MHD_HTTP_HEADER_RETRY_AFTER, "1");
}

static bool is_ready(const server *s) { return atomic_load(&s->ready) && !atomic_load(&s->draining); }

static const char *state_word(const server *s)
{
    return atomic_load(&s->draining) ? "draining" : atomic_load(&s->ready) ? "ready" : "warming up";
}

void status_live(exchange *x) { answer_state(x, true, "live"); }

void status_ready(exchange *x) { answer_state(x, is_ready(x->server), state_word(x->server)); }

void status_health(exchange *x)
{
    const server *s = x->server;
    const bool ready = is_ready(s);
    answer_json(x, ready ? 200 : 503,
                json_pack("{s:s, s:b, s:b, s:s, s:I}", "status", state_word(s), "live", 1, "ready",
                          (int)ready, "version", stylize_version(), "waiting",
                          (json_int_t)painter_in_work(&x->server->painter)));
    if (!ready)
        answer_header(x, MHD_HTTP_HEADER_RETRY_AFTER, "1");
}

void status_server(exchange *x)
{
    answer_json(
        x, 200,
        json_pack("{s:s, s:s, s:[]}", "name", "stylize-server", "version", stylize_version(), "extensions"));
}

/* For pages of this origin: others cannot read the answer. */
void status_session(exchange *x)
{
    const config *c = &x->server->config;
    answer_json(x, 200,
                json_pack("{s:s, s:I, s:I, s:I, s:b, s:b}", "page_token", x->server->page_token,
                          "max_request_bytes", (json_int_t)c->max_request_bytes, "output_size",
                          (json_int_t)c->output_size, "max_output_size", (json_int_t)c->max_output_size,
                          "key_needed", x->server->keys.needed && !c->anonymous, "learns_styles",
                          style_jobs_allowed(x)));
}

void status_info(exchange *x)
{
    char *json = NULL;
    stylize_error err = {0};
    problem p;
    if (stylize_ctx_info(x->server->ctx, &json, &err) == STYLIZE_OK) {
        answer_shared(x, 200, "application/json", json, strlen(json), stylize_free, json);
    } else {
        problem_from(&p, &err, NULL);
        answer_problem(x, &p);
    }
}

#define GAUGES_MAX 64

typedef struct gauges {
    metrics_gauge list[GAUGES_MAX];
    size_t count;
} gauges;

static void add(gauges *g, const char *name, const char *type, const char *labels, double value,
                const char *help)
{
    if (g->count < GAUGES_MAX)
        g->list[g->count++] = (metrics_gauge){name, type, help, labels, value};
}

static void add_library(gauges *g, const stylize_stats *t)
{
    const double ns = 1e-9;
    add(g, "stylize_requests_waiting", "gauge", NULL, (double)t->waiting,
        "Paintings in the library's queue.");
    add(g, "stylize_requests_running", "gauge", NULL, (double)t->running, "Paintings in work.");
    const char *name = "stylize_paintings_total", *help = "Paintings by how they ended.";
    add(g, name, "counter", "result=\"done\"", (double)t->completed, help);
    add(g, name, "counter", "result=\"failed\"", (double)t->failed, help);
    add(g, name, "counter", "result=\"cancelled\"", (double)t->cancelled, help);
    add(g, name, "counter", "result=\"expired\"", (double)t->expired, help);
    add(g, name, "counter", "result=\"rejected\"", (double)t->rejected, help);
    add(g, "stylize_batches_total", "counter", NULL, (double)t->batches,
        "Engine runs with two or more pictures.");
    add(g, "stylize_batch_images_total", "counter", NULL, (double)t->batch_images, "Pictures in those runs.");
    add(g, "stylize_tiles_total", "counter", NULL, (double)t->tiles, "Tiles painted.");
    name = "stylize_step_seconds_total", help = "Time of all paintings by step.";
    add(g, name, "counter", "step=\"queue\"", (double)t->queue_ns * ns, help);
    add(g, name, "counter", "step=\"prepare\"", (double)t->prepare_ns * ns, help);
    add(g, name, "counter", "step=\"engine\"", (double)t->engine_ns * ns, help);
    add(g, name, "counter", "step=\"finish\"", (double)t->finish_ns * ns, help);
    name = "stylize_style_codes_total", help = "Style pictures by whether their code was known.";
    add(g, name, "counter", "result=\"hit\"", (double)t->code_hits, help);
    add(g, name, "counter", "result=\"miss\"", (double)t->code_misses, help);
    add(g, "stylize_buffer_pool_bytes", "gauge", NULL, (double)t->pool_bytes,
        "Memory held by the buffer pool.");
    add(g, "stylize_buffer_pool_peak_bytes", "gauge", NULL, (double)t->pool_peak, "The most it ever held.");
    name = "stylize_buffers_total", help = "Buffers by where they came from.";
    add(g, name, "counter", "source=\"system\"", (double)t->pool_allocs, help);
    add(g, name, "counter", "source=\"pool\"", (double)t->pool_reuses, help);
}

static void add_server(gauges *g, server *s, char labels[CACHE_TIERS_MAX][32])
{
    cache_tier_counts counts[CACHE_TIERS_MAX] = {{0}};
    const int tiers = s->painter.cache.tier_count;
    for (int i = 0; i < tiers; i++) {
        snprintf(labels[i], 32, "tier=\"%s\"", s->painter.cache.tiers[i].name);
        s->painter.cache.tiers[i].counts(s->painter.cache.tiers[i].state, &counts[i]);
    }
    for (int i = 0; i < tiers; i++)
        add(g, "stylize_cache_bytes", "gauge", labels[i], (double)counts[i].bytes, "Results kept.");
    for (int i = 0; i < tiers; i++)
        add(g, "stylize_cache_entries", "gauge", labels[i], (double)counts[i].entries,
            "Number of results kept.");
    for (int i = 0; i < tiers; i++)
        add(g, "stylize_cache_evictions_total", "counter", labels[i], (double)counts[i].evictions,
            "Results that went to make room.");
    for (int i = 0; i < tiers; i++)
        add(g, "stylize_cache_failures_total", "counter", labels[i], (double)counts[i].failures,
            "Results that could not be kept.");
    for (int i = 0; i < tiers; i++)
        add(g, "stylize_cache_files_left", "gauge", labels[i], (double)counts[i].left,
            "Results that should be gone and cannot be removed.");
    add(g, "stylize_ready", "gauge", NULL, is_ready(s), "1 if requests are welcome.");
    add(g, "stylize_styles", "gauge", NULL, (double)gallery_count(s->gallery),
        "Styles that can be asked for.");
    const style_jobs styles = jobs_of_styles(s->jobs, NULL);
    add(g, "stylize_styles_learning", "gauge", NULL, (double)styles.running, "Styles that are being learnt.");
    add(g, "stylize_styles_waiting", "gauge", NULL, (double)styles.waiting, "Styles that wait for that.");
    add(g, "stylize_queue_depth", "gauge", NULL, (double)painter_in_work(&s->painter),
        "Paintings accepted and not finished.");
    const painter_load load = painter_counts(&s->painter);
    add(g, "stylize_waiting_for_room", "gauge", NULL, (double)load.promised,
        "Of them, pictures of jobs and batches that wait for their turn.");
    add(g, "stylize_waiting_requests", "gauge", NULL, (double)load.requests, "Of them, requests that do.");
    add(g, "stylize_decoded_bytes", "gauge", NULL, (double)load.bytes, "Pixels promised to requests.");
    add(g, "stylize_body_bytes", "gauge", NULL, (double)atomic_load(&s->body_bytes),
        "Uploads of requests that are not answered yet.");
    add(g, "stylize_job_files_left", "gauge", NULL, (double)jobs_leftover(s->jobs),
        "Jobs with files that should be gone and cannot be removed.");
    add(g, "stylize_degrade_level", "gauge", NULL, (double)s->painter.degrade.level,
        "Step by which results are smaller now.");
    add(g, "stylize_decode_failures_total", "counter", NULL, (double)atomic_load(&s->metrics.decode_failures),
        "Uploads that are no picture.");
    add(g, "stylize_http_connections", "gauge", NULL, (double)atomic_load(&s->metrics.connections),
        "Open connections.");
    add(g, "stylize_http_connections_total", "counter", NULL,
        (double)atomic_load(&s->metrics.connections_total), "Connections accepted.");
    add(g, "stylize_http_requests_in_flight", "gauge", NULL, (double)atomic_load(&s->metrics.in_flight),
        "Requests not answered yet.");
    add(g, "stylize_clients_gone_total", "counter", NULL, (double)atomic_load(&s->metrics.clients_gone),
        "Requests whose client left while they waited.");
    add(g, "stylize_slow_connections_total", "counter", NULL, (double)atomic_load(&s->watch.cut),
        "Connections cut off because they were too slow.");
}

void status_metrics(exchange *x)
{
    server *s = x->server;
    stylize_stats t = {.struct_size = sizeof t};
    gauges g = {.count = 0};
    char version[64], tiers[CACHE_TIERS_MAX][32];
    buf b = {0};
    snprintf(version, sizeof version, "version=\"%s\"", stylize_version());
    add(&g, "stylize_build_info", "gauge", version, 1, "The version that runs.");
    if (stylize_ctx_stats(s->ctx, &t) == STYLIZE_OK)
        add_library(&g, &t);
    add_server(&g, s, tiers);
    metrics_write(&s->metrics, &b, g.list, g.count);
    fleet_metrics(s, &b);
    answer_buf(x, 200, "text/plain; version=0.0.4; charset=utf-8", &b);
}
