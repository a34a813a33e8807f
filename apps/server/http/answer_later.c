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

void answer_later(exchange *x, void (*work)(exchange *x))
{
    server *s = x->server;
    problem busy;
    task *t = malloc(sizeof *t);
    if (t) {
        *t = (task){x, work};
        exchange_wait(x, stay);
        if (io_pool_run(&s->pool, IO_SOON, run, t))
            return;
        free(t);
        problem_set(&busy, 503, "busy", NULL, "too many requests wait for other services; try again later");
        answer_problem(x, &busy);
        exchange_resume(x);
        return;
    }
    answer_empty(x, 503);
}

void answered_later(exchange *x)
{
    if (!x->response)
        answer_empty(x, 503);
}
