#include "api/style_jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/job_routes.h"
#include "api/job_view.h"
#include "http/answer.h"
#include "http/answer_later.h"
#include "paint/prepare.h"
#include "styles/fit_form.h"
#include "styles/gallery.h"
#include "styles/learner.h"

#define PICTURE_MIN 64 /* pixels a side, of an artwork */
#define NUMBERS     1000

bool style_jobs_allowed(const exchange *x)
{
    const server *s = x->server;
    const bool may = s->keys.needed ? x->key.admin : x->local;
    const bool here = !s->config.admin_listen || x->admin;
    return may && here && gallery_folder(s->gallery) && !s->jobs->broker;
}

/* What does not depend on what is asked for. */
static bool is_offered(const exchange *x, problem *wrong)
{
    const server *s = x->server;
    if (s->jobs->broker)
        return problem_set(wrong, 409, "unsupported", NULL,
                           "a server whose jobs are painted by workers, with --broker, learns no styles");
    if (!gallery_folder(s->gallery))
        return problem_set(
            wrong, 409, "no_style_folder", NULL,
            "the server has no folder for styles; it has to be started with --style-dir FOLDER");
    if (exchange_header(x, "X-Subject").data)
        return problem_set(wrong, 422, "unknown_field", "X-Subject",
                           "a style belongs to no subject: DELETE /api/v1/styles/ID removes it");
    return true;
}

static bool is_taken(const server *s, const char *id)
{
    return gallery_has(s->gallery, id) || jobs_of_styles(s->jobs, id).wanted;
}

/* The id that was asked for, or one that nobody has. */
static bool choose_id(const server *s, const fit_form *f, char id[64], problem *wrong)
{
    memcpy(id, f->id, sizeof f->id);
    for (unsigned number = 1; !f->id[0] && number < NUMBERS; number++) {
        fit_form_make_id(f, number, id);
        if (!is_taken(s, id))
            return true;
    }
    return !is_taken(s, id) || problem_set(wrong, 409, "already_there", "style_id",
                                           "style \"%s\" is there already, or being learnt", id);
}

static bool check_picture(server *s, slice picture, problem *wrong)
{
    stylize_image_info info;
    if (!painter_probe(&s->painter, picture, "style_image", &info, wrong))
        return false;
    return (info.width >= PICTURE_MIN && info.height >= PICTURE_MIN) ||
           problem_set(wrong, 422, "invalid_value", "style_image",
                       "the picture is %ux%u pixels; %dx%d is the least", info.width, info.height,
                       PICTURE_MIN, PICTURE_MIN);
}

/* Everything that can be known now is told now, not by a failed job. */
static bool check(exchange *x, job *b, problem *wrong)
{
    server *s = x->server;
    fit_form f;
    char id[64];
    const slice body = {x->memory->body.data ? x->memory->body.data : "", x->memory->body.size};
    if (!is_offered(x, wrong) || !fit_form_read(&f, exchange_type(x), body, wrong) ||
        !check_picture(s, f.picture, wrong) || !choose_id(s, &f, id, wrong))
        return false;
    const style_jobs open = jobs_of_styles(s->jobs, NULL);
    if (open.waiting + open.running >= STYLES_WAIT_MAX)
        return problem_set(wrong, 503, "queue_full", NULL, "%zu styles wait to be learnt; try again later",
                           open.waiting);
    if (!(b->style = job_style_create(id)))
        return problem_set(wrong, 503, "out_of_memory", NULL, "memory for the request could not be had");
    return true;
}

static void post(exchange *x) { job_accept(x, check); }

void style_jobs_post(exchange *x) { answer_later(x, post); }

/* The job of the address if it learns a style; held, or NULL, and x has an answer. */
static job *find(exchange *x)
{
    problem p;
    job *b = job_asked(x);
    if (!b || b->style)
        return b;
    job_release(b);
    problem_set(&p, 409, "no_style", NULL, "the job paints; only one that learns a style can do this");
    answer_problem(x, &p);
    return NULL;
}

static void preview(exchange *x)
{
    problem p;
    stylize_error err = {0};
    job *b = find(x);
    if (!b)
        return;
    stylize_image file = {0}, pixels = {.format = STYLIZE_FORMAT_RGB8};
    pixels.pixels = job_style_preview(b->style, &pixels.width);
    pixels.height = pixels.width;
    pixels.stride = 3 * (size_t)pixels.width;
    if (!pixels.pixels) {
        problem_set(&p, 404, "no_preview", NULL, "there is no preview yet, or none any more");
        answer_problem(x, &p);
    } else if (stylize_image_encode(x->server->ctx, &pixels, STYLIZE_FORMAT_JPEG, 0, &file, &err) !=
               STYLIZE_OK) {
        problem_from(&p, &err, NULL);
        answer_problem(x, &p);
    } else {
        buf copy = {0};
        buf_append(&copy, file.pixels, file.size);
        answer_buf(x, 200, "image/jpeg", &copy);
        answer_header(x, "Cache-Control", "no-store");
    }
    stylize_image_free(&file);
    free(pixels.pixels);
    job_release(b);
}

void style_jobs_preview(exchange *x) { answer_prepared(x, preview); }

void style_jobs_keep(exchange *x)
{
    problem p;
    job *b = find(x);
    if (!b)
        return;
    if (b->state == JOB_RUNNING) {
        job_style_keep(b->style);
        answer_json(x, 202, job_json(x->server->jobs, b));
    } else {
        problem_set(&p, 409, "not_running", NULL,
                    b->state == JOB_QUEUED ? "nothing was learnt yet that could be kept" : "the job is over");
        answer_problem(x, &p);
    }
    job_release(b);
}
