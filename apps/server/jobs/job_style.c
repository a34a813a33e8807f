#include "jobs/job_style.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

#define LEFT_AFTER 0.005f /* of a part has to be done before the rest of its time is guessed */

struct job_style {
    char id[64];
    atomic_bool keep, cancel;
    pthread_mutex_t lock; /* of all below */
    style_progress now;
    bool network; /* is to be trained */
    uint64_t begun_ns, most_ns;
    uint64_t part_ns; /* when this part began, and how much was done then */
    float part_done;
    uint8_t *pixels; /* RGB, side x side */
    uint32_t side;
};

job_style *job_style_create(const char *id)
{
    job_style *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    snprintf(s->id, sizeof s->id, "%s", id);
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void job_style_free(job_style *s)
{
    if (!s)
        return;
    free(s->pixels);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

const char *job_style_id(const job_style *s) { return s->id; }

void job_style_begin(job_style *s, uint64_t most_ms, bool network)
{
    pthread_mutex_lock(&s->lock);
    s->begun_ns = s->part_ns = now_ns();
    s->most_ns = most_ms * 1000000;
    s->part_done = 0;
    s->network = network;
    s->now = (style_progress){.begun = true};
    pthread_mutex_unlock(&s->lock);
}

/* Under the lock; without memory the preview before it stays. */
static void take_picture(job_style *s, const stylize_image *picture)
{
    const size_t row = (size_t)picture->width * 3;
    uint8_t *pixels = s->side == picture->width ? s->pixels : realloc(s->pixels, row * picture->height);
    if (!pixels)
        return;
    s->pixels = pixels;
    s->side = picture->width;
    for (uint32_t y = 0; y < picture->height; y++)
        memcpy(pixels + y * row, picture->pixels + y * picture->stride, row);
    s->now.previews++;
}

int job_style_step(job_style *s, const stylize_fit_state *state)
{
    pthread_mutex_lock(&s->lock);
    if (s->now.network != (state->network != 0)) { /* the other part goes at another pace */
        s->part_ns = now_ns();
        s->part_done = state->done;
    }
    s->now.network = state->network != 0;
    s->now.steps = state->steps;
    s->now.done = state->done;
    s->now.loss = state->loss;
    if (state->picture && state->picture->width == state->picture->height)
        take_picture(s, state->picture);
    pthread_mutex_unlock(&s->lock);
    return atomic_load(&s->cancel) ? STYLIZE_FIT_CANCEL
           : atomic_load(&s->keep) ? STYLIZE_FIT_KEEP
                                   : STYLIZE_FIT_GO_ON;
}

void job_style_end(job_style *s, const stylize_fit *f)
{
    pthread_mutex_lock(&s->lock);
    s->now.seconds = (double)(now_ns() - s->begun_ns) * 1e-9;
    s->now.network = f->network_made > 0;
    s->now.steps = f->network_made ? f->network_made : f->code_made;
    s->now.loss = f->loss;
    s->now.ended_early = f->ended_early != 0;
    s->now.over = true;
    pthread_mutex_unlock(&s->lock);
}

void job_style_forget(job_style *s)
{
    pthread_mutex_lock(&s->lock);
    free(s->pixels);
    s->pixels = NULL;
    s->side = s->now.previews = 0;
    pthread_mutex_unlock(&s->lock);
}

void job_style_cancel(job_style *s) { atomic_store(&s->cancel, true); }

void job_style_keep(job_style *s) { atomic_store(&s->keep, true); }

/* Under the lock: by the pace of this part; that of the code says nothing of the network's. */
static double guess_left(const job_style *s, uint64_t now)
{
    const float made = s->now.done - s->part_done;
    const double limit = s->most_ns ? (double)(s->begun_ns + s->most_ns) - (double)now : -1;
    if (s->now.network != s->network || made < LEFT_AFTER * (1 - s->part_done))
        return limit * 1e-9;
    const double left = (double)(now - s->part_ns) * (double)((1 - s->now.done) / made);
    return 1e-9 * (limit >= 0 && limit < left ? limit : left);
}

style_progress job_style_read(job_style *s)
{
    pthread_mutex_lock(&s->lock);
    style_progress p = s->now;
    if (p.begun && !p.over) {
        const uint64_t now = now_ns();
        p.seconds = (double)(now - s->begun_ns) * 1e-9;
        p.left = guess_left(s, now);
    }
    pthread_mutex_unlock(&s->lock);
    return p;
}

uint8_t *job_style_preview(job_style *s, uint32_t *side)
{
    pthread_mutex_lock(&s->lock);
    const size_t size = (size_t)s->side * s->side * 3;
    uint8_t *copy = s->pixels ? malloc(size) : NULL;
    if (copy)
        memcpy(copy, s->pixels, size);
    *side = s->side;
    pthread_mutex_unlock(&s->lock);
    return copy;
}
