#include "http/answer_later.h"

#include <stdlib.h>

#include "http/answer.h"

typedef struct task {
    exchange *exchange;
    void (*work)(exchange *x);
} task;

static void run(void *arg)
{
    const task t = *(task *)arg;
    free(arg);
    t.work(t.exchange);
    exchange_resume(t.exchange);
}

/* The task resumes it soon, whether the client is there or not. */
static bool stay(exchange *x) { return false; }

static void hand_over(exchange *x, io_pool *pool, void (*work)(exchange *x))
{
    problem busy;
    task *t = malloc(sizeof *t);
    if (!t) {
        answer_no_memory(x);
        return;
    }
    *t = (task){x, work};
    exchange_wait(x, stay);
    if (io_pool_run(pool, IO_SOON, run, t))
        return;
    free(t);
    problem_set(&busy, 503, "busy", NULL, "too many requests wait for other services; try again later");
    answer_problem(x, &busy);
    exchange_resume(x);
}

void answer_later(exchange *x, void (*work)(exchange *x)) { hand_over(x, &x->server->pool, work); }

void answer_prepared(exchange *x, void (*work)(exchange *x)) { hand_over(x, &x->server->preparers, work); }

void answered_later(exchange *x)
{
    if (!x->response)
        answer_empty(x, 503);
}
