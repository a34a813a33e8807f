/* A painter over an engine without a network, and somebody who waits for a painting. */
#ifndef TESTS_SERVER_PAINTER_CHECK_H
#define TESTS_SERVER_PAINTER_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "fake_engine.h"
#include "paint/memory_tier.h"
#include "paint/prepare.h"

typedef struct fixture {
    stylize_ctx *ctx;
    config config;
    metrics metrics;
    painter painter;
    buf photo;
} fixture;

typedef struct waiter {
    ticket ticket; /* first */
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool over;
    painting *painting;
    problem problem;
} waiter;

static void on_done(ticket *t, painting *p, const problem *why)
{
    waiter *w = (waiter *)t;
    pthread_mutex_lock(&w->lock);
    w->painting = p;
    if (!p)
        w->problem = *why;
    w->over = true;
    pthread_cond_signal(&w->ended);
    pthread_mutex_unlock(&w->lock);
}

static waiter *waiter_new(void)
{
    waiter *w = calloc(1, sizeof *w);
    assert_non_null(w);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->ended, NULL);
    w->ticket.done = on_done;
    return w;
}

static void waiter_free(waiter *w)
{
    painting_release(w->painting);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->ended);
    free(w);
}

static void waiter_wait(waiter *w)
{
    pthread_mutex_lock(&w->lock);
    while (!w->over)
        pthread_cond_wait(&w->ended, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

static int open_painter(void **state)
{
    fake_reset();
    fixture *f = calloc(1, sizeof *f);
    stylize_options o;
    stylize_error err;
    fake_options(&o);
    assert_int_equal(stylize_ctx_create(&f->ctx, &o, &err), STYLIZE_OK);
    f->config.max_decoded_bytes = 1 << 30;
    f->config.max_pixels = 50000000;
    f->config.threads = 2;
    f->config.precision = STYLIZE_PRECISION_FP32;
    metrics_init(&f->metrics);
    painter_init(&f->painter, f->ctx, &f->config, &f->metrics);
    assert_true(cache_add_memory(&f->painter.cache, 1 << 24));
    FILE *photo = fopen(STYLIZE_SOURCE_DIR "/tests/codec/data/444.jpg", "rb");
    assert_non_null(photo);
    char piece[4096];
    for (size_t n; (n = fread(piece, 1, sizeof piece, photo)) > 0;)
        buf_append(&f->photo, piece, n);
    fclose(photo);
    *state = f;
    return 0;
}

static int close_painter(void **state)
{
    fixture *f = *state;
    stylize_ctx_destroy(f->ctx, STYLIZE_CANCEL);
    painter_close(&f->painter);
    buf_free(&f->photo);
    free(f);
    return 0;
}

/* What the cache has of it, or NULL; then *w can be started. */
static painting *look(fixture *f, uint32_t iterations, uint32_t deadline_ms, work *w)
{
    const params_limits limits = {64, 64};
    problem wrong;
    painting *cached;
    *w = (work){.memory = blob_create(), .deadline_ms = deadline_ms, .keep = true};
    params_init(&w->params, &limits);
    w->params.content = (slice){f->photo.data, f->photo.size};
    strcpy(w->params.styles[0].id, "a");
    w->params.styles[0].weight = 1;
    w->params.style_count = 1;
    w->params.method = STYLIZE_METHOD_OPTIMIZE;
    w->params.iterations = iterations;
    if (!painter_prepare(&f->painter, w, &cached, &wrong))
        fail_msg("%s", wrong.message);
    return cached;
}

static waiter *start(fixture *f, uint32_t iterations, uint32_t deadline_ms)
{
    work w;
    assert_null(look(f, iterations, deadline_ms, &w));
    waiter *one = waiter_new();
    painter_start(&f->painter, &w, &one->ticket);
    work_free(&w);
    return one;
}

#endif
