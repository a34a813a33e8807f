/* What there is to do next, and who is told. The lock is held for all of it. */
#ifndef STZ_CHOOSE_H
#define STZ_CHOOSE_H

#include "sched/sched.h"

/* Whether the oldest ready job should start now. */
bool stz_can_lead(const stylize_ctx *ctx);
/* Whether the oldest waiting job should be prepared now. */
bool stz_can_prepare(const stylize_ctx *ctx);
/* After a list has changed: wakes whoever should look. */
void stz_workers_notify(stylize_ctx *ctx);
/* Helpers come out of the teams that they are in and look again. */
void stz_workers_recall(stylize_ctx *ctx);

/* Whether the calling thread is a worker of the context; it becomes one, or with NULL none. Returns whose it was.
 * Without the lock. */
bool stz_on_worker(const stylize_ctx *ctx);
const stylize_ctx *stz_become_worker(const stylize_ctx *ctx);

#endif
