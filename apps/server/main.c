/*
 * stylize-server: style transfer over HTTP. It uses stylize.h only, so it is also the example of a
 * program that serves many requests with one context. docs/server.md explains how it is run.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/job_events.h"
#include "base/log.h"
#include "base/seal.h"
#include "common/clock.h"
#include "config/config_read.h"
#include "fleet/fleet.h"
#include "fleet/report.h"
#include "http/http.h"
#include "http/tls.h"
#include "jobs/job_removal.h"
#include "jobs/jobs.h"
#include "paint/memory_tier.h"
#include "routes.h"
#include "sandbox/enter.h"
#include "styles/gallery.h"
#include "styles/learner.h"

extern char **environ;

#define QUEUE_OF_LIBRARY 1024 /* more than are ever handed in at a time */
#define PREPARERS_MORE   256 /* tasks than connections: one of each, and those that are let in for a moment */

enum { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_CONFIGURATION = 2 };

static stylize_log_level log_level(const config *c)
{
    return (stylize_log_level)(STYLIZE_LOG_ERROR + c->log_level);
}

static bool open_context(server *s, char *message, size_t size)
{
    const config *c = &s->config;
    stylize_options o;
    stylize_error err = {0};
    stylize_options_init(&o, sizeof o);
    o.engine = c->engine;
    o.device = c->device;
    o.precision = c->precision;
    o.model_dir = c->models;
    o.style_dir = c->style_dir;
    o.threads = (uint32_t)c->threads;
    o.queue_length = QUEUE_OF_LIBRARY; /* what waits waits here, see room.h */
    o.batch_threshold = (uint32_t)c->batch_threshold;
    o.batch_max = (uint32_t)c->batch_max;
    o.max_input_bytes = c->max_request_bytes;
    o.max_pixels = c->max_pixels;
    o.max_side = (uint32_t)c->max_side;
    o.memory_budget = c->memory_budget;
    o.formats = c->formats;
    o.log = log_library;
    o.log_level = log_level(c);
    if (stylize_ctx_create(&s->ctx, &o, &err) == STYLIZE_OK)
        return true;
    snprintf(message, size, "%s", err.message);
    return false;
}

static bool open_cache(server *s, char *message, size_t size)
{
    const config *c = &s->config;
    if (!cache_add_memory(&s->painter.cache, c->cache_memory)) {
        snprintf(message, size, "out of memory");
        return false;
    }
    return fleet_open(s, message, size);
}

/* Everything but the socket; what "check" does. */
static bool open_server(server *s, char *message, size_t size)
{
    const config *c = &s->config;
    metrics_init(&s->metrics);
    pthread_mutex_init(&s->batches_lock, NULL);
    s->routes = routes;
    s->route_count = route_count;
    for (int i = 0; i < route_count; i++) {
        s->metrics.routes[i].name = routes[i].name;
        s->metrics.routes[i].method = routes[i].method;
    }
    s->metrics.routes[route_count].name = "none";
    s->metrics.routes[route_count].method = "ANY";
    limiter_init(&s->limiter, c->rate_limit, (double)c->rate_burst, c->rate_limit_total, now_ns());
    keys_init(&s->keys);
    shares_init(&s->connections);
    shares_init(&s->uploads);
    idempotency_init(&s->idempotency);
    random_id(s->page_token);
    if (!networks_parse(c->trusted_proxy, &s->proxies)) {
        snprintf(message, size, "trusted-proxy is \"%s\"; allowed: networks as 10.0.0.0/8,::1",
                 c->trusted_proxy);
        return false;
    }
    if (c->api_keys && !keys_load(&s->keys, c->api_keys, message, size))
        return false;
    if (c->tls_cert && !tls_priorities_fit(c->tls_priorities, message, size))
        return false;
    if (c->tls_cert && !(s->tls = tls_create(c->tls_cert, c->tls_key, message, size)))
        return false;
    if (!(s->streams = streams_create())) {
        snprintf(message, size, "out of memory");
        return false;
    }
    if (!open_context(s, message, size))
        return false;
    painter_init(&s->painter, s->ctx, c, &s->metrics);
    if (!open_cache(s, message, size) || !(s->gallery = gallery_create(s->ctx, message, size)))
        return false;
    s->painter.keying.added_style = gallery_digest;
    s->painter.keying.added_user = s->gallery;
    return true;
}

/* The sandbox needs the folder of jobs to be there. */
static bool open_jobs(server *s, bool folder, char *message, size_t size)
{
    if (s->config.data_key && !seal_load(s->config.data_key, message, size)) /* before what is sealed is read */
        return false;
    s->jobs = jobs_create(&s->config, &s->painter, &s->metrics, &s->pool, message, size);
    return s->jobs && (!folder || jobs_open(s->jobs, message, size));
}

static void close_server(server *s)
{
    http_stop(s);
    watch_stop(&s->watch);
    streams_destroy(s->streams);
    jobs_stop(s->jobs);
    learner_stop(s->learner);
    io_pool_stop(&s->preparers);
    fleet_stop(s);
    if (s->ctx)
        stylize_ctx_destroy(s->ctx, STYLIZE_CANCEL);
    if (s->painter.ctx) /* was made */
        painter_close(&s->painter);
    fleet_close(s);
    learner_destroy(s->learner);
    jobs_destroy(s->jobs);
    idempotency_free(&s->idempotency);
    gallery_destroy(s->gallery);
    tls_destroy(s->tls);
    keys_free(&s->keys);
    shares_free(&s->connections);
    shares_free(&s->uploads);
    config_free(&s->config);
}

static bool may_become(const char *name, char *message, size_t size)
{
    const char *why = !name ? NULL : !getpwnam(name) ? "there is none" : geteuid() ? "that needs root" : NULL;
    if (why)
        snprintf(message, size, "cannot become the user %s: %s", name, why);
    return !why;
}

/* From root to the user of --user, for good. */
static bool drop_root(const char *name, char *message, size_t size)
{
    if (!name)
        return true;
    if (!may_become(name, message, size))
        return false;
    const struct passwd *user = getpwnam(name);
    if (!user || initgroups(name, user->pw_gid) || setgid(user->pw_gid) || setuid(user->pw_uid)) {
        snprintf(message, size, "cannot become the user %s: %s", name, strerror(errno));
        return false;
    }
    if (user->pw_uid && setuid(0) == 0) {
        snprintf(message, size, "root could not be given up");
        return false;
    }
    return true;
}

static void *warm_up(void *arg)
{
    server *s = arg;
    stylize_error err = {0};
    const uint64_t start = now_ns();
    if (stylize_ctx_warm_up(s->ctx, NULL, 0, &err) != STYLIZE_OK) {
        log_line(STYLIZE_LOG_ERROR, "warm-up failed, the server does not become ready: %s", err.message);
        return NULL;
    }
    atomic_store(&s->ready, true);
    log_line(STYLIZE_LOG_INFO, "ready after a warm-up of %.1f s", (double)(now_ns() - start) * 1e-9);
    return NULL;
}

static void reload(server *s)
{
    char message[400];
    const config *c = &s->config;
    const bool read_keys = !c->api_keys || keys_load(&s->keys, c->api_keys, message, sizeof message);
    if (!read_keys)
        log_line(STYLIZE_LOG_ERROR, "keys not read again: %s", message);
    const bool read_pair = !s->tls || tls_reload(s->tls, message, sizeof message);
    if (!read_pair)
        log_line(STYLIZE_LOG_ERROR, "certificate not read again: %s", message);
    if (read_keys && read_pair)
        log_line(STYLIZE_LOG_INFO, "keys and certificate were read again");
}

/* Running requests finish, up to the deadline; then what still runs is cancelled. */
static void drain(server *s)
{
    const uint64_t end = now_ns() + s->config.graceful_timeout * 1000000;
    const struct timespec pause = {.tv_nsec = 20 * 1000000};
    atomic_store(&s->draining, true);
    fleet_drain(s);
    http_quiesce(s);
    jobs_stop(s->jobs);
    learner_stop(s->learner);
    streams_tick(s->streams, true);
    io_pool_stop(&s->preparers);
    while (painter_in_work(&s->painter) && now_ns() < end)
        nanosleep(&pause, NULL);
    if (painter_in_work(&s->painter))
        log_line(STYLIZE_LOG_WARNING, "requests were cut off by the graceful timeout");
    /* Suspended connections must be resumed before libmicrohttpd may stop. */
    while (painter_in_work(&s->painter)) {
        painter_cancel_all(&s->painter);
        nanosleep(&pause, NULL);
    }
    fleet_stop(s);
    const uint64_t sent = now_ns() + 2000ull * 1000000;
    while (atomic_load(&s->metrics.in_flight) && now_ns() < sent)
        nanosleep(&pause, NULL);
}

static void sweep(void *user)
{
    server *s = user;
    cache_sweep(&s->painter.cache, (int64_t)(s->config.cache_ttl / 1000));
    atomic_store(&s->sweeping, false);
}

static void tick(void *user)
{
    server *s = user;
    if (!atomic_exchange(&s->sweeping, true) && !io_pool_run(&s->pool, IO_LATER, sweep, s))
        atomic_store(&s->sweeping, false);
    streams_tick(s->streams, false);
    painter_tick(&s->painter);
}

static bool start_learner(server *s)
{
    s->learner = learner_create(s->jobs, s->gallery);
    return s->learner && learner_start(s->learner);
}

static int serve(server *s, sandbox *box, char *message, size_t size)
{
    sigset_t signals;
    pthread_t warmer;
    int got;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    /* Only the port may need root; files are read and made as who serves. */
    if (!http_listen(s, message, size) || !drop_root(s->config.user, message, size) ||
        !open_jobs(s, true, message, size) ||
        !sandbox_enter_files(box, &s->config, jobs_folder(s->jobs), message, size) ||
        !open_server(s, message, size) || !jobs_start(s->jobs, message, size))
        return EXIT_CONFIGURATION;
    if (!start_learner(s)) {
        snprintf(message, size, "a thread could not be started");
        return EXIT_FAILED;
    }
    if (!sandbox_enter_calls(box, &s->config, message, size))
        return EXIT_CONFIGURATION;
    if (!fleet_start(s, message, size))
        return EXIT_FAILED;
    if (!io_pool_start_as(&s->preparers, (int)s->config.io_threads,
                          s->config.max_connections + PREPARERS_MORE) ||
        !watch_start(&s->watch, tick, s)) { /* its ticks need the pools */
        snprintf(message, size, "a thread could not be started");
        return EXIT_FAILED;
    }
    if (!http_start(s, message, size))
        return EXIT_CONFIGURATION;
    log_line(STYLIZE_LOG_INFO, "listening on %s, port %u", s->config.listen, http_port(s));
    if (s->config.admin_listen)
        log_line(STYLIZE_LOG_INFO, "for the operator on %s, port %u", s->config.admin_listen,
                 http_admin_port(s));
    bool warming = s->config.warm_up && !pthread_create(&warmer, NULL, warm_up, s);
    if (!warming)
        atomic_store(&s->ready, true);
    while (!sigwait(&signals, &got) && got == SIGHUP)
        reload(s);
    log_line(STYLIZE_LOG_INFO, "stopping");
    drain(s);
    if (warming)
        pthread_join(warmer, NULL);
    log_line(STYLIZE_LOG_INFO, "stopped");
    return EXIT_FINE;
}

static int check(server *s, sandbox *box, char *message, size_t size)
{
    if (!http_check(s, message, size) || !may_become(s->config.user, message, size))
        return EXIT_CONFIGURATION;
    /* The usual folder is not made for a question. */
    const bool sandboxed = s->config.sandbox != SANDBOX_OFF;
    if (!open_jobs(s, s->config.state_dir || sandboxed, message, size) ||
        !sandbox_enter_files(box, &s->config, jobs_folder(s->jobs), message, size) ||
        !open_server(s, message, size) || !sandbox_enter_calls(box, &s->config, message, size))
        return EXIT_CONFIGURATION;
    config_print(&s->config, stdout);
    if (sandboxed)
        printf("# Sandbox: %s.\n", box->files && box->calls ? "files and system calls are restricted"
                                   : box->files             ? "only files are restricted"
                                   : box->calls             ? "only system calls are restricted"
                                                            : "nothing is restricted here");
    if (!fleet_check(s, stdout)) {
        snprintf(message, size, "it would start, but without what cannot be used now");
        return EXIT_FAILED;
    }
    printf("# It would start, with %zu styles.\n", gallery_count(s->gallery));
    return EXIT_FINE;
}

int main(int argc, char **argv)
{
    static server s; /* large, and there is one */
    sandbox box = {.plugins = false};
    config_command command;
    const char *word;
    char message[512] = "";
    int code = EXIT_CONFIGURATION;
    s.listener = s.admin_listener = -1;
    if (!config_read(&s.config, argc, argv, environ, &command, &word, message, sizeof message)) {
        fprintf(stderr, "stylize-server: %s\n", message);
        config_free(&s.config);
        return EXIT_CONFIGURATION;
    }
    switch (command) {
    case CONFIG_HELP:
        config_free(&s.config);
        config_help(stdout);
        return EXIT_FINE;
    case CONFIG_VERSION:
        config_free(&s.config);
        printf("stylize-server %s\n", stylize_version());
        return EXIT_FINE;
    case CONFIG_NEW_KEY:
        config_free(&s.config);
        return keys_print_new(word);
    default:
        break;
    }
    log_set_level(log_level(&s.config));
    code = command == CONFIG_CHECK ? check(&s, &box, message, sizeof message)
                                   : serve(&s, &box, message, sizeof message);
    if (code)
        fprintf(stderr, "stylize-server: %s\n", message);
    close_server(&s);
    return code;
}
