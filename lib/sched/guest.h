/*
 * A long run on the thread of whoever asks for it, beside the workers: it keeps none of them from a picture. Workers
 * that have nothing better to do help it, and come back as soon as there is a picture.
 */
#ifndef STZ_GUEST_H
#define STZ_GUEST_H

#include "sched/sched.h"

/* Returns when it is over; net, which may be NULL, is loaded before. Not from a worker: INVALID. */
stylize_status stz_guest_run(stylize_ctx *ctx, stz_net *net, stz_task_fn task, void *arg, stylize_error *err);

/* Helps a guest until there is other work; false: none needs it. Entered and left with the lock held. */
bool stz_guest_help(stz_worker *w);

#endif
