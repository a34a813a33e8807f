/* Handing in and cancelling requests and tasks. What runs them is worker.c. */
#ifndef STZ_QUEUE_H
#define STZ_QUEUE_H

#include "sched/sched.h"

stylize_status stz_queue_create(stylize_ctx *ctx, stylize_error *err);
void stz_queue_destroy(stylize_ctx *ctx);

/* Puts a request into the queue; `done` is called in every case but a failure of this call. Without threads it is
 * done in stz_workers_drain, which the caller calls then, holding no lock that `done` takes. */
stylize_status stz_queue_submit(stylize_ctx *ctx, const stylize_request *req, stylize_done_fn done,
                                void *user, uint64_t *id, stylize_error *err);
/* The rest wait for the end. Not from a worker: INVALID. */
stylize_status stz_queue_run(stylize_ctx *ctx, const stylize_request *req, stylize_image *result,
                             stylize_error *err);
/* Makes a tiling for a request. */
stylize_status stz_queue_share(stylize_ctx *ctx, const stylize_request *req, stz_shared *share,
                               stylize_error *err);
/* Runs a task on a worker; net, which may be NULL, is loaded before. */
stylize_status stz_queue_task(stylize_ctx *ctx, stz_net *net, stz_task_fn task, void *arg,
                              stylize_error *err);

/* NOT_FOUND: no request has this id any more. */
stylize_status stz_queue_cancel(stylize_ctx *ctx, uint64_t id);

#endif
