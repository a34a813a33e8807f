#include "styles/learner.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/log.h"
#include "common/clock.h"
#include "common/names.h"
#include "jobs/job_end.h"
#include "styles/fit_form.h"

#define NICE 10 /* a tenth of a processor where pictures take all of them: so it comes to its end even then */

struct learner {
    struct jobs *jobs;
    struct gallery *gallery;
    pthread_t thread;
    bool started;
    atomic_bool stop;
    job *last; /* whose preview is still kept, though it is over; held */
};

/* Under way. */
typedef struct learning {
    struct learner *learner;
    job *job;
} learning;

static int on_step(void *user, const stylize_fit_state *state)
{
    const learning *w = user;
    const int wanted = job_style_step(w->job->style, state);
    return atomic_load(&w->learner->stop) ? STYLIZE_FIT_CANCEL : wanted;
}

/* Memory, time and steps are those of the form. */
static stylize_status fit(struct learner *l, job *b, const fit_form *form, stylize_error *err)
{
    learning w = {l, b};
    const stylize_image picture = encoded_image(form->picture);
    const stylize_style_info info = {.id = job_style_id(b->style),
                                     .display_name = form->name[0] ? form->name : NULL,
                                     .artist = form->artist[0] ? form->artist : NULL};
    stylize_fit f;
    stylize_fit_init(&f, sizeof f);
    f.info = &info;
    f.picture = &picture;
    f.effort = form->effort;
    f.style_scale = form->style_scale;
    f.code_steps = (uint32_t)form->code_steps;
    f.network_steps = (uint32_t)form->network_steps;
    f.time_budget_ms = (uint32_t)(1000 * form->max_seconds);
    f.seed = form->seed;
    f.memory_budget = l->jobs->config->style_memory;
    f.progress = on_step;
    f.progress_user = &w;
    job_style_begin(b->style, 1000 * form->max_seconds, form->effort != STYLIZE_EFFORT_FAST);
    const stylize_status status = gallery_learn(l->gallery, &f, err);
    if (status == STYLIZE_OK)
        job_style_end(b->style, &f);
    return status;
}

/* Why there is no style, for its client. */
static void explain(problem *why, const stylize_error *err)
{
    if (err->status == STYLIZE_ERR_IO)
        problem_set(why, 503, "no_storage", NULL, "the style could not be saved: %s", err->message);
    else
        problem_from(why, err, NULL);
}

static bool read_form(struct jobs *j, job *b, blob **memory, fit_form *form, problem *wrong)
{
    job about = {.created = 0};
    slice type;
    *memory = job_files_load(&j->files, b->id, &about, &type);
    job_style_free(about.style);
    if (!*memory)
        return problem_set(wrong, 500, "internal", NULL, "the upload of the job could not be read");
    return fit_form_read(form, type, (slice){(*memory)->body.data, (*memory)->body.size}, wrong);
}

/* An earlier run may have saved it, and ended before it could write that down. */
static bool is_learnt(const struct learner *l, const job *b)
{
    return !b->client && gallery_has(l->gallery, job_style_id(b->style));
}

static void tell(const job *b, const problem *why, uint64_t began)
{
    const style_progress p = job_style_read(b->style);
    const char *id = job_style_id(b->style);
    const double seconds = (double)(now_ns() - began) * 1e-9;
    if (b->state == JOB_DONE)
        log_line(STYLIZE_LOG_INFO, "style %s was learnt in %.1f s, with %.0f %% of the loss of the nearest",
                 id, seconds, 100 * (double)p.loss);
    else if (b->state == JOB_FAILED)
        log_line(STYLIZE_LOG_ERROR, "style %s was not learnt: %s", id, why->message);
    else
        log_line(STYLIZE_LOG_INFO, "style %s %s after %.1f s", id,
                 b->state == JOB_QUEUED ? "is put off to the next run" : "was cancelled", seconds);
}

/* One preview at a time is kept of those that are over. */
static void keep_preview(struct learner *l, job *b)
{
    if (l->last)
        job_style_forget(l->last->style);
    job_release(l->last);
    job_hold(b);
    l->last = b;
}

static void learn(struct learner *l, job *b)
{
    struct jobs *j = l->jobs;
    const uint64_t began = now_ns();
    fit_form form;
    blob *memory = NULL;
    problem why;
    stylize_error err = {0};
    log_line(STYLIZE_LOG_INFO, "style %s is being learnt, by job %s", job_style_id(b->style), b->id);
    bool ok = is_learnt(l, b) || read_form(j, b, &memory, &form, &why);
    if (ok && memory && fit(l, b, &form, &err) != STYLIZE_OK) {
        explain(&why, &err);
        ok = false;
    }
    blob_release(memory);
    jobs_finish(j, b, ok ? JOB_DONE : JOB_FAILED, NULL, ok ? NULL : &why);
    if (ok && b->state == JOB_CANCELLED) /* just as it was saved */
        gallery_remove(l->gallery, job_style_id(b->style), &err);
    tell(b, &why, began);
    keep_preview(l, b);
}

/* Under the lock. */
static job *next_queued(struct jobs *j)
{
    job *b = j->first;
    while (b && (!b->style || b->state != JOB_QUEUED))
        b = b->next;
    return b;
}

static void *run(void *arg)
{
    struct learner *l = arg;
    struct jobs *j = l->jobs;
    setpriority(PRIO_PROCESS, 0, NICE); /* of this thread; where that is not allowed it shares */
    pthread_mutex_lock(&j->lock);
    while (!j->stop) {
        job *b = next_queued(j);
        if (!b) {
            pthread_cond_wait(&j->styles_changed, &j->lock);
            continue;
        }
        b->state = JOB_RUNNING;
        b->begun_ms = job_now_ms();
        job_hold(b);
        pthread_mutex_unlock(&j->lock);
        learn(l, b);
        job_release(b);
        pthread_mutex_lock(&j->lock);
    }
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

struct learner *learner_create(struct jobs *j, struct gallery *g)
{
    struct learner *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->jobs = j;
    l->gallery = g;
    return l;
}

bool learner_start(struct learner *l)
{
    l->started = !pthread_create(&l->thread, NULL, run, l);
    return l->started;
}

void learner_stop(struct learner *l)
{
    if (!l)
        return;
    atomic_store(&l->stop, true);
    if (l->started)
        pthread_join(l->thread, NULL);
    l->started = false;
}

void learner_destroy(struct learner *l)
{
    if (!l)
        return;
    job_release(l->last);
    free(l);
}
