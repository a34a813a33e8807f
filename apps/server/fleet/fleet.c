#include "fleet/fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/options.h"
#include "fleet/fleet_state.h"
#include "http/http.h"
#include "jobs/broker.h"
#include "jobs/job_removal.h"
#include "paint/folder_tier.h"
#include "paint/store_tier.h"
#include "remote/store_open.h"
#ifdef SERVER_HAVE_REMOTE
#include "fleet/redis_erasure.h"
#include "fleet/redis_limit.h"
#include "paint/redis_tier.h"
#include "remote/consul.h"
#endif

#define TICK_NS    (100 * 1000000) /* between two rounds of limits */
#define TICKS_SLOW 10              /* rounds between two looks at erasures and what is down */
#define RESULT_MAX (256ull << 20)  /* bytes of a result in a store */

/* ------------------------------------------------------------------ start */

#ifdef SERVER_HAVE_REMOTE
static bool open_redis(struct fleet *f, char *message, size_t size)
{
    server *s = f->server;
    const config *c = &s->config;
    const redis_options o = {.name = "redis",
                             .url = c->redis,
                             .password_file = c->redis_password_file,
                             .ca_file = c->redis_ca,
                             .timeout_ms = c->redis_timeout,
                             .reply_max = c->redis_value_max + (8 << 20)};
    if (!(f->redis = redis_create(&o, message, size)))
        return false;
    const redis_tier_options t = {.redis = f->redis,
                                  .prefix = c->redis_prefix,
                                  .value_max = c->redis_value_max,
                                  .ttl_ms = c->redis_ttl};
    if (!cache_add_redis(&s->painter.cache, &t)) {
        snprintf(message, size, "out of memory");
        return false;
    }
    s->limiter.shared = c->share_limits;
    return true;
}
static bool open_consul(struct fleet *f, char *message, size_t size)
{
    const config *c = &f->server->config;
    const consul_options o = {.url = c->consul,
                              .service = c->consul_service,
                              .address = c->consul_address,
                              .token_file = c->consul_token_file,
                              .ca_file = c->consul_ca,
                              .tls = c->tls_cert != NULL};
    f->consul = consul_create(&o, message, size);
    return f->consul != NULL;
}
#else /* none of the options for it was taken, see fleet_open */
struct consul;
static bool open_redis(struct fleet *f, char *message, size_t size) { return false; }
static bool open_consul(struct fleet *f, char *message, size_t size) { return false; }
static bool consul_start(struct consul *c, const char *listen, unsigned port) { return true; }
static void consul_drain(struct consul *c) {}
static void consul_stop(struct consul *c) {}
static void consul_destroy(struct consul *c) {}
#endif

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static bool open_store(struct fleet *f, char *message, size_t size)
{
    const config *c = &f->server->config;
    const char *endpoint = c->storage_endpoint ? c->storage_endpoint : variable("AWS_ENDPOINT_URL");
    const char *region = c->storage_region ? c->storage_region : variable("AWS_REGION");
    const store_options o = {.url = c->storage,
                             .endpoint = endpoint,
                             .region = region,
                             .style = storage_styles[c->storage_style],
                             .keys = c->storage_keys,
                             .ca_file = c->storage_ca,
                             .timeout_ms = c->storage_timeout};
    f->has_store = store_open(&f->store, &o, message, size);
    return f->has_store;
}

/* The slow tiers, in the order in which they are asked: Redis, this machine's folder, the store. */
static bool open_tiers(struct fleet *f, char *message, size_t size)
{
    server *s = f->server;
    const config *c = &s->config;
    cache *k = &s->painter.cache;
    char path[600];
    const bool bucket = c->storage && !strncmp(c->storage, "s3://", 5);
    if (c->redis && !open_redis(f, message, size))
        return false;
    if (c->storage && !open_store(f, message, size))
        return false;
    if (c->cache_dir && !cache_add_folder(k, c->cache_dir, c->cache_disk, message, size))
        return false;
    if (c->storage && !bucket && !c->cache_dir) {
        snprintf(path, sizeof path, "%s/results", c->storage + strlen("file://"));
        if (!cache_add_folder(k, path, c->cache_disk, message, size))
            return false;
    }
    if (bucket && !cache_add_store(k, &f->store, RESULT_MAX)) {
        snprintf(message, size, "out of memory");
        return false;
    }
    return true;
}

static bool can_reach(const config *c, char *message, size_t size)
{
#ifndef SERVER_HAVE_REMOTE
    const char *option = c->redis ? "--redis" : c->broker ? "--broker" : c->consul ? "--consul" : NULL;
    if (option) {
        snprintf(message, size,
                 "%s cannot be used: this build was made without libhiredis-dev and libcurl4-gnutls-dev",
                 option);
        return false;
    }
#endif
    return true;
}

bool fleet_open(server *s, char *message, size_t size)
{
    const config *c = &s->config;
    if (!can_reach(c, message, size))
        return false;
    struct fleet *f = s->fleet = calloc(1, sizeof *f);
    if (!f) {
        snprintf(message, size, "out of memory");
        return false;
    }
    f->server = s;
    random_id(f->instance);
    if (!open_tiers(f, message, size))
        return false;
    for (int i = 0; i < s->painter.cache.tier_count; i++)
        s->metrics.cache_tiers[i] = s->painter.cache.tiers[i].name;
    if (c->broker && !(s->jobs->broker = broker_create(s->jobs, &f->store, message, size)))
        return false;
    return !c->consul || open_consul(f, message, size);
}

/* ------------------------------------------------------------------ rounds */

#ifdef SERVER_HAVE_REMOTE
static void on_erasure(void *user, const char *subject, const char *who, int64_t when_ms)
{
    struct fleet *f = user;
    if (!strcmp(who, f->instance) || strlen(subject) >= STORED_SUBJECT)
        return;
    bool whole = true; /* what is not is tried again and told by the log */
    keeper_forget_here(&f->server->painter.keeper, subject);
    jobs_erase(f->server->jobs, subject, when_ms / 1000, true, &whole);
}

static void redis_round(struct fleet *f, bool slow)
{
    const config *c = &f->server->config;
    if (f->server->limiter.shared)
        redis_limits_sync(f->redis, c->redis_prefix, &f->server->limiter);
    if (slow)
        redis_erasures(f->redis, c->redis_prefix, f->last_erasure, on_erasure, f);
}

bool fleet_erased(server *s, const char *subject)
{
    struct fleet *f = s->fleet;
    return !f->redis || redis_erasure_add(f->redis, s->config.redis_prefix, f->instance, subject);
}
#else
static void redis_round(struct fleet *f, bool slow) {}
bool fleet_erased(server *s, const char *subject) { return true; }
#endif

static void probe_store(void *arg)
{
    struct fleet *f = arg;
    char why[200];
    f->store.ping(f->store.state, why, sizeof why);
    atomic_store(&f->probing, false);
}

static void *fleet_main(void *arg)
{
    struct fleet *f = arg;
    const struct timespec pause = {.tv_nsec = TICK_NS};
    for (unsigned tick = 0; !atomic_load(&f->stop); tick++) {
        const bool slow = tick % TICKS_SLOW == 0;
        if (f->redis)
            redis_round(f, slow);
        if (slow && f->has_store && !backend_up(f->store.backend(f->store.state)) &&
            !atomic_exchange(&f->probing, true) && !io_pool_run(&f->server->pool, IO_LATER, probe_store, f))
            atomic_store(&f->probing, false);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

bool fleet_start(server *s, char *message, size_t size)
{
    struct fleet *f = s->fleet;
    const cache *c = &s->painter.cache;
    bool ok = io_pool_start(&s->pool);
    if (ok && cache_has_slow(c))
        s->painter.pool = s->painter.keeper.pool = &s->pool;
    if (ok && (f->redis || f->has_store))
        ok = f->started = !pthread_create(&f->thread, NULL, fleet_main, f);
    ok = ok && (!s->jobs->broker || broker_start(s->jobs->broker));
    ok = ok && (!f->consul || consul_start(f->consul, s->config.listen, http_port(s)));
    if (!ok)
        snprintf(message, size, "a thread could not be started");
    return ok;
}

/* ------------------------------------------------------------------ end */

void fleet_drain(server *s) { consul_drain(s->fleet->consul); }

void fleet_stop(server *s)
{
    struct fleet *f = s->fleet;
    if (!f)
        return;
    atomic_store(&f->stop, true);
    if (f->started)
        pthread_join(f->thread, NULL);
    f->started = false;
    broker_stop(s->jobs->broker);
    io_pool_stop(&s->pool);
    consul_stop(f->consul);
}

void fleet_close(server *s)
{
    struct fleet *f = s->fleet;
    if (!f)
        return;
    broker_destroy(s->jobs->broker);
    s->jobs->broker = NULL;
    consul_destroy(f->consul);
    if (f->has_store)
        f->store.close(f->store.state);
#ifdef SERVER_HAVE_REMOTE
    redis_destroy(f->redis);
#endif
    free(f);
    s->fleet = NULL;
}
