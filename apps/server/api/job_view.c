#include "api/job_view.h"

#include <math.h>
#include <string.h>

#include "jobs/broker_jobs.h"

/* In the list of this server; held for the caller. */
static job *find_here(exchange *x)
{
    const bool all = !x->server->keys.needed || x->key.admin;
    return jobs_find(x->server->jobs, x->part, all ? NULL : x->key.name);
}

job *job_of(exchange *x, bool *asked)
{
    struct broker *broker = x->server->jobs->broker;
    job *b = find_here(x);
    *asked = true;
    if (b || !broker)
        return b;
    job_release(broker_find(broker, x->part, asked));
    return find_here(x);
}

bool job_missing(problem *p, bool asked)
{
    return asked ? problem_set(p, 404, "unknown_job", NULL, "there is no such job")
                 : problem_set(p, 503, "no_broker", NULL, "jobs cannot be looked up now; try again later");
}

/* How far the style is; what is known of that goes with a restart. */
static void add_style(json_t *view, const job *b, job_state state)
{
    const style_progress p = job_style_read(b->style);
    json_t *style = json_pack("{s:s}", "style_id", job_style_id(b->style));
    if (p.begun && state != JOB_QUEUED) {
        json_object_set_new(style, "seconds", json_integer((json_int_t)p.seconds));
        if (p.steps) {
            json_object_set_new(style, "part", json_string(p.network ? "network" : "code"));
            json_object_set_new(style, "steps", json_integer(p.steps));
            json_object_set_new(style, "loss", json_real(round(1e4 * (double)p.loss) * 1e-4));
        }
        if (state == JOB_RUNNING && p.left >= 0)
            json_object_set_new(style, "seconds_left", json_integer((json_int_t)ceil(p.left)));
        if (p.previews)
            json_object_set_new(style, "preview",
                                json_sprintf("/api/v1/jobs/%s/preview?%u", b->id, p.previews));
        if (state == JOB_DONE)
            json_object_set_new(style, "ended_early", json_boolean(p.ended_early));
    }
    json_object_set_new(view, "style", style);
    if (state == JOB_RUNNING)
        json_object_set_new(view, "progress", json_real(round(1e3 * (double)p.done) * 1e-3));
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
    json_t *view =
        json_pack("{s:s, s:s, s:s, s:f, s:I}", "id", b->id, "kind", b->style ? "style" : "painting", "state",
                  job_word(state), "progress", progress / 1000.0, "created", (json_int_t)b->created);
    if (view && b->style)
        add_style(view, b, state);
    if (view && state == JOB_QUEUED && !b->remote)
        json_object_set_new(view, "place", json_integer(place));
    if (view && state >= JOB_DONE) {
        json_object_set_new(view, "ended", json_integer(ended));
        json_object_set_new(view, "expires", json_integer(ended + (int64_t)(j->config->job_ttl / 1000)));
    }
    if (view && state == JOB_DONE)
        json_object_set_new(view, "result", json_sprintf("/api/v1/jobs/%s/result", b->id));
    if (view && state == JOB_FAILED)
        json_object_set_new(
            view, "error",
            json_pack("{s:s, s:o}", "code", why.code, "message", json_any(why.message, strlen(why.message))));
    return view;
}
