/*
 * What a job has that learns a style instead of painting: how far it is, and what its client wants of it. The thread
 * that learns writes it, and any reads it; its own lock, since that thread has a low priority and must not hold the
 * lock of all jobs.
 */
#ifndef SERVER_JOB_STYLE_H
#define SERVER_JOB_STYLE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <stylize/stylize.h>

typedef struct job_style job_style;

/* How it stands. */
typedef struct style_progress {
    bool begun;
    float done; /* 0 to 1 */
    bool network;
    uint32_t steps; /* of this part */
    float loss;
    double seconds, left; /* since it began; until its end, below 0: not known yet */
    uint32_t previews;    /* made so far; 0: there is none */
    bool over, ended_early;
} style_progress;

/* NULL without memory. */
job_style *job_style_create(const char *id);
void job_style_free(job_style *s);
const char *job_style_id(const job_style *s);

/* By the thread that learns. most_ms: 0, or the time that it has; network: one is trained after the code. */
void job_style_begin(job_style *s, uint64_t most_ms, bool network);
/* What the library is to do now: a stylize_fit_answer. */
int job_style_step(job_style *s, const stylize_fit_state *state);
void job_style_end(job_style *s, const stylize_fit *f);
/* The newest preview is not needed any more. */
void job_style_forget(job_style *s);

/* What its client wants. */
void job_style_cancel(job_style *s);
void job_style_keep(job_style *s);

style_progress job_style_read(job_style *s);
/* The newest preview, a copy that is released with free; NULL: there is none, or no memory. Its sides are equal. */
uint8_t *job_style_preview(job_style *s, uint32_t *side);

#endif
