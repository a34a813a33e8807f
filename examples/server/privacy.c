/* What is stored under a subject: shown, and removed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs.h"
#include "transfer.h"

#define JOBS_AT_ONCE 256

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

/* The next jobs of a subject, held; those after the id `after`, in the list's order. */
static size_t find_jobs(struct jobs *j, const char *subject, job **out, size_t max)
{
    size_t n = 0;
    pthread_mutex_lock(&j->lock);
    for (job *b = j->first; b && n < max; b = b->next)
        if (!strcmp(b->subject, subject) && b->state != JOB_EXPIRED) {
            job_hold(b);
            out[n++] = b;
        }
    pthread_mutex_unlock(&j->lock);
    return n;
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
    painting *p = b->state == JOB_DONE ? job_files_result(j, b->id) : NULL;
    if (p) {
        buf_puts(out, ", ");
        write_picture(p, out);
    }
    blob *upload =
        b->state == JOB_QUEUED || b->state == JOB_RUNNING ? job_files_load(j, b->id, &copy, &type) : NULL;
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

void privacy_export(exchange *x)
{
    server *s = x->server;
    char subject[STORED_SUBJECT];
    job *found[JOBS_AT_ONCE];
    keys_found results = {0};
    buf out = {0};
    if (!subject_of(x, subject))
        return;
    buf_puts(&out, "{\"subject\": \"");
    buf_json(&out, x->part, strlen(x->part));
    buf_puts(&out, "\", \"jobs\": [");
    const size_t n = find_jobs(s->jobs, subject, found, SRV_LEN(found));
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

void privacy_erase(exchange *x)
{
    server *s = x->server;
    char subject[STORED_SUBJECT];
    job *found[JOBS_AT_ONCE];
    size_t n, jobs = 0;
    buf out = {0};
    if (!subject_of(x, subject))
        return;
    /* First the jobs, which could put results into the cache; cancelled ones stay listed, so once each. */
    n = find_jobs(s->jobs, subject, found, SRV_LEN(found));
    for (size_t i = 0; i < n; i++) {
        const bool over = found[i]->state != JOB_QUEUED && found[i]->state != JOB_RUNNING;
        jobs_remove(s->jobs, found[i]);
        if (!over && found[i]->state == JOB_CANCELLED)
            jobs_remove(s->jobs, found[i]);
        jobs++;
        job_release(found[i]);
    }
    const size_t results = cache_forget(&s->painter.cache, subject);
    buf_printf(&out, "{\"deleted\": {\"jobs\": %zu, \"results\": %zu}, \"complete\": %s}\n", jobs, results,
               n < SRV_LEN(found) ? "true" : "false");
    answer_buf(x, 200, "application/json", &out);
}
