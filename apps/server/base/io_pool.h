/*
 * A few threads for what may wait for a disk or the network, so that threads that serve
 * connections or paint never do. Two lines: those whose clients wait go first.
 */
#ifndef SERVER_IO_POOL_H
#define SERVER_IO_POOL_H

#include <pthread.h>

#include "base/text.h"

#define IO_THREADS     4
#define IO_THREADS_MAX 64
#define IO_MOST        256 /* that wait in each line; more are refused */

typedef enum io_line { IO_SOON, IO_LATER, IO_LINES } io_line;

typedef struct io_task {
    void (*run)(void *arg);
    void *arg;
} io_task;

typedef struct io_pool {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t threads[IO_THREADS_MAX];
    size_t most;
    int started;
    bool stop;
    struct {
        io_task *tasks;
        size_t first, count;
        uint64_t refused;
    } lines[IO_LINES];
} io_pool;

/* False if not one thread could be started. */
bool io_pool_start(io_pool *p);
/* The same with so many threads, and so many tasks that wait in each line. */
bool io_pool_start_as(io_pool *p, int threads, size_t most);
/* run(arg) is called once by another thread; false, and it is not, if too much waits already. */
bool io_pool_run(io_pool *p, io_line line, void (*run)(void *arg), void *arg);
/* After all that waits was run. May be called again. */
void io_pool_stop(io_pool *p);
/* How many wait, and how many were refused so far. */
void io_pool_counts(io_pool *p, io_line line, uint64_t *waiting, uint64_t *refused);

#endif
