/* Threads for disk and network. */
#include "base/io_pool.h"

#include <stdlib.h>

/* Under the lock. */
static bool take(io_pool *p, io_task *out)
{
    for (int i = 0; i < IO_LINES; i++)
        if (p->lines[i].count) {
            *out = p->lines[i].tasks[p->lines[i].first];
            p->lines[i].first = (p->lines[i].first + 1) % p->most;
            p->lines[i].count--;
            return true;
        }
    return false;
}

static void *io_main(void *arg)
{
    io_pool *p = arg;
    io_task task;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        if (take(p, &task)) {
            pthread_mutex_unlock(&p->lock);
            task.run(task.arg);
            pthread_mutex_lock(&p->lock);
        } else if (p->stop) {
            break;
        } else {
            pthread_cond_wait(&p->changed, &p->lock);
        }
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

bool io_pool_start(io_pool *p) { return io_pool_start_as(p, IO_THREADS, IO_MOST); }

bool io_pool_start_as(io_pool *p, int threads, size_t most)
{
    p->most = most;
    for (int i = 0; i < IO_LINES; i++)
        if (!(p->lines[i].tasks = calloc(most, sizeof *p->lines[i].tasks)))
            return false;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    while (p->started < threads && p->started < IO_THREADS_MAX &&
           !pthread_create(&p->threads[p->started], NULL, io_main, p))
        p->started++;
    return p->started > 0;
}

bool io_pool_run(io_pool *p, io_line line, void (*run)(void *arg), void *arg)
{
    if (!p->started)
        return false;
    pthread_mutex_lock(&p->lock);
    const bool ok = !p->stop && p->lines[line].count < p->most;
    if (ok) {
        const size_t at = (p->lines[line].first + p->lines[line].count++) % p->most;
        p->lines[line].tasks[at] = (io_task){run, arg};
        pthread_cond_signal(&p->changed);
    } else {
        p->lines[line].refused++;
    }
    pthread_mutex_unlock(&p->lock);
    return ok;
}

void io_pool_stop(io_pool *p)
{
    if (!p->started)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    while (p->started)
        pthread_join(p->threads[--p->started], NULL);
    for (int i = 0; i < IO_LINES; i++) {
        free(p->lines[i].tasks);
        p->lines[i].tasks = NULL;
    }
}

void io_pool_counts(io_pool *p, io_line line, uint64_t *waiting, uint64_t *refused)
{
    *waiting = *refused = 0;
    if (!p->started)
        return;
    pthread_mutex_lock(&p->lock);
    *waiting = p->lines[line].count;
    *refused = p->lines[line].refused;
    pthread_mutex_unlock(&p->lock);
}
