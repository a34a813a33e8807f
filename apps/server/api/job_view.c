#include "api/job_view.h"

#include <string.h>

#include "jobs/broker_jobs.h"

/* In the list of this server; held for the caller. */
static job *find_here(exchange *x)
{
    const bool all = !x->server->keys.needed || x->key.admin;
    return jobs_find(x->server->jobs, x->part, all ? NULL : x->key.name);
}

job *job_of(exchange *x)
{
    struct broker *broker = x->server->jobs->broker;
    job *b = find_here(x);
    if (b || !broker)
        return b;
    job_release(broker_find(broker, x->part));
    return find_here(x);
}

void job_write_json(struct jobs *j, const job *b, buf *out)
{
    const unsigned place = b->state == JOB_QUEUED ? jobs_place(j, b) : 0;
    pthread_mutex_lock(&j->lock);
    const job_state state = b->state;
    const problem why = b->problem;
    const int64_t ended = b->ended;
    pthread_mutex_unlock(&j->lock);
    const unsigned progress = state == JOB_DONE ? 1000 : state == JOB_RUNNING ? atomic_load(&b->progress) : 0;
    buf_printf(out, "{\"id\": \"%s\", \"state\": \"%s\", \"progress\": %u.%03u, \"created\": %lld", b->id,
               job_word(state), progress / 1000, progress % 1000, (long long)b->created);
    if (state == JOB_QUEUED && !b->remote)
        buf_printf(out, ", \"place\": %u", place);
    if (state >= JOB_DONE)
        buf_printf(out, ", \"ended\": %lld, \"expires\": %lld", (long long)ended,
                   (long long)(ended + (int64_t)(j->config->job_ttl / 1000)));
    if (state == JOB_DONE)
        buf_printf(out, ", \"result\": \"/api/v1/jobs/%s/result\"", b->id);
    if (state == JOB_FAILED) {
        buf_printf(out, ", \"error\": {\"code\": \"%s\", \"message\": \"", why.code);
        buf_json(out, why.message, strlen(why.message));
        buf_puts(out, "\"}");
    }
    buf_puts(out, "}");
}
