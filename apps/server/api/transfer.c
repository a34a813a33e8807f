/* One picture, one request. */
#include "api/transfer.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "api/raw_body.h"
#include "common/clock.h"
#include "common/names.h"
#include "common/values.h"
#include "http/answer.h"
#include "paint/params_read.h"
#include "paint/prepare.h"

/* What an accepted type stands for; false: nothing that is made here. */
static bool means(slice type, stylize_format *out)
{
    const stylize_format f = format_by_name(type);
    if (f != STYLIZE_FORMAT_NONE && type.size > 6)
        *out = f;
    else if (slice_is_nocase(type, "image/*"))
        *out = STYLIZE_FORMAT_ENCODED; /* any */
    else if (slice_is_nocase(type, "application/json") || slice_is(type, "*/*"))
        *out = STYLIZE_FORMAT_NONE;
    else
        return false;
    return true;
}

stylize_format transfer_accepts(slice accept)
{
    slice one, type;
    stylize_format best = STYLIZE_FORMAT_NONE, f;
    int most = 0, q;
    bool slow = false;
    while (slice_next(&accept, ',', &one)) {
        slice_next(&one, ';', &type);
        type = slice_trim(type);
        /* "Whatever else" says nothing beside a type that was named. */
        q = means(type, &f) ? slice_quality(one) : 0;
        if (q && f == STYLIZE_FORMAT_AVIF) { /* browsers name it first, but it is slow: for who names nothing else */
            slow = true;
            continue;
        }
        q = slice_is(type, "*/*") && q ? 1 : q ? q + 1 : 0;
        if (q <= most) /* of equal ones the first */
            continue;
        most = q;
        best = f;
    }
    return slow && most <= 1 ? STYLIZE_FORMAT_AVIF : best;
}

stylize_format transfer_accepted(const exchange *x)
{
    buf list = {0};
    exchange_list(x, "Accept", &list);
    const stylize_format f = transfer_accepts((slice){list.data, list.size});
    buf_free(&list);
    return f;
}

bool transfer_subject(const exchange *x, params *p, problem *wrong)
{
    const slice subject = exchange_header(x, "X-Subject");
    if (subject.data && !params_set(p, NULL, (slice){"subject", 7}, subject, wrong))
        return false;
    if (x->key.name[0] && p->subject[0]) { /* nobody reaches the subjects of another key */
        char own[STORED_SUBJECT];
        memcpy(own, p->subject, sizeof own);
        subject_join(p->subject, x->key.name, own);
    }
    return true;
}

/* Where the answer comes from, for the client. */
static const char *origin_of(const exchange *x)
{
    return x->cached || x->ticket.from == PAINTED_CACHE ? "hit"
           : x->ticket.from == PAINTED_JOINED           ? "joined"
                                                        : "miss";
}

json_t *transfer_json(const painting *p, const char *from)
{
    json_t *timings = json_pack("{s:f, s:f, s:f, s:f}", "queue", p->queue_seconds, "prepare",
                                p->prepare_seconds, "engine", p->engine_seconds, "finish", p->finish_seconds);
    json_t *j =
        json_pack("{s:i, s:i, s:s, s:s, s:s, s:s, s:i, s:i, s:b, s:s, s:o}", "width", (int)p->width, "height",
                  (int)p->height, "format", format_name(p->image.format), "style", p->style, "engine",
                  p->engine, "model", p->model, "tiles", (int)p->tiles, "batch_size", (int)p->batch_size,
                  "degraded", (int)p->degraded, "cache", from, "timings", timings);
    if (j && p->damaged)
        json_object_set_new(j, "damaged", json_true());
    if (j && p->strength >= 0)
        json_object_set_new(j, "strength", json_real(round(1e4 * (double)p->strength) * 1e-4));
    return j;
}

void transfer_answer(exchange *x, painting *p, const char *from, bool raw)
{
    if (raw) {
        answer_shared(x, 200, format_type(p->image.format), p->image.pixels, p->image.size, painting_release,
                      painting_hold(p));
    } else {
        buf b = {0};
        json_write_bytes(transfer_json(p, from), "result", "", p->image.pixels, p->image.size, &b);
        buf_puts(&b, "\n");
        answer_buf(x, 200, "application/json", &b);
    }
    char size[32], strength[24], seconds[96];
    snprintf(size, sizeof size, "%ux%u", p->width, p->height);
    snprintf(seconds, sizeof seconds, "queue;dur=%.3f, prepare;dur=%.3f, engine;dur=%.3f, finish;dur=%.3f",
             p->queue_seconds * 1e3, p->prepare_seconds * 1e3, p->engine_seconds * 1e3,
             p->finish_seconds * 1e3);
    answer_header(x, "X-Stylize-Size", size);
    answer_header(x, "X-Stylize-Engine", p->engine);
    if (p->strength >= 0) {
        snprintf(strength, sizeof strength, "%.4g", (double)p->strength);
        answer_header(x, "X-Stylize-Strength", strength);
    }
    answer_header(x, "X-Stylize-Cache", from);
    answer_header(x, "Server-Timing", seconds);
    if (p->degraded)
        answer_header(x, "X-Stylize-Degraded", "true");
    if (p->damaged)
        answer_header(x, "X-Stylize-Damaged", "true");
    answer_header(x, "Vary", "Accept");
}

static exchange *of_ticket(ticket *t) { return (exchange *)(void *)((char *)t - offsetof(exchange, ticket)); }

/* Two have to be done with it before it goes on: who prepares it, and who paints it. True: this was the second. */
static bool is_last(exchange *x) { return atomic_fetch_sub(&x->hands, 1) == 1; }

static void on_painted(ticket *t, painting *p, const problem *why)
{
    exchange *x = of_ticket(t);
    x->painting = p;
    if (!p)
        x->problem = *why;
    if (is_last(x))
        exchange_resume(x);
}

static bool leave(exchange *x) { return painter_leave(&x->server->painter, &x->ticket) && is_last(x); }

/* The work from the body; false, and why. */
static bool read_work(exchange *x, problem *wrong)
{
    server *s = x->server;
    const params_limits limits = params_limits_of(&s->config);
    params *p = &x->work.params;
    x->raw = transfer_accepted(x);
    bool ok = raw_body_wrap(x, wrong) && exchange_repeat(x, false, wrong) &&
              params_read(p, &limits, x->memory, exchange_type(x), wrong) && transfer_subject(x, p, wrong);
    if (ok && p->format == STYLIZE_FORMAT_NONE && x->raw != STYLIZE_FORMAT_ENCODED)
        p->format = x->raw;
    if (ok && x->raw != STYLIZE_FORMAT_NONE && x->raw != STYLIZE_FORMAT_ENCODED && p->format != x->raw)
        ok = problem_set(wrong, 422, "invalid_value", "format",
                         "format and the header Accept name different types");
    x->work.memory = blob_hold(x->memory);
    x->work.keep = true;
    x->work.client = exchange_client(x);
    return ok;
}

/* A thread that prepares. */
static void prepare(void *arg)
{
    exchange *x = arg;
    server *s = x->server;
    problem wrong;
    bool ok = read_work(x, &wrong);
    const uint64_t passed = (now_ns() - x->arrived_ns) / 1000000;
    x->work.deadline_ms =
        (uint32_t)(passed < s->config.request_timeout ? s->config.request_timeout - passed : 1);
    ok = ok && painter_prepare(&s->painter, &x->work, &x->painting, &wrong);
    if (!ok || x->painting) {
        x->cached = ok;
        if (!ok)
            x->problem = wrong;
        exchange_resume(x);
        return;
    }
    x->ticket.done = on_painted;
    painter_start(&s->painter, &x->work, &x->ticket);
    const bool left = atomic_load(&x->gone) && painter_leave(&s->painter, &x->ticket);
    if (left)
        is_last(x); /* in place of who would have painted it */
    if (is_last(x))
        exchange_resume(x);
}

void transfer_start(exchange *x)
{
    problem busy;
    if (!x->memory && !(x->memory = blob_create())) {
        answer_no_memory(x);
        return;
    }
    atomic_store(&x->hands, 2);
    exchange_wait(x, leave);
    if (io_pool_run(&x->server->preparers, IO_SOON, prepare, x))
        return;
    problem_set(&busy, 503, "draining", NULL, "the server is about to stop");
    x->problem = busy;
    exchange_resume(x);
}

void transfer_finish(exchange *x)
{
    if (x->painting)
        transfer_answer(x, x->painting, origin_of(x), x->raw != STYLIZE_FORMAT_NONE);
    else
        answer_problem(x, &x->problem);
}
