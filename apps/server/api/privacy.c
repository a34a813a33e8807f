#include "api/privacy.h"

#include <stdlib.h>
#include <string.h>

#include "api/batch.h"
#include "api/job_view.h"
#include "api/transfer.h"
#include "common/names.h"
#include "fleet/fleet.h"
#include "fleet/report.h"
#include "http/answer.h"
#include "http/answer_later.h"
#include "jobs/broker_jobs.h"
#include "jobs/job_removal.h"

/* The subject of the address as it is stored; false: x has an answer. */
static bool subject_of(exchange *x, char out[STORED_SUBJECT])
{
    params p = {0};
    problem wrong;
    if (!params_set(&p, NULL, (slice){"subject", 7}, (slice){x->part, strlen(x->part)}, &wrong)) {
        answer_problem(x, &wrong);
        return false;
    }
    subject_join(out, x->key.name, p.subject);
    return true;
}

typedef struct keys_found {
    painting_key *list;
    size_t count, capacity;
} keys_found;

static void collect(void *user, const painting_key *key, uint64_t bytes)
{
    keys_found *f = user;
    for (size_t i = 0; i < f->count; i++)
        if (!memcmp(&f->list[i], key, sizeof *key))
            return;
    if (f->count == f->capacity) {
        const size_t capacity = f->capacity ? 2 * f->capacity : 32;
        painting_key *more = realloc(f->list, capacity * sizeof *more);
        if (!more)
            return;
        f->list = more;
        f->capacity = capacity;
    }
    f->list[f->count++] = *key;
}

static void write_picture(const painting *p, buf *out)
{
    buf_printf(out, "\"picture\": \"data:%s;base64,", format_type(p->image.format));
    buf_base64(out, p->image.pixels, p->image.size);
    buf_puts(out, "\"");
}

static void write_job(struct jobs *j, job *b, buf *out)
{
    slice type;
    job copy = {0};
    buf_puts(out, "{\"job\": ");
    job_write_json(j, b, out);
    painting *p = b->state != JOB_DONE ? NULL
                  : b->remote          ? broker_result(j->broker, b)
                                       : job_files_result(&j->files, b->id);
    if (p) {
        buf_puts(out, ", ");
        write_picture(p, out);
    }
    const bool open = b->state == JOB_QUEUED || b->state == JOB_RUNNING;
    blob *upload = open && !b->remote ? job_files_load(&j->files, b->id, &copy, &type) : NULL;
    buf photograph = {0};
    if (open && b->remote && broker_upload(j->broker, b, &photograph)) {
        buf_puts(out, ", \"upload\": \"");
        buf_base64(out, photograph.data, photograph.size);
        buf_puts(out, "\"");
    }
    buf_free(&photograph);
    if (upload) {
        buf_puts(out, ", \"upload_type\": \"");
        buf_json(out, type.data, type.size);
        buf_puts(out, "\", \"upload\": \"");
        buf_base64(out, upload->body.data, upload->body.size);
        buf_puts(out, "\"");
    }
    buf_puts(out, "}");
    blob_release(upload);
    painting_release(p);
}

static void export_data(exchange *x)
{
    server *s = x->server;
    char subject[STORED_SUBJECT];
    job *found[JOBS_AT_ONCE];
    keys_found results = {0};
    buf out = {0};
    if (!subject_of(x, subject))
        return;
    if (s->jobs->broker)
        broker_find_subject(s->jobs->broker, subject);
    buf_puts(&out, "{\"subject\": \"");
    buf_json(&out, x->part, strlen(x->part));
    buf_puts(&out, "\", \"jobs\": [");
    const size_t n = jobs_of_subject(s->jobs, subject, INT64_MAX, found, APP_LEN(found));
    for (size_t i = 0; i < n; i++) {
        buf_puts(&out, i ? ", " : "");
        write_job(s->jobs, found[i], &out);
        job_release(found[i]);
    }
    buf_puts(&out, "], \"results\": [");
    for (int i = 0; i < s->painter.cache.tier_count; i++)
        s->painter.cache.tiers[i].list(s->painter.cache.tiers[i].state, subject, collect, &results);
    bool any = false;
    for (size_t i = 0; i < results.count; i++) {
        int tier;
        painting *p = cache_get(&s->painter.cache, &results.list[i], &tier);
        if (!p)
            continue;
        buf_puts(&out, any ? ", {" : "{");
        transfer_describe(p, "hit", &out);
        buf_puts(&out, ", ");
        write_picture(p, &out);
        buf_puts(&out, "}");
        painting_release(p);
        any = true;
    }
    free(results.list);
    buf_puts(&out, "]}\n");
    answer_buf(x, 200, "application/json", &out);
}

static void erase_data(exchange *x)
{
    server *s = x->server;
    char subject[STORED_SUBJECT];
    buf out = {0};
    if (!subject_of(x, subject))
        return;
    const bool whole = fleet_whole(s);
    /* First what puts results into the cache. */
    batches_erase(s, subject);
    if (s->jobs->broker)
        broker_find_subject(s->jobs->broker, subject);
    const size_t jobs = jobs_erase(s->jobs, subject, INT64_MAX, false);
    const size_t paintings = painter_erase(&s->painter, subject);
    const size_t results = keeper_forget(&s->painter.keeper, subject);
    const bool told = fleet_erased(s, subject);
    const bool complete = jobs < JOBS_AT_ONCE && whole && told && fleet_whole(s);
    buf_printf(&out,
               "{\"deleted\": {\"paintings\": %zu, \"jobs\": %zu, \"results\": %zu}, \"complete\": %s}\n",
               paintings, jobs, results, complete ? "true" : "false");
    answer_buf(x, 200, "application/json", &out);
}

void privacy_export(exchange *x) { answer_later(x, export_data); }

void privacy_erase(exchange *x) { answer_later(x, erase_data); }
