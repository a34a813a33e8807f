/*
 * The worker threads: each takes the next step of some job, oldest first, or helps a run.
 *
 * One rule decides between latency and throughput. While no more than batch_threshold requests
 * wait, one run at a time goes over all cores: whoever has nothing to prepare or finish joins its
 * team. When more wait, helpers leave, and every worker paints a picture of its own (an engine that
 * gains from batches gets up to batch_max pictures of one network and size at once).
 */
#ifndef STZ_WORKER_H
#define STZ_WORKER_H

#include "sched/sched.h"

stylize_status stz_workers_start(stylize_ctx *ctx, stylize_error *err);
void stz_workers_join(stylize_ctx *ctx);

/* In a context without threads: does all there is to do, as its worker. From a callback, and in other contexts,
 * nothing: whoever called back goes on afterwards. Without the lock. */
void stz_workers_drain(stylize_ctx *ctx);

#endif
