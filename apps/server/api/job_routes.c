#include "api/job_routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/job_view.h"
#include "api/raw_body.h"
#include "api/transfer.h"
#include "http/answer.h"
#include "http/answer_later.h"
#include "jobs/broker.h"
#include "jobs/broker_jobs.h"
#include "jobs/broker_post.h"
#include "jobs/job_admission.h"
#include "jobs/job_removal.h"
#include "jobs/job_run.h"
#include "paint/params_read.h"
#include "paint/prepare.h"
#include "styles/gallery.h"

static void answer_job(exchange *x, unsigned status, const job *b)
{
    answer_json(x, status, job_json(x->server->jobs, b));
}

job *job_asked(exchange *x)
{
    problem p;
    bool asked;
    job *b = job_of(x, &asked);
    if (!b) {
        job_missing(&p, asked);
        answer_problem(x, &p);
        return NULL;
    }
    if (b->state == JOB_EXPIRED) {
        job_release(b);
        problem_set(&p, 410, "expired", NULL,
                    "the job and its result went after their time, or made room for newer ones");
        answer_problem(x, &p);
        return NULL;
    }
    return b;
}

/* Everything that is wrong with a job is told now, not by a failed job. */
static bool check_painting(exchange *x, job *b, problem *wrong)
{
    server *s = x->server;
    const params_limits limits = params_limits_of(&s->config);
    painting *cached = NULL;
    if (!params_read(&x->work.params, &limits, x->memory, exchange_type(x), wrong) ||
        !transfer_subject(x, &x->work.params, wrong))
        return false;
    x->work.memory = blob_hold(x->memory);
    x->work.params.allow_degraded = false;
    if (!painter_prepare(&s->painter, &x->work, &cached, wrong))
        return false;
    painting_release(cached);
    memcpy(b->subject, x->work.params.subject, sizeof b->subject);
    return true;
}

static bool open_folder(server *s, problem *wrong)
{
    char message[400];
    pthread_mutex_lock(&s->jobs->lock);
    const bool open =
        s->jobs->broker || job_files_open(&s->jobs->files, s->config.state_dir, message, sizeof message);
    pthread_mutex_unlock(&s->jobs->lock);
    return open || problem_set(wrong, 503, "no_storage", NULL, "%s", message);
}

/* Writes it down; from here on it is not lost. */
static bool write_down(exchange *x, job *b, problem *wrong)
{
    server *s = x->server;
    if (b->id[0] == '\0')
        random_id(b->id);
    b->created = time(NULL);
    b->since_ms = job_now_ms();
    b->bytes = s->jobs->broker ? 0 : x->memory->body.size;
    snprintf(b->owner, sizeof b->owner, "%s", x->key.name);
    x->work.trace = x->trace;
    if (s->jobs->broker)
        return broker_post(s->jobs->broker, b, &x->work, wrong);
    if (!job_files_save(&s->jobs->files, b, exchange_type(x), x->memory))
        return problem_set(wrong, 503, "no_storage", NULL, "the job could not be stored; try again later");
    return true;
}

static void answer_accepted(exchange *x, const job *b)
{
    char where[64];
    answer_job(x, 202, b);
    snprintf(where, sizeof where, "/api/v1/jobs/%s", b->id);
    answer_header(x, "Location", where);
}

/* The job that this very request made when it was sent before; held, or NULL. */
static job *find_repeated(exchange *x, bool *asked)
{
    server *s = x->server;
    *asked = true;
    job *b = jobs_find(s->jobs, x->repeat.id, NULL);
    if (!b && s->jobs->broker)
        b = broker_find(s->jobs->broker, x->repeat.id, asked);
    if (b && b->state == JOB_EXPIRED) {
        jobs_unlist(s->jobs, b);
        job_release(b);
        b = NULL;
    }
    return b;
}

static void accept_job(exchange *x, bool (*check)(exchange *x, job *b, problem *wrong))
{
    problem wrong;
    bool asked = true;
    job *b = x->repeat.given ? find_repeated(x, &asked) : NULL;
    if (!asked) { /* it may be in work already: not twice */
        job_missing(&wrong, false);
        answer_problem(x, &wrong);
        return;
    }
    if (b) {
        answer_accepted(x, b);
        answer_header(x, "Idempotent-Replayed", "true");
        job_release(b);
        return;
    }
    b = calloc(1, sizeof *b);
    if (!b) {
        answer_no_memory(x);
        return;
    }
    atomic_init(&b->references, 1);
    memcpy(b->id, x->repeat.id, sizeof b->id);
    b->client = exchange_client(x);
    const uint64_t bytes = x->memory->body.size;
    bool ok = check(x, b, &wrong) && open_folder(x->server, &wrong) &&
              jobs_admit(x->server->jobs, b->client, bytes, &wrong);
    if (ok) {
        ok = write_down(x, b, &wrong);
        if (ok) {
            job_hold(b);
            jobs_add(x->server->jobs, b);
            atomic_fetch_add(&x->server->metrics.jobs_accepted, 1);
        }
        jobs_admitted(x->server->jobs, bytes);
    }
    if (ok)
        answer_accepted(x, b);
    else
        answer_problem(x, &wrong);
    job_release(b);
}

void job_accept(exchange *x, bool (*check)(exchange *x, job *b, problem *wrong))
{
    problem wrong;
    if (!x->memory)
        x->memory = blob_create();
    if (!x->memory) {
        answer_empty(x, 503);
    } else if (!raw_body_wrap(x, &wrong) || !exchange_repeat(x, true, &wrong)) {
        answer_problem(x, &wrong);
    } else {
        accept_job(x, check);
        idempotency_end(&x->server->idempotency, &x->repeat);
    }
}

static void post(exchange *x) { job_accept(x, check_painting); }

static void get(exchange *x)
{
    job *b = job_asked(x);
    if (b)
        answer_job(x, 200, b);
    job_release(b);
}

static void get_result(exchange *x)
{
    struct jobs *j = x->server->jobs;
    problem p;
    job *b = job_asked(x);
    if (!b)
        return;
    pthread_mutex_lock(&j->lock);
    const job_state state = b->state;
    painting *result = b->result ? painting_hold(b->result) : NULL;
    p = b->problem;
    pthread_mutex_unlock(&j->lock);
    json_t *style =
        state == JOB_DONE && b->style ? gallery_style_json(x->server->gallery, job_style_id(b->style)) : NULL;
    if (state == JOB_DONE && !result && !b->style)
        result = b->remote ? broker_result(j->broker, b) : job_files_result(&j->files, b->id);
    if (style) {
        answer_json(x, 200, style);
    } else if (result) {
        transfer_answer(x, result, "job", transfer_accepted(x) != STYLIZE_FORMAT_NONE);
    } else if (state == JOB_DONE || state == JOB_CANCELLED) {
        problem_set(&p, 410, "gone", NULL, "the job has no result any more");
        answer_problem(x, &p);
    } else if (state == JOB_FAILED) {
        answer_problem(x, &p);
    } else {
        problem_set(&p, 409, "not_done", NULL, "the job is not done yet");
        answer_problem(x, &p);
    }
    painting_release(result);
    job_release(b);
}

static void delete (exchange *x)
{
    problem p;
    job *b = job_asked(x);
    if (!b)
        return;
    if (jobs_remove(x->server->jobs, b)) {
        answer_empty(x, 204);
    } else {
        problem_set(&p, 503, "not_removed", NULL, "data of the job cannot be removed now; it is tried again");
        answer_problem(x, &p);
    }
    job_release(b);
}

/* They wait for the disk, or for Redis and the store; threads that serve connections do not. */
void jobs_post(exchange *x) { answer_later(x, post); }

void jobs_result(exchange *x) { answer_later(x, get_result); }

void jobs_delete(exchange *x) { answer_later(x, delete); }

void jobs_get(exchange *x)
{
    if (x->server->jobs->broker)
        answer_later(x, get);
    else
        get(x); /* of memory only */
}
