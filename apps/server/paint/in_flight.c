#include "paint/in_flight.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

void flight_release(flight *f)
{
    if (atomic_fetch_sub(&f->references, 1) != 1)
        return;
    work_free(&f->work);
    free(f);
}

ticket *flight_take_tickets(flight *f)
{
    ticket *waiting = f->tickets;
    f->tickets = NULL;
    for (ticket *t = waiting; t; t = t->next)
        t->flight = NULL;
    return waiting;
}

static void describe_styles(const params *r, char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < r->style_count && n < size; i++) {
        const char *name = r->styles[i].picture.data ? "picture" : r->styles[i].id;
        const int k = r->style_count == 1 ? snprintf(out + n, size - n, "%s", name)
                                          : snprintf(out + n, size - n, "%s%s:%.4g", i ? "," : "", name,
                                                     (double)r->styles[i].weight);
        n += k > 0 ? (size_t)k : 0;
    }
}

painting *flight_painting(const flight *f, stylize_image *result)
{
    painting *made = calloc(1, sizeof *made);
    if (!made)
        return NULL;
    const stylize_report *r = &f->report;
    atomic_init(&made->references, 1);
    made->made = (int64_t)now_seconds();
    painting_take(made, result);
    memcpy(made->engine, r->engine, sizeof made->engine);
    memcpy(made->model, r->model, sizeof made->model);
    describe_styles(&f->work.params, made->style, sizeof made->style);
    memcpy(made->subject, f->work.params.subject, sizeof made->subject);
    made->tiles = r->tiles;
    made->batch_size = r->batch_size;
    made->degraded = f->work.degraded;
    made->damaged = r->damaged;
    made->strength = r->strength;
    made->queue_seconds = (double)r->queue_ns * 1e-9;
    made->prepare_seconds = (double)r->prepare_ns * 1e-9;
    made->engine_seconds = (double)r->engine_ns * 1e-9;
    made->finish_seconds = (double)r->finish_ns * 1e-9;
    return made;
}

flight *flight_create(struct painter *p, const work *w, uint64_t erasures)
{
    flight *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    const params *r = &w->params;
    atomic_init(&f->references, 2);
    f->painter = p;
    f->work = *w;
    f->work.memory = blob_hold(w->memory);
    f->accepted_ns = now_ns();
    f->erasures = erasures;
    f->content = encoded_image(r->content);
    for (size_t i = 0; i < r->style_count; i++) {
        f->pictures[i] = encoded_image(r->styles[i].picture);
        f->refs[i] = (stylize_style_ref){.weight = r->styles[i].weight};
        if (r->styles[i].picture.data)
            f->refs[i].picture = &f->pictures[i];
        else
            f->refs[i].id = f->work.params.styles[i].id;
        f->masks[i] = encoded_image(r->masks[i]);
        f->parts[i] = encoded_image(r->parts[i]);
        f->part_refs[i] = r->parts[i].size ? &f->parts[i] : NULL;
        f->mask_refs[i] = r->masks[i].size ? &f->masks[params_mask(r, i)] : NULL;
    }
    stylize_request *q = &f->request;
    stylize_request_init(q, sizeof *q);
    q->content = &f->content;
    q->styles = f->refs;
    q->style_count = r->style_count;
    q->masks = params_masked(r) ? f->mask_refs : NULL;
    q->style_masks = params_parted(r) ? f->part_refs : NULL;
    q->method = r->method;
    q->output_size = r->size;
    q->output_width = r->width;
    q->output_height = r->height;
    q->strength = r->strength;
    q->preserve_color = r->preserve_color;
    q->style_scale = r->style_scale;
    q->look = r->look;
    q->seed = r->seed;
    q->iterations = r->iterations;
    q->deadline_ms = w->deadline_ms;
    q->output_format = r->format;
    q->quality = r->quality;
    q->output_depth = r->depth;
    q->keep_metadata = r->keep_metadata;
    q->tolerant = r->tolerant;
    f->report.struct_size = sizeof f->report;
    q->report = &f->report;
    return f;
}
