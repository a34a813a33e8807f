/* Keeps the library's queue filled from the main thread: load, submit, wait, hand over. */
#ifndef CLI_QUEUE_H
#define CLI_QUEUE_H

#include <stdbool.h>

#include <stylize/stylize.h>

typedef struct queue queue;

/* One request on its way. */
typedef struct task {
    stylize_request request;
    stylize_image input;  /* encoded file, released by the queue; or nothing */
    stylize_image result; /* released by the queue */
    stylize_status status;
    stylize_error error;
    stylize_report report;
    uint64_t bytes; /* memory that it takes, estimated */
    uint64_t id;
    size_t index; /* the filler's */
    queue *queue;
    struct task *next;
} task;

struct queue {
    stylize_ctx *ctx;
    void *user;
    /* Prepares the next request in t, whose request is initialised; false: there are no more. */
    bool (*fill)(void *user, task *t);
    /* A request has ended; main thread, t->status says how. */
    void (*finish)(void *user, task *t);
    /* Ten times a second, or NULL. */
    void (*tick)(void *user);
    uint32_t tasks_max; /* in flight at most */
    uint64_t bytes_max; /* sum of their bytes; one task may always run */
};

/* Runs until fill has no more and all have ended. After a signal what is in flight is cancelled. */
void queue_run(queue *q);
/* Tasks for a context of so many threads (0: as many as processors). */
uint32_t queue_default_tasks(uint32_t threads);
/* A quarter of the memory that the machine has free, at least 256 MiB. */
uint64_t queue_default_bytes(void);
/* Memory of a request: its encoded file, pixels in and out. 0 if the header cannot be read. */
uint64_t queue_estimate(stylize_ctx *ctx, const stylize_image *encoded, const stylize_request *r);

#endif
