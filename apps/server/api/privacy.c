#include "api/privacy.h"

#include <stdio.h>
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

/* An object with the picture in front. */
static void write_picture(const painting *p, json_t *taken, buf *out)
{
    char before[64];
    snprintf(before, sizeof before, "data:%s;base64,", format_type(p->image.format));
    json_write_bytes(taken, "picture", before, p->image.pixels, p->image.size, out);
}

/* A job whose photograph is still needed, with that. */
static void write_open_job(struct jobs *j, job *b, json_t *taken, buf *out)
{
    slice type;
    job copy = {0};
    buf photograph = {0};
    blob *upload = b->remote ? NULL : job_files_load(&j->files, b->id, &copy, &type);
    if (upload) {
        json_object_set_new(taken, "upload_type", json_any(type.data, type.size));
        json_write_bytes(taken, "upload", "", upload->body.data, upload->body.size, out);
    } else if (b->remote && broker_upload(j->broker, b, &photograph)) {
        json_write_bytes(taken, "upload", "", photograph.data, photograph.size, out);
    } else {
        json_write(taken, out);
    }
    buf_free(&photograph);
    blob_release(upload);
}

static void write_job(struct jobs *j, job *b, buf *out)
{
    json_t *whole = json_pack("{s:o}", "job", job_json(j, b));
    if (b->state == JOB_QUEUED || b->state == JOB_RUNNING) {
        write_open_job(j, b, whole, out);
        return;
    }
    painting *p = b->state != JOB_DONE ? NULL
                  : b->remote          ? broker_result(j->broker, b)
                                       : job_files_result(&j->files, b->id);
    if (p)
        write_picture(p, whole, out);
    else
        json_write(whole, out);
    painting_release(p);
}

/* Lists of such objects are put together here: each may be as large as a picture. */
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
    buf_puts(&out, "{\"subject\": ");
    json_write_text(x->part, strlen(x->part), &out);
    buf_puts(&out, ", \"jobs\": [");
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
        buf_puts(&out, any ? ", " : "");
        write_picture(p, transfer_json(p, "hit"), &out);
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
    if (!subject_of(x, subject))
        return;
    const bool whole = fleet_whole(s);
    /* First what puts results into the cache. */
    batches_erase(s, subject);
    if (s->jobs->broker)
        broker_find_subject(s->jobs->broker, subject);
    bool gone = true;
    const size_t jobs = jobs_erase(s->jobs, subject, INT64_MAX, false, &gone);
    const size_t paintings = painter_erase(&s->painter, subject);
    const size_t results = keeper_forget(&s->painter.keeper, subject, &gone);
    const bool told = fleet_erased(s, subject);
    const bool complete = gone && whole && told && fleet_whole(s);
    answer_json(x, 200,
                json_pack("{s:{s:I, s:I, s:I}, s:b}", "deleted", "paintings", (json_int_t)paintings, "jobs",
                          (json_int_t)jobs, "results", (json_int_t)results, "complete", (int)complete));
}

void privacy_export(exchange *x) { answer_later(x, export_data); }

void privacy_erase(exchange *x) { answer_later(x, erase_data); }
