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

json_t *job_json(struct jobs *j, const job *b)
{
    const unsigned place = b->state == JOB_QUEUED ? jobs_place(j, b) : 0;
    pthread_mutex_lock(&j->lock);
    const job_state state = b->state;
    const problem why = b->problem;
    const int64_t ended = b->ended;
    pthread_mutex_unlock(&j->lock);
    const unsigned progress = state == JOB_DONE ? 1000 : state == JOB_RUNNING ? atomic_load(&b->progress) : 0;
    json_t *view = json_pack("{s:s, s:s, s:f, s:I}", "id", b->id, "state", job_word(state), "progress",
                             progress / 1000.0, "created", (json_int_t)b->created);
    if (view && state == JOB_QUEUED && !b->remote)
        json_object_set_new(view, "place", json_integer(place));
    if (view && state >= JOB_DONE) {
        json_object_set_new(view, "ended", json_integer(ended));
        json_object_set_new(view, "expires", json_integer(ended + (int64_t)(j->config->job_ttl / 1000)));
    }
    if (view && state == JOB_DONE)
        json_object_set_new(view, "result", json_sprintf("/api/v1/jobs/%s/result", b->id));
    if (view && state == JOB_FAILED)
        json_object_set_new(view, "error",
                            json_pack("{s:s, s:o}", "code", why.code, "message",
                                      json_any(why.message, strlen(why.message))));
    return view;
}
