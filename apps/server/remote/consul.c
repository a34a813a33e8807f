/* Talks to the agent of Consul. */
#include "remote/consul.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <stylize/stylize.h>

#include "base/json_text.h"
#include "base/log.h"
#include "base/url.h"
#include "common/clock.h"
#include "remote/fetch.h"
#include "remote/service_url.h"

#define TIMEOUT_MS 1000
#define LOOK_NS    (5ull * 1000000000) /* how often it is asked whether it still knows us */
#define RETRY_NS   (2ull * 1000000000)
#define ANSWER_MAX (256 << 10)

struct consul {
    backend backend;
    char base[320];
    char name[64], id[128], host[256];
    unsigned port;
    bool tls;
    char token[SECRET_MAX];
    char *ca_file;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool started, stop, draining;
    bool registered; /* of the thread that talks */
};

struct consul *consul_create(const consul_options *o, char *message, size_t size)
{
    struct consul *c = calloc(1, sizeof *c);
    service_url u;
    char what[200];
    const char *token = getenv("CONSUL_HTTP_TOKEN");
    if (!c || !fetch_start()) {
        free(c);
        snprintf(message, size, "out of memory");
        return NULL;
    }
    backend_init(&c->backend, "consul", o->url);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->changed, NULL);
    c->tls = o->tls;
    c->ca_file = o->ca_file ? strdup(o->ca_file) : NULL;
    snprintf(c->name, sizeof c->name, "%s", o->service);
    bool ok = url_parse((slice){o->url, strlen(o->url)}, &u, what, sizeof what) && u.host[0] && !u.user[0] &&
              (!strcmp(u.scheme, "http") || !strcmp(u.scheme, "https")) &&
              (!u.path[0] || !strcmp(u.path, "/"));
    if (!ok) {
        snprintf(message, size, "consul is wrong; allowed: http://host[:port], https://host[:port]");
    } else if (o->address) {
        service_url own;
        char text[300];
        snprintf(text, sizeof text, "http://%s", o->address);
        ok = url_parse((slice){text, strlen(text)}, &own, what, sizeof what) && own.port && !own.path[0];
        if (!ok)
            snprintf(message, size, "consul-address is \"%.100s\"; allowed: HOST:PORT", o->address);
        snprintf(c->host, sizeof c->host, "%s", own.host);
        c->port = own.port;
    }
    if (ok && o->token_file)
        ok = secret_read(o->token_file, c->token, message, size);
    else if (ok && token)
        snprintf(c->token, sizeof c->token, "%s", token);
    const bool six = strchr(u.host, ':') != NULL;
    snprintf(c->base, sizeof c->base, "%s://%s%s%s:%u", u.scheme, six ? "[" : "", u.host, six ? "]" : "",
             u.port ? u.port : 8500);
    if (ok)
        return c;
    consul_destroy(c);
    return NULL;
}

static bool registration(const struct consul *c, buf *out)
{
    char check[400];
    const bool six = strchr(c->host, ':') != NULL;
    snprintf(check, sizeof check, "%s://%s%s%s:%u/health", c->tls ? "https" : "http", six ? "[" : "", c->host,
             six ? "]" : "", c->port);
    json_t *root =
        json_pack("{s:s, s:s, s:[s], s:s, s:i, s:{s:s}, s:{s:s, s:s, s:b, s:s, s:s, s:s}}", "ID", c->id,
                  "Name", c->name, "Tags", "stylize", "Address", c->host, "Port", (int)c->port, "Meta",
                  "version", stylize_version(), "Check", "Name", "health", "HTTP", check, "TLSSkipVerify",
                  (int)c->tls, "Interval", "5s", "Timeout", "2s", "DeregisterCriticalServiceAfter", "5m");
    return json_put(root, out);
}

/* One request; its status, or 0 with a few words. */
static unsigned ask(struct consul *c, const char *method, const char *path, slice body, char *why,
                    size_t size)
{
    char url[800], token[SECRET_MAX + 32];
    fetch_answer a;
    snprintf(url, sizeof url, "%s%s", c->base, path);
    snprintf(token, sizeof token, "X-Consul-Token: %s", c->token);
    const char *headers[] = {"Content-Type: application/json", c->token[0] ? token : NULL, NULL};
    const fetch_request q = {method, url, headers, body, c->ca_file, TIMEOUT_MS, ANSWER_MAX};
    const uint64_t began = now_ns();
    const bool ok = fetch(&q, &a, why, size);
    if (ok && a.status >= 300)
        snprintf(why, size, "status %u: %.*s", a.status, (int)(a.body.size < 80 ? a.body.size : 80),
                 a.body.data ? a.body.data : "");
    const backend_result result = !ok || a.status >= 500 ? BACKEND_FAILED
                                  : a.status == 404      ? BACKEND_MISS
                                  : a.status >= 300      ? BACKEND_REFUSED
                                                         : BACKEND_OK;
    backend_done(&c->backend, result, began, why);
    buf_free(&a.body);
    explicit_bzero(token, sizeof token);
    return ok ? a.status : 0;
}

static bool put(struct consul *c, const char *what, const char *more, slice body)
{
    char path[400], why[200] = "";
    snprintf(path, sizeof path, "/v1/agent/service/%s%s", what, more);
    return ask(c, "PUT", path, body, why, sizeof why) / 100 == 2;
}

static bool register_service(struct consul *c)
{
    buf body = {0};
    const bool ok = registration(c, &body) &&
                    put(c, "register", "?replace-existing-checks=true", (slice){body.data, body.size});
    buf_free(&body);
    if (ok)
        log_line(STYLIZE_LOG_INFO, "registered with consul at %s as %s", c->backend.where, c->id);
    return ok;
}

/* Whether the agent has it still; an agent that does not answer changes nothing. */
static bool is_known(struct consul *c)
{
    char path[300], why[200] = "";
    snprintf(path, sizeof path, "/v1/agent/service/%s", c->id);
    return ask(c, "GET", path, (slice){NULL, 0}, why, sizeof why) != 404;
}

static void set_maintenance(struct consul *c)
{
    char more[300];
    snprintf(more, sizeof more, "%s?enable=true&reason=draining", c->id);
    put(c, "maintenance/", more, (slice){"", 0});
}

static void wait_until(struct consul *c, uint64_t ns)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += (time_t)(ns / 1000000000);
    pthread_cond_timedwait(&c->changed, &c->lock, &at);
}

static void *consul_main(void *arg)
{
    struct consul *c = arg;
    bool told = false;
    pthread_mutex_lock(&c->lock);
    while (!c->stop) {
        const bool draining = c->draining;
        pthread_mutex_unlock(&c->lock);
        if (draining && c->registered && !told) {
            set_maintenance(c);
            told = true;
        } else if (!draining && c->registered && !is_known(c)) {
            log_line(STYLIZE_LOG_WARNING, "consul at %s has forgotten this server", c->backend.where);
            c->registered = false;
        }
        if (!draining && !c->registered)
            c->registered = register_service(c);
        pthread_mutex_lock(&c->lock);
        if (!c->stop && c->draining == draining)
            wait_until(c, c->registered && backend_up(&c->backend) ? LOOK_NS : RETRY_NS);
    }
    pthread_mutex_unlock(&c->lock);
    if (c->registered)
        put(c, "deregister/", c->id, (slice){"", 0});
    return NULL;
}

bool consul_start(struct consul *c, const char *listen, unsigned port)
{
    if (!c->port) { /* as it listens, less brackets and port */
        const char *end = strrchr(listen, ':');
        const bool six = *listen == '[';
        snprintf(c->host, sizeof c->host, "%.*s", (int)(end - listen) - 2 * six, listen + six);
        c->port = port;
    }
    snprintf(c->id, sizeof c->id, "%.40s-%.60s-%u", c->name, c->host, c->port);
    for (char *p = c->id; *p; p++)
        if (*p == ':' || *p == '%')
            *p = '-';
    c->started = !pthread_create(&c->thread, NULL, consul_main, c);
    return c->started;
}

static void tell(struct consul *c, bool *what)
{
    pthread_mutex_lock(&c->lock);
    *what = true;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

void consul_drain(struct consul *c)
{
    if (c && c->started)
        tell(c, &c->draining);
}

void consul_stop(struct consul *c)
{
    if (!c || !c->started)
        return;
    tell(c, &c->stop);
    pthread_join(c->thread, NULL);
    c->started = false;
}

void consul_destroy(struct consul *c)
{
    if (!c)
        return;
    backend_free(&c->backend);
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->changed);
    explicit_bzero(c->token, sizeof c->token);
    free(c->ca_file);
    free(c);
    fetch_end();
}

bool consul_ping(struct consul *c, char *why, size_t size)
{
    const unsigned status = ask(c, "GET", "/v1/agent/self", (slice){NULL, 0}, why, size);
    return status / 100 == 2;
}

backend *consul_backend(struct consul *c) { return &c->backend; }
