#include "http/exchange.h"

#include <string.h>
#include <strings.h>

#include "common/clock.h"

slice exchange_header(const exchange *x, const char *name)
{
    const char *v = MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
    return (slice){v, v ? strlen(v) : 0};
}

slice exchange_type(const exchange *x)
{
    return x->type[0] ? (slice){x->type, strlen(x->type)} : exchange_header(x, "Content-Type");
}

typedef struct joined {
    const char *name;
    buf *out;
} joined;

static enum MHD_Result join_line(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
    const joined *j = user;
    if (!strcasecmp(name, j->name)) {
        buf_puts(j->out, j->out->size ? ", " : "");
        buf_puts(j->out, value ? value : "");
    }
    return MHD_YES;
}

void exchange_list(const exchange *x, const char *name, buf *out)
{
    joined j = {name, out};
    MHD_get_connection_values(x->connection, MHD_HEADER_KIND, join_line, &j);
}

uint64_t client_digest(const server *s, const address *client, const char *key)
{
    uint64_t h = s->limiter.seed ^ 0x9e3779b97f4a7c15u;
    if (*key)
        for (; *key; key++)
            h = (h ^ (uint8_t)*key) * 0x100000001b3u;
    else
        for (size_t i = 0; i < sizeof client->bytes; i++)
            h = (h ^ client->bytes[i]) * 0x100000001b3u;
    h ^= h >> 32;
    return h ? h : 1;
}

uint64_t exchange_client(const exchange *x)
{
    const address client = address_client(&x->client);
    return client_digest(x->server, &client, x->key.name);
}

bool exchange_repeat(exchange *x, bool alone, problem *wrong)
{
    const slice body = x->memory ? (slice){x->memory->body.data, x->memory->body.size} : (slice){NULL, 0};
    return idempotent_read(&x->repeat, exchange_header(x, "Idempotency-Key"), x->key.name, x->route->name,
                           exchange_type(x), body, wrong) &&
           idempotency_begin(&x->server->idempotency, &x->repeat, alone, now_ns(), wrong);
}

/* ------------------------------------------------------------------ waiting */

static void on_gone(void *user)
{
    exchange *x = user;
    atomic_store(&x->gone, true);
    if (x->leave(x)) {
        atomic_fetch_add(&x->server->metrics.clients_gone, 1);
        MHD_resume_connection(x->connection);
    }
}

void exchange_wait(exchange *x, bool (*leave)(exchange *x))
{
    x->phase = EXCHANGE_WAITING;
    x->leave = leave;
    watch_deadline(x->watched, 0, false);
    MHD_suspend_connection(x->connection);
    watch_arm(&x->server->watch, x->watched, on_gone, x);
}

void exchange_resume(exchange *x)
{
    watch_disarm(&x->server->watch, x->watched);
    MHD_resume_connection(x->connection);
}
